//! Streams that are paid for in slices: the money may end in the middle, and may come back before it does.

use std::time::Duration;

use serde_json::Value;
use swan_core::protocol::StreamEnd;
use swan_core::tokens::count;
use swan_core::{AccountId, Amount, Currency, KeyId, Timestamp};
use swan_hub::store::KeyKind;
use swan_hub::{Hub, KeyLimits, Outcome};

use super::counted::counted;
use super::http::{Call, Open};
use super::provider::{Act, Provider, begin, reply, sse};
use super::{DONE, Market, STOP, ask, completion, delta, until, usage};

/// What is set aside at a time.
const SLICE: u64 = 2_048;
const POOR: AccountId = AccountId::from_u128(88);
/// 20 tokens in 100 bytes.
const WORDS: &str = "The quick brown fox jumps over the lazy dog and then it runs back home to sleep for a while in the sun";

/// A consumer with an account of its own.
struct Consumer {
    market: Market,
    key: String,
    granted: Amount,
}

pub(super) fn stream() -> String {
    ask("\"stream\":true")
}

/// What a stream with the body of [`stream`] may cost with an answer of so many tokens.
fn worst(hub: &Hub, market: &Market, tokens: u64) -> Amount {
    let bytes = u64::try_from(stream().len()).unwrap();
    let worst = hub.policy().metering().worst_case(bytes, tokens);
    market.price(worst.prompt_tokens, tokens)
}

impl Consumer {
    /// One whose money is the worst case of so many tokens.
    async fn with_tokens(tokens: u64) -> Self {
        let market = Market::without_free_tier().await;
        let key = market.issue(KeyKind::Consumer(POOR), 2).await;
        let granted = worst(&market.hub, &market, tokens);
        market
            .grant_to(POOR, Currency::Usd, &granted.to_string())
            .await;
        Self {
            market,
            key,
            granted,
        }
    }

    fn call(&self) -> Call {
        self.market.with_key(&self.key, stream())
    }

    fn available(&self) -> Amount {
        self.market.hub.books().available(POOR, Currency::Usd)
    }

    fn held(&self) -> Amount {
        let balance = self.market.hub.books().balance(POOR, Currency::Usd);
        balance.debits_pending
    }

    /// Begins a stream whose first content is `first`.
    async fn begin(
        &self,
        provider: &mut Provider,
        first: &str,
    ) -> (Open, swan_core::protocol::Request) {
        let opening = tokio::spawn(self.call().open());
        let request = provider.serve(begin(delta(first))).await;
        let mut open = opening.await.unwrap();
        open.read_until(first).await;
        (open, request)
    }

    /// Nothing is on hold, and no more was charged than there was.
    fn checked(&self) -> Amount {
        let books = self.market.hub.books();
        assert_eq!(books.pending_count(), 0, "something is still on hold");
        assert_eq!(books.audit(), []);
        let left = self.available();
        assert!(!left.is_negative());
        self.granted.checked_sub(left).unwrap()
    }
}

/// The text that reached the consumer, and the event that came last.
fn told(events: &[String]) -> (String, Value) {
    let mut text = String::new();
    let mut last = Value::Null;
    for event in events {
        last = serde_json::from_str(event).unwrap_or_default();
        text.push_str(
            last["choices"][0]["delta"]["content"]
                .as_str()
                .unwrap_or(""),
        );
    }
    (text, last)
}

pub(super) async fn feed(
    provider: &Provider,
    request: &swan_core::protocol::Request,
    times: usize,
) {
    for _ in 0..times {
        provider
            .act(request.stream, [Act::Body(delta(WORDS))])
            .await;
    }
}

#[tokio::test]
async fn money_that_ends_in_the_middle_ends_the_stream_and_pays_what_was_delivered() {
    for v2 in [true, false] {
        let poor = Consumer::with_tokens(5_000).await;
        let market = &poor.market;
        let mut provider = market.provider_of(1, v2, &[super::MODEL]).await;
        let (open, request) = poor.begin(&mut provider, "first").await;
        assert_eq!(poor.held(), worst(&market.hub, market, SLICE));
        // Far more than there is money for, but less than the worst case.
        let (answer, ()) = tokio::join!(open.whole(), feed(&provider, &request, 400));
        provider.cancelled(request.stream).await;
        let events = answer.events();
        let (text, last) = told(&events);
        assert_eq!(last["error"]["code"], "insufficient_funds", "{last}");
        assert_eq!(last["error"]["type"], "billing_error");
        assert!(!events.iter().any(|event| event == "[DONE]"));
        market.settled().await;
        let cost = market.price(counted(&stream()), count(&text));
        assert_eq!(poor.checked(), cost, "what was delivered, exactly");
        // What a provider might have claimed for it is all that there was, but for the last event.
        assert!(count(&text) > 2_300, "{} tokens", count(&text));
        assert!(market.earned(1) > Amount::ZERO);
        until(|| market.records.count() == 1).await;
        let record = market.records.last();
        assert_eq!(record.outcome, Outcome::Broken);
        assert_eq!(record.error.as_deref(), Some("insufficient_funds"));
        assert_eq!(record.error_status, Some(402));
    }
}

