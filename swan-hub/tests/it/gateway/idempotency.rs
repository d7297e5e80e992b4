//! Requests with an `Idempotency-Key`: done once, answered as often as they are sent.

use std::sync::Arc;
use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::StreamEnd;
use swan_core::testkit::ManualClock;
use swan_hub::{IdempotencyOptions, Outcome};

use super::http::{Answer, Call};
use super::provider::{Act, begin, refusal, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage, within};

const STREAM: &str = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";

fn keyed(market: &Market, key: &str, more: &str) -> Call {
    market.chat(ask(more)).header("idempotency-key", key)
}

/// The answer of one request that a provider serves.
async fn served(market: &Market, call: Call, acts: Vec<Act>) -> Answer {
    let mut provider = market.provider(1).await;
    let answer = call.background();
    provider.serve(acts).await;
    let answer = answer.await.unwrap();
    assert!(!provider.has_request());
    answer
}

/// What a key tells once its first request has ended, and what that was charged is on the disk.
pub(super) async fn when_known(call: impl Fn() -> Call) -> Answer {
    within(async {
        loop {
            let again = call().send().await;
            if again.error_code() != "idempotency_in_progress" {
                return again;
            }
        }
    })
    .await
}

/// The same answer, told apart by one header only.
fn assert_replay(first: &Answer, again: &Answer) {
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(again.status, first.status);
    assert_eq!(again.body, first.body, "{}", again.text());
    for name in [
        "content-type",
        "x-request-id",
        "x-swan-request-id",
        "x-swan-cost",
        "x-swan-cost-currency",
        "x-swan-provider-id",
    ] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_are_charged_once() {
    let streamed = [
        delta("four words of text"),
        STOP.into(),
        usage(20, 4),
        DONE.into(),
    ];
    for (more, acts) in [
        ("", reply(completion("four words of text", 20, 4))),
        (STREAM, sse(streamed.concat())),
    ] {
        let market = Market::start().await;
        let first = served(&market, keyed(&market, "k", more), acts).await;
        assert_eq!(first.status, 200, "{first:?}");
        for _ in 0..3 {
            let again = keyed(&market, "k", more).send().await;
            assert_replay(&first, &again);
        }
        assert_eq!(market.records.last().outcome, Outcome::Replayed);
        assert_eq!(market.spent("5"), market.price(20, 4));
    }
}

#[tokio::test]
async fn of_64_at_once_one_runs_and_one_is_charged() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let calls: Vec<_> = (0..64)
        .map(|_| keyed(&market, "same", "").background())
        .collect();
    let request = provider.request().await;
    let mut conflicts = Vec::new();
    let mut waiting = Vec::new();
    for call in calls {
        waiting.push(call);
    }
    // All but one are told at once that the first is under way.
    while conflicts.len() < 63 {
        let (done, _, rest) = within(futures::future::select_all(waiting)).await;
        conflicts.push(done.unwrap());
        waiting = rest;
    }
    for refused in &conflicts {
        assert_eq!(refused.status, 409);
        assert_eq!(refused.error_code(), "idempotency_in_progress");
        assert_eq!(refused.json()["error"]["param"], "Idempotency-Key");
        assert_eq!(refused.header("retry-after"), "1");
    }
    let acts = reply(completion("four words of text", 20, 4));
    provider.act(request.stream, acts).await;
    assert_eq!(waiting.pop().unwrap().await.unwrap().status, 200);
    assert!(!provider.has_request());
    assert_eq!(keyed(&market, "same", "").send().await.status, 200);
    assert_eq!(market.spent("5"), market.price(20, 4));
}

