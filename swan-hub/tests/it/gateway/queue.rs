//! Requests that find every provider full, as consumers meet the queue.

use std::time::Duration;

use swan_core::protocol::{Capacity, Failure, ModelDeclaration};
use swan_core::{AccountId, Currency};
use swan_hub::store::KeyKind;
use swan_hub::{Limits, QueueCounts, QueueRules};

use super::provider::{Act, Provider, reply};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage};

/// The rules under which nothing waits.
pub(super) fn no_waiting() -> QueueRules {
    let mut rules = QueueRules::default();
    rules.wait = Duration::ZERO;
    rules
}

impl Market {
    async fn with_queue(change: impl FnOnce(&mut QueueRules)) -> Self {
        let mut rules = QueueRules::default();
        // Longer than any test takes, so that only those that mean to see the end of a wait do.
        rules.wait = Duration::from_secs(60);
        change(&mut rules);
        Self::with(|builder| builder.with_queue(rules)).await
    }

    /// A provider of [`MODEL`] that takes so many requests at once.
    async fn narrow(&self, number: u128, places: u32) -> Provider {
        let declaration = ModelDeclaration {
            capacity: vec![Capacity::concurrency(places)],
            ..ModelDeclaration::default()
        };
        self.provider_declaring(number, declaration).await
    }

    /// A key of another account with $5.
    async fn neighbour(&self, number: u128) -> String {
        let account = AccountId::from_u128(number);
        let key = self.issue(KeyKind::Consumer(account), number).await;
        self.grant_to(account, Currency::Usd, "5").await;
        key
    }

    fn waiting(&self) -> usize {
        self.hub.queue().waiting
    }
}

fn counts(market: &Market) -> (usize, u64, u64, u64) {
    let QueueCounts {
        waiting,
        served,
        expired,
        shed,
        ..
    } = market.hub.queue();
    (waiting, served, expired, shed)
}

fn answer() -> Vec<Act> {
    reply(completion("hello", 7, 2))
}

#[tokio::test]
async fn a_request_waits_for_a_place_and_gets_it() {
    let market = Market::with_queue(|_| {}).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let second = market.chat(ask("")).background();
    let stream = market.chat(ask("\"stream\":true")).background();
    until(|| market.waiting() == 2).await;
    provider.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    for _ in 0..2 {
        let events = [delta("hello"), STOP.into(), usage(7, 1), DONE.into()].concat();
        let next = provider.request().await;
        let acts = match next.streaming {
            true => super::provider::sse(events),
            false => answer(),
        };
        provider.act(next.stream, acts).await;
    }
    assert_eq!(second.await.unwrap().status, 200);
    assert_eq!(stream.await.unwrap().status, 200);
    assert_eq!(counts(&market), (0, 2, 0, 0));
    market.settled().await;
}

#[tokio::test]
async fn one_request_of_a_neighbour_does_not_stand_behind_forty() {
    let market = Market::with_queue(|_| {}).await;
    let mut provider = market.narrow(1, 1).await;
    let neighbour = market.neighbour(500).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let many: Vec<_> = (0..40).map(|_| market.chat(ask("")).background()).collect();
    until(|| market.waiting() == 40).await;
    let lone = market
        .chat(ask("\"user\":\"lone\""))
        .header("authorization", &format!("Bearer {neighbour}"))
        .background();
    until(|| market.waiting() == 41).await;
    provider.act(held.stream, answer()).await;
    let mut before = 0;
    loop {
        let request = provider.serve(answer()).await;
        if request.body.windows(4).any(|part| part == b"lone") {
            break;
        }
        before += 1;
    }
    assert!(before <= 1, "{before} were served before it");
    assert_eq!(lone.await.unwrap().status, 200);
    for _ in 0..40 - before {
        provider.serve(answer()).await;
    }
    for one in many.into_iter().chain([first]) {
        assert_eq!(one.await.unwrap().status, 200);
    }
    assert_eq!(counts(&market), (0, 41, 0, 0));
}