#[tokio::test]
async fn a_provider_cannot_claim_more_than_was_held() {
    let poor = Consumer::with_tokens(3_000).await;
    let mut provider = poor.market.provider(1).await;
    let (open, request) = poor.begin(&mut provider, "first").await;
    feed(&provider, &request, 3).await;
    let rest = [STOP.into(), usage(999_999, 999_999), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    let events = open.whole().await.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    poor.market.settled().await;
    assert!(poor.checked() <= worst(&poor.market.hub, &poor.market, SLICE));
}

#[tokio::test]
async fn a_stream_within_its_first_slice_has_one_hold() {
    let poor = Consumer::with_tokens(SLICE).await;
    let mut provider = poor.market.provider(1).await;
    let answer = poor.call().background();
    let body = [delta(WORDS), STOP.into(), usage(9, 20), DONE.into()];
    let request = provider.serve(sse(body.concat())).await;
    assert!(!request.body.is_empty());
    assert_eq!(answer.await.unwrap().events().last().unwrap(), "[DONE]");
    poor.market.settled().await;
    assert_eq!(poor.checked(), poor.market.price(9, 20));
    let rules = rules(&poor.market).await;
    assert!(!rules.contains(&"extension".to_owned()), "{rules:?}");
}

#[tokio::test]
async fn less_than_the_first_slice_is_told_at_once_with_what_there_is_enough_for() {
    let poor = Consumer::with_tokens(2_000).await;
    let mut provider = poor.market.provider(1).await;
    let refused = poor.call().send().await;
    assert_eq!(
        (refused.status, &*refused.error_code()),
        (402, "insufficient_funds")
    );
    let error = &refused.json()["error"];
    assert_eq!(error["param"], "max_tokens");
    let message = error["message"].as_str().unwrap();
    let needed = worst(&poor.market.hub, &poor.market, SLICE).to_string();
    assert!(
        message.contains(&format!("may cost {needed} USD")),
        "{message}"
    );
    assert!(!provider.has_request());
}

/// What is not streamed shows nothing before its end, so that ending it would be work that nobody sees.
#[tokio::test]
async fn an_answer_that_is_not_streamed_has_its_worst_case_held() {
    let poor = Consumer::with_tokens(5_000).await;
    let refused = poor.market.with_key(&poor.key, ask("")).send().await;
    assert_eq!(
        (refused.status, &*refused.error_code()),
        (402, "insufficient_funds")
    );
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    let request = provider.request().await;
    let held = market.hub.books().balance(market.account, Currency::Usd);
    let bytes = u64::try_from(ask("").len()).unwrap();
    let most = market.hub.policy().metering().worst_case(bytes, 16_384);
    let all = market.price(most.prompt_tokens, most.completion_tokens);
    assert_eq!(held.debits_pending, all);
    let whole = reply(completion("hello", 7, 2));
    provider.act(request.stream, whole).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn with_slices_of_nothing_the_worst_case_is_held() {
    let market = Market::with_limits(|limits| limits.stream_slice_tokens = 0).await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(stream()).open());
    let request = provider.serve(begin(delta("first"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("first").await;
    let held = market.hub.books().balance(market.account, Currency::Usd);
    assert_eq!(held.debits_pending, worst(&market.hub, &market, 16_384));
    open.hang_up().await;
    provider.cancelled(request.stream).await;
    market.settled().await;
}

#[tokio::test]
async fn two_streams_that_race_for_the_last_cents_spend_no_more_than_there_is() {
    let poor = Consumer::with_tokens(9_000).await;
    let market = &poor.market;
    let mut provider = market.provider(1).await;
    let (one, first) = poor.begin(&mut provider, "one").await;
    let (two, second) = poor.begin(&mut provider, "two").await;
    let fed = async {
        for _ in 0..250 {
            feed(&provider, &first, 1).await;
            feed(&provider, &second, 1).await;
        }
    };
    let (one, two, ()) = tokio::join!(one.whole(), two.whole(), fed);
    market.settled().await;
    let mut cost = Amount::ZERO;
    for answer in [one, two] {
        let (text, last) = told(&answer.events());
        assert_eq!(last["error"]["code"], "insufficient_funds", "{last}");
        let own = market.price(counted(&stream()), count(&text));
        cost = cost.checked_add(own).unwrap();
    }
    assert_eq!(poor.checked(), cost);
}

#[tokio::test]
async fn a_top_up_in_the_middle_lets_it_go_on_to_its_end() {
    let poor = Consumer::with_tokens(2_400).await;
    let market = &poor.market;
    let mut provider = market.provider(1).await;
    let (mut open, request) = poor.begin(&mut provider, "first").await;
    feed(&provider, &request, 30).await;
    provider
        .act(request.stream, [Act::Body(delta("enough"))])
        .await;
    open.read_until("enough").await;
    market.grant_to(POOR, Currency::Usd, "1").await;
    feed(&provider, &request, 200).await;
    let rest = [STOP.into(), usage(9, 4_500), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    let events = open.whole().await.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    market.settled().await;
    let all = poor.granted.checked_add("1".parse().unwrap()).unwrap();
    let paid = all.checked_sub(poor.available()).unwrap();
    assert_eq!(paid, market.price(9, 4_500));
    assert_eq!(market.hub.books().audit(), []);
}

#[tokio::test]
async fn the_cap_of_a_key_or_an_account_ends_the_stream_as_well() {
    for of_key in [true, false] {
        let market = Market::without_free_tier().await;
        let cap = worst(&market.hub, &market, 4_000);
        let mut limits = KeyLimits::default();
        limits.spend_cap = Some(cap);
        let key = if of_key {
            let kind = KeyKind::Consumer(market.account);
            market.issue_within(kind, 9, limits).await
        } else {
            market.limit_account(|own| *own = limits).await;
            market.key.clone()
        };
        let mut provider = market.provider(1).await;
        let opening = tokio::spawn(market.with_key(&key, stream()).open());
        let request = provider.serve(begin(delta("first"))).await;
        let open = opening.await.unwrap();
        let (answer, ()) = tokio::join!(open.whole(), feed(&provider, &request, 300));
        provider.cancelled(request.stream).await;
        let (text, last) = told(&answer.events());
        let code = match of_key {
            true => "key_spend_cap_reached",
            false => "account_spend_cap_reached",
        };
        assert_eq!(last["error"]["code"], code, "{last}");
        market.settled().await;
        let cost = market.price(counted(&stream()), count(&text));
        assert_eq!(market.spent("5"), cost);
        assert!(cost <= cap);
        let id = KeyId::from_u128(if of_key { 9 } else { 1 });
        let opened = market.hub.keys().get(id).unwrap();
        let (own, account) = (opened.access().key(), opened.access().account());
        let spent = |own: &std::sync::Arc<swan_hub::Allowance>| own.spent(Timestamp::EPOCH);
        assert_eq!(own.or(account).map(spent), Some(cost), "both books agree");
    }
}

#[tokio::test]
async fn a_consumer_who_hangs_up_after_some_slices_pays_what_was_delivered() {
    let poor = Consumer::with_tokens(9_000).await;
    let mut provider = poor.market.provider(1).await;
    let (mut open, request) = poor.begin(&mut provider, "first").await;
    feed(&provider, &request, 120).await;
    provider
        .act(request.stream, [Act::Body(delta("enough"))])
        .await;
    open.read_until("enough").await;
    assert!(poor.held() > worst(&poor.market.hub, &poor.market, 4_000));
    open.hang_up().await;
    provider.cancelled(request.stream).await;
    poor.market.settled().await;
    let text = format!("first{}enough", WORDS.repeat(120));
    let cost = poor.market.price(counted(&stream()), count(&text));
    assert_eq!(poor.checked(), cost);
}

#[tokio::test]
async fn an_event_that_is_larger_than_all_money_does_not_reach_the_consumer() {
    let poor = Consumer::with_tokens(2_100).await;
    let mut provider = poor.market.provider(1).await;
    let answer = poor.call().background();
    let request = provider.serve(begin(delta(&WORDS.repeat(400)))).await;
    let events = answer.await.unwrap().events();
    provider.cancelled(request.stream).await;
    let (text, last) = told(&events);
    assert_eq!((&*text, events.len()), ("", 1), "{events:?}");
    assert_eq!(last["error"]["code"], "insufficient_funds");
    poor.market.settled().await;
    assert_eq!(poor.checked(), Amount::ZERO, "nothing was delivered");
}

/// The rules of all entries of the journal.
async fn rules(market: &Market) -> Vec<String> {
    tokio::time::timeout(Duration::from_secs(10), market.hub.books().flush())
        .await
        .unwrap()
        .unwrap();
    let mut rules = Vec::new();
    let store = market.hub.store();
    swan_hub::ledger::read_journal(&**store, 1, |entry| {
        rules.push(entry.group.cause.rule.as_str().to_owned());
    })
    .await
    .unwrap();
    rules
}