#[tokio::test]
async fn another_request_with_the_key_is_a_conflict_that_names_what_differs() {
    let market = Market::start().await;
    let acts = reply(completion("ok", 20, 1));
    served(&market, keyed(&market, "k", ""), acts).await;
    let embed = Call::post(market.address, "/v1/embeddings")
        .header("authorization", &format!("Bearer {}", market.key))
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(ask(""));
    for (call, differs) in [
        (keyed(&market, "k", "\"seed\":1"), "the body"),
        (
            keyed(&market, "k", "").header("x-swan-payment", "USD"),
            "x-swan-payment",
        ),
        (
            keyed(&market, "k", "").header("x-swan-provider", "node-1"),
            "x-swan-provider",
        ),
        (
            keyed(&market, "k", "").header("x-swan-allow-fallbacks", "false"),
            "x-swan-allow-fallbacks",
        ),
        (embed, "the path"),
    ] {
        let refused = call.send().await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.error_code(), "idempotency_conflict");
        let error = &refused.json()["error"];
        assert_eq!(error["param"], "Idempotency-Key");
        assert!(
            error["message"].as_str().unwrap().contains(differs),
            "{error}"
        );
        assert_eq!(refused.header("x-should-retry"), "false");
        assert_eq!(refused.header("retry-after"), "");
    }
    let mut other = market
        .issue(
            swan_hub::store::KeyKind::Consumer(swan_core::AccountId::from_u128(78)),
            2,
        )
        .await;
    other.insert_str(0, "Bearer ");
    let theirs = keyed(&market, "k", "")
        .header("authorization", &other)
        .send()
        .await;
    assert_ne!(theirs.status, 409, "another account's key is another key");
}

#[tokio::test]
async fn a_key_must_be_visible_ascii() {
    let market = Market::start().await;
    let long = "k".repeat(256);
    for key in ["", "two words", long.as_str()] {
        let refused = keyed(&market, key, "").send().await;
        assert_eq!(refused.status, 400, "{key}");
        assert_eq!(refused.error_code(), "invalid_header");
        assert_eq!(refused.json()["error"]["param"], "Idempotency-Key");
    }
    let refused = keyed(&market, "k", "")
        .header("x-swan-hang-up", "maybe")
        .send()
        .await;
    assert_eq!(refused.json()["error"]["param"], "X-Swan-Hang-Up");
}

#[tokio::test]
async fn what_failed_and_cost_nothing_really_runs_again() {
    let market = Market::start().await;
    let nobody = keyed(&market, "k", "").send().await;
    assert_eq!((nobody.status, &*nobody.error_code()), (503, "no_provider"));
    let invalid = keyed(&market, "k", "\"max_tokens\":-1").send().await;
    assert_eq!(
        invalid.status, 400,
        "what never began does not bind the key"
    );
    let broken = served(&market, keyed(&market, "k", ""), refusal(500, "{}")).await;
    assert_eq!(broken.status, 502);
    let acts = reply(completion("ok", 20, 1));
    let answer = served(&market, keyed(&market, "k", ""), acts).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(market.spent("5"), market.price(20, 1));
}