#[tokio::test]
async fn who_hangs_up_leaves_its_place_in_the_line_to_the_next() {
    let market = Market::with_queue(|_| {}).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let gone = market.chat(ask("")).background();
    until(|| market.waiting() == 1).await;
    let next = market.chat(ask("")).background();
    until(|| market.waiting() == 2).await;
    gone.abort();
    until(|| market.waiting() == 1).await;
    provider.act(held.stream, answer()).await;
    provider.serve(answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(next.await.unwrap().status, 200);
    market.settled().await;
    assert_eq!(market.waiting(), 0);
}

#[tokio::test]
async fn a_provider_that_joins_serves_those_who_wait() {
    let market = Market::with_queue(|_| {}).await;
    let mut full = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = full.request().await;
    let waiting: Vec<_> = (0..2).map(|_| market.chat(ask("")).background()).collect();
    until(|| market.waiting() == 2).await;
    let mut fresh = market.narrow(2, 4).await;
    for _ in 0..2 {
        fresh.serve(answer()).await;
    }
    for one in waiting {
        assert_eq!(one.await.unwrap().status, 200);
    }
    full.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_wait_has_an_end_and_says_when_to_come_again() {
    let market = Market::with_queue(|rules| {
        rules.wait = Duration::from_millis(50);
        rules.per_account = 1;
    })
    .await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let late = market.chat(ask("")).send().await;
    assert_eq!((late.status, &*late.error_code()), (503, "providers_busy"));
    let retry: u64 = late.header("retry-after").parse().unwrap();
    assert!((1..=120).contains(&retry));
    assert_eq!(counts(&market), (0, 0, 1, 0));
    provider.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    market.settled().await;
}

#[tokio::test]
async fn more_than_may_wait_are_refused_at_once() {
    let market = Market::with_queue(|rules| rules.per_account = 1).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let second = market.chat(ask("")).background();
    until(|| market.waiting() == 1).await;
    let third = market.chat(ask("")).send().await;
    assert_eq!(
        (third.status, &*third.error_code()),
        (503, "providers_busy")
    );
    let neighbour = market.neighbour(500).await;
    let other = market
        .chat(ask(""))
        .header("authorization", &format!("Bearer {neighbour}"))
        .background();
    until(|| market.waiting() == 2).await;
    provider.act(held.stream, answer()).await;
    for _ in 0..2 {
        provider.serve(answer()).await;
    }
    for one in [first, second, other] {
        assert_eq!(one.await.unwrap().status, 200);
    }
    assert_eq!(counts(&market), (0, 2, 0, 1));
}

#[tokio::test]
async fn nothing_waits_for_who_fails_or_where_waiting_is_off() {
    let market = Market::with_queue(|_| {}).await;
    let mut provider = market.narrow(1, 1).await;
    for _ in 0..5 {
        let answer = market.chat(ask("")).background();
        provider
            .serve([Act::Fail(Failure::provider(500, "broken"))])
            .await;
        assert_eq!(answer.await.unwrap().status, 502);
    }
    let refused = market.chat(ask("")).send().await;
    assert_eq!(
        (refused.status, &*refused.error_code()),
        (503, "providers_busy")
    );
    assert_eq!(counts(&market), (0, 0, 0, 0));
    let market = Market::with_queue(|rules| rules.wait = Duration::ZERO).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let second = market.chat(ask("")).send().await;
    assert_eq!(
        (second.status, &*second.error_code()),
        (503, "providers_busy")
    );
    assert_eq!(second.header("retry-after"), "2");
    provider.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn who_takes_another_model_asks_for_it_at_once() {
    let market = Market::with_queue(|_| {}).await;
    let other = "Qwen/Qwen3-32B";
    let mut narrow = market.narrow(1, 1).await;
    let mut wide = market.provider_of(2, true, &[other]).await;
    let first = market.chat(ask("")).background();
    let held = narrow.request().await;
    let second = market
        .chat(ask(&format!("\"models\":[\"{MODEL}\",\"{other}\"]")))
        .background();
    wide.serve(answer()).await;
    assert_eq!(second.await.unwrap().status, 200);
    narrow.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(counts(&market), (0, 0, 0, 0));
}

/// What is said to a stream that waits.
const PING: &str = ": ping\n\n";

async fn beating(wait: Duration) -> Market {
    let mut rules = QueueRules::default();
    rules.wait = wait;
    let mut limits = Limits::default();
    limits.heartbeat = Duration::from_millis(50);
    Market::with(|builder| builder.with_queue(rules).with_limits(limits)).await
}

#[tokio::test]
async fn a_stream_is_kept_alive_while_it_waits_for_a_place() {
    let market = beating(Duration::from_secs(60)).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
    let mut open = opening.await.unwrap();
    open.read_until(&PING.repeat(3)).await;
    assert_eq!(counts(&market), (1, 0, 0, 0), "it still waits");
    provider.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    let events = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
    provider.serve(super::provider::sse(events)).await;
    let answer = open.whole().await;
    let text = answer.text().replace(PING, "");
    assert!(text.starts_with("data: ") && text.ends_with(DONE), "{text}");
    assert!(text.contains("hello"), "{text}");
    assert_eq!(counts(&market), (0, 1, 0, 0));
    market.settled().await;
    let price = market.price(7, 2);
    assert_eq!(market.spent("5"), price.checked_add(price).unwrap());
}

#[tokio::test]
async fn a_stream_whose_wait_ends_in_vain_says_so_after_its_heartbeats() {
    let market = beating(Duration::from_millis(300)).await;
    let mut provider = market.narrow(1, 1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    let answer = market.chat(ask("\"stream\":true")).send().await;
    assert_eq!(answer.status, 200, "it was told that it lives");
    let text = answer.text();
    assert!(text.starts_with(PING), "{text}");
    let event = text.replace(PING, "");
    let event = event.strip_prefix("data: ").unwrap().trim();
    let error: serde_json::Value = serde_json::from_str(event).unwrap();
    assert_eq!(error["error"]["code"], "providers_busy", "{error}");
    assert_eq!(counts(&market), (0, 0, 1, 0));
    provider.act(held.stream, self::answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    market.settled().await;
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn who_is_pinned_is_waited_for_while_it_is_merely_busy() {
    let market = Market::with_queue(|_| {}).await;
    let mut pinned = market.narrow(1, 1).await;
    let mut other = market.narrow(2, 1).await;
    let pin = |fallbacks: &str| {
        let call = market.chat(ask("")).header("x-swan-provider", "node-1");
        call.header("x-swan-allow-fallbacks", fallbacks)
    };
    let first = pin("false").background();
    let held = pinned.request().await;
    let second = pin("false").background();
    until(|| market.waiting() == 1).await;
    // Others go past it to whoever has room, and what becomes free there is not for it. They look from the line, since it waits.
    let third = pin("true").background();
    other.serve(answer()).await;
    let third = third.await.unwrap();
    assert_eq!(third.status, 200);
    assert_eq!(
        third.header("x-swan-fallback-reason"),
        "requested_provider_unavailable"
    );
    assert_eq!(market.waiting(), 1);
    assert!(!other.has_request());
    pinned.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    pinned.serve(answer()).await;
    let second = second.await.unwrap();
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(second.header("x-swan-provider-name"), "node-1");
    assert_eq!(second.header("x-swan-fallback-reason"), "");
    assert_eq!(counts(&market), (0, 2, 0, 0));
}

#[tokio::test]
async fn a_wait_for_who_is_pinned_ends_and_says_when_to_come_again() {
    let market = Market::with_queue(|rules| rules.wait = Duration::from_millis(50)).await;
    let mut pinned = market.narrow(1, 1).await;
    let _other = market.provider(2).await;
    let pin = || {
        let call = market.chat(ask("")).header("x-swan-provider", "node-1");
        call.header("x-swan-allow-fallbacks", "false")
    };
    let first = pin().background();
    let held = pinned.request().await;
    let second = pin().send().await;
    assert_eq!(
        (second.status, &*second.error_code()),
        (503, "providers_busy")
    );
    assert!(!second.header("retry-after").is_empty());
    pinned.act(held.stream, answer()).await;
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(counts(&market), (0, 0, 1, 0));
}