#[tokio::test]
async fn what_the_model_server_refuses_is_refused_again_unless_it_passes() {
    for (status, is_kept) in [(400, true), (422, true), (429, false), (403, false)] {
        let market = Market::start().await;
        let words = r#"{"error":{"message":"no","type":"bad","code":"bad"}}"#;
        let mut provider = market.provider(1).await;
        let first = keyed(&market, "k", "").background();
        provider.serve(refusal(status, words)).await;
        let first = first.await.unwrap();
        if is_kept {
            assert_eq!(first.status, status);
            assert_replay(&first, &keyed(&market, "k", "").send().await);
            assert!(!provider.has_request());
        } else {
            let again = keyed(&market, "k", "").background();
            provider.serve(reply(completion("ok", 20, 1))).await;
            assert_eq!(again.await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn a_consumer_who_hangs_up_can_have_the_whole_stream_later() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(keyed(&market, "k", STREAM).open());
    let request = provider.serve(begin(delta("hello"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("hello").await;
    open.hang_up().await;
    let running = keyed(&market, "k", STREAM).send().await;
    assert_eq!(running.error_code(), "idempotency_in_progress");
    let rest = [delta(" world"), STOP.into(), usage(20, 2), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    market.settled().await;
    let replay = keyed(&market, "k", STREAM).send().await;
    assert_eq!(replay.header("idempotency-replayed"), "true");
    let events = replay.events();
    assert!(events[0].contains("hello") && events[1].contains(" world"));
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert_eq!(market.spent("5"), market.price(20, 2));
    assert!(!provider.has_request());
}

#[tokio::test]
async fn a_consumer_who_hangs_up_can_have_the_whole_answer_later() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let call = keyed(&market, "k", "").background();
    let request = provider.request().await;
    call.abort();
    let _ = call.await;
    let acts = reply(completion("four words of text", 20, 4));
    provider.act(request.stream, acts).await;
    market.settled().await;
    let replay = keyed(&market, "k", "").send().await;
    assert_eq!(replay.status, 200, "{replay:?}");
    assert_eq!(replay.header("idempotency-replayed"), "true");
    assert_eq!(market.spent("5"), market.price(20, 4));
}

#[tokio::test]
async fn who_hangs_up_to_cancel_is_charged_for_what_came_and_never_again() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let call = || keyed(&market, "k", STREAM).header("x-swan-hang-up", "cancel");
    let opening = tokio::spawn(call().open());
    let request = provider.serve(begin(delta("12345678"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("12345678").await;
    open.hang_up().await;
    provider.cancelled(request.stream).await;
    market.settled().await;
    let spent = market.spent("5");
    assert!(spent > Amount::ZERO);
    // Told once the charge is on the disk.
    let lost = when_known(call).await;
    assert_eq!(
        (lost.status, &*lost.error_code()),
        (409, "idempotency_outcome_lost")
    );
    let message = lost.json()["error"]["message"].to_string();
    assert!(message.contains(&spent.to_string()), "{message}");
    assert_eq!(market.spent("5"), spent);
    // Before anything came there is nothing to charge, and the key is free.
    let call = || keyed(&market, "k2", "").header("x-swan-hang-up", "cancel");
    let waiting = call().background();
    let request = provider.request().await;
    waiting.abort();
    provider.cancelled(request.stream).await;
    market.settled().await;
    let again = call().background();
    provider.serve(reply(completion("ok", 20, 1))).await;
    assert_eq!(again.await.unwrap().status, 200);
}

#[tokio::test]
async fn an_answer_that_is_too_large_to_keep_is_never_charged_twice() {
    for (more, acts) in [
        ("", reply(completion(&"word ".repeat(1_000), 20, 4))),
        (
            STREAM,
            sse([delta(&"word ".repeat(1_000)), STOP.into(), DONE.into()].concat()),
        ),
    ] {
        let mut options = IdempotencyOptions::default();
        options.entry_bytes = 1_000;
        let market = Market::with(|builder| builder.with_idempotency(options)).await;
        let first = served(&market, keyed(&market, "k", more), acts).await;
        assert_eq!(first.status, 200);
        let spent = market.spent("5");
        let again = keyed(&market, "k", more).send().await;
        assert_eq!(again.status, 409);
        assert_eq!(again.error_code(), "idempotency_outcome_too_large");
        assert_eq!(market.spent("5"), spent);
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_its_time() {
    let clock = Arc::new(ManualClock::new(swan_core::Timestamp::from_millis(
        1_800_000_000_000,
    )));
    let market = Market::with(|builder| builder.with_clock(Arc::clone(&clock) as Arc<_>)).await;
    let mut provider = market.provider(1).await;
    let mut ask = async |is_fresh: bool| {
        let answer = keyed(&market, "k", "").background();
        if is_fresh {
            provider.serve(reply(completion("ok", 20, 1))).await;
        }
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("idempotency-replayed").is_empty(), is_fresh);
    };
    ask(true).await;
    clock.advance(Duration::from_secs(24 * 3_600 - 1));
    ask(false).await;
    clock.advance(Duration::from_secs(1));
    ask(true).await;
}

#[tokio::test]
async fn when_there_is_no_room_the_oldest_outcome_goes_and_what_runs_stays() {
    let mut options = IdempotencyOptions::default();
    options.entries = 2;
    let market = Market::with(|builder| builder.with_idempotency(options)).await;
    let mut provider = market.provider_of(1, true, &[MODEL]).await;
    let running = keyed(&market, "running", "").background();
    let first = provider.request().await;
    for key in ["a", "b"] {
        let answer = keyed(&market, key, "").background();
        provider.serve(reply(completion("ok", 20, 1))).await;
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let busy = keyed(&market, "running", "").send().await;
    assert_eq!(busy.error_code(), "idempotency_in_progress");
    let second = keyed(&market, "a", "").background();
    provider.request().await;
    let full = keyed(&market, "c", "").send().await;
    assert_eq!(
        (full.status, &*full.error_code()),
        (503, "idempotency_full")
    );
    provider
        .act(first.stream, reply(completion("ok", 20, 1)))
        .await;
    assert_eq!(running.await.unwrap().status, 200);
    drop(second);
}
