//! Paying in SWAN from quote to charge, by a price that moves, goes stale, or is not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::Value;
use swan_core::protocol::StreamEnd;
use swan_core::{Amount, Clock as _, Currency, ExchangeRate, Policy, StampedRate, Timestamp};
use swan_hub::{PriceOracle, SystemClock};

use super::http::Call;
use super::papers::get;
use super::provider::{Act, begin, reply};
use super::slices::stream;
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

/// A feed whose price is moved by the test.
#[derive(Debug, Default)]
pub(super) struct Feed {
    told: Mutex<Option<(ExchangeRate, Option<Timestamp>)>>,
    asked: AtomicUsize,
}

impl Feed {
    /// A price that is always young.
    pub(super) fn at(usd: &str) -> Arc<Self> {
        let feed = Arc::new(Self::default());
        feed.moves(usd);
        feed
    }

    pub(super) fn moves(&self, usd: &str) {
        *self.told.lock() = Some((usd.parse().unwrap(), None));
    }

    /// From now on it tells a price of then.
    pub(super) fn stops(&self, usd: &str, then: Timestamp) {
        *self.told.lock() = Some((usd.parse().unwrap(), Some(then)));
    }

    pub(super) fn is_gone(&self) {
        *self.told.lock() = None;
    }
}

impl PriceOracle for Feed {
    fn usd_per_swan(&self, now: Timestamp) -> Option<StampedRate> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (rate, at) = (*self.told.lock())?;
        Some(StampedRate::new(rate, "a feed", at.unwrap_or(now)))
    }
}

/// A market that follows a feed, whose consumer has 5 SWAN beside the $5.
async fn market(feed: &Arc<Feed>) -> Market {
    let oracle = Arc::clone(feed) as Arc<dyn PriceOracle>;
    let market = Market::with(|builder| builder.with_price_oracle(oracle)).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    market
}

fn in_swan(market: &Market, body: impl Into<String>) -> Call {
    market.chat(body).header("x-swan-payment", "SWAN")
}

async fn json(market: &Market, path: &str) -> Value {
    let answer = get(market, &market.key, path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// SWAN that `usd` costs with a fifth off at this price.
fn discounted(usd: Amount, numerator: u128, denominator: u128) -> Amount {
    usd.scaled(8 * numerator, 10 * denominator).unwrap()
}

#[tokio::test]
async fn a_price_that_moves_while_a_request_runs_does_not_reach_it() {
    let feed = Feed::at("0.5");
    let market = market(&feed).await;
    let mut provider = market.provider(1).await;
    let before = feed.asked.load(Ordering::Relaxed);
    // Several models that may serve are priced by one rate, or hold and charge could be by two.
    let body = ask(&format!(r#""models":["{MODEL}","Qwen/Qwen3-32B"]"#));
    let answer = in_swan(&market, body).background();
    let request = provider.request().await;
    assert_eq!(feed.asked.load(Ordering::Relaxed), before + 1, "asked once");
    feed.moves("4");
    let whole = reply(completion("four words of text", 20, 4));
    provider.act(request.stream, whole).await;
    let answer = answer.await.unwrap();
    let cost = discounted(market.price(20, 4), 2, 1);
    assert_eq!(answer.header("x-swan-cost"), cost.to_string());
    assert_eq!(answer.header("x-swan-cost-currency"), "SWAN");
    assert_eq!(answer.json()["usage"]["cost"], cost.to_string());
    market.settled().await;
    let left = market.hub.books().available(market.account, Currency::Swan);
    assert_eq!(
        left,
        "5".parse::<Amount>().unwrap().checked_sub(cost).unwrap()
    );
    assert_eq!(market.spent("5"), Amount::ZERO, "no dollar was touched");

    // Every paper says the same rate, and where it came from.
    let id = answer.header("x-request-id");
    let record = json(&market, &format!("/v1/generation?id={id}")).await;
    let record = &record["data"];
    assert_eq!(
        (&record["total_cost"], &record["currency"]),
        (&cost.to_string().into(), &"SWAN".into())
    );
    assert_eq!(record["exchange_rate"]["usd_per_swan"], "0.5", "{record}");
    assert_eq!(record["exchange_rate"]["feed"], "a feed");
    let told = json(&market, &format!("/v1/explain/{id}")).await;
    assert_eq!(told["charge"]["adds_up"], true);
    let rate = told["charge"]["exchange_rate"].as_str().unwrap();
    assert!(
        rate.starts_with("0.5 USD for 1 SWAN, by a feed at "),
        "{rate}"
    );
    let worth = discounted(market.price(20, 4), 1, 1).to_string();
    assert_eq!(told["charge"]["usd"], worth);
    let day = SystemClock::new().now().day();
    let path = format!("/v1/statement?from={day}&to={day}&currency=swan");
    let statement = json(&market, &path).await;
    assert_eq!(statement["data"][1]["amount"], format!("-{cost}"));
}

#[tokio::test]
async fn a_stream_goes_on_in_swan_by_the_price_that_it_began_with() {
    let feed = Feed::at("0.0625");
    let market = market(&feed).await;
    let mut provider = market.provider(1).await;
    let call = in_swan(&market, stream());
    let opening = tokio::spawn(call.open());
    let request = provider.serve(begin(delta("first"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("first").await;
    let held = || {
        let balance = market.hub.books().balance(market.account, Currency::Swan);
        balance.debits_pending
    };
    let first = held();
    feed.moves("0.000001");
    let rest = async {
        super::slices::feed(&provider, &request, 300).await;
        let end = [STOP.into(), usage(9, 999_999), DONE.into()].concat();
        let end = [Act::Body(end), Act::Finish(StreamEnd::default())];
        provider.act(request.stream, end).await;
    };
    let (answer, ()) = tokio::join!(open.whole(), rest);
    assert_eq!(answer.events().last().unwrap(), "[DONE]");
    market.settled().await;
    assert!(first > Amount::ZERO && held().is_zero());
    let record = market.records.last();
    assert_eq!(record.currency, Currency::Swan);
    let used = record.usage.unwrap();
    assert!(used.completion_tokens > 4_096, "more than two slices");
    let usd = market.price(used.prompt_tokens, used.completion_tokens);
    assert_eq!(record.charge, discounted(usd, 16, 1));
    let report = crate::ledger::audit(&**market.hub.store()).await;
    assert!(report.groups[&swan_core::ledger::Rule::Extension] > 0);
    assert_eq!(report.breaches, []);
}

/// Nothing is held, and dollars still pay.
#[tokio::test]
async fn without_a_young_price_swan_is_refused_by_name_and_dollars_are_not() {
    let feed = Feed::at("0.5");
    let market = market(&feed).await;
    let mut provider = market.provider(1).await;
    let now = SystemClock::new().now().as_millis();
    let then = |ms: u64| Timestamp::from_millis(ms);
    type Change<'a> = Box<dyn Fn() + 'a>;
    let old: Change<'_> = Box::new(|| feed.stops("0.5", then(now - 3_600_000)));
    let early: Change<'_> = Box::new(|| feed.stops("0.5", then(now + 3_600_000)));
    let none: Change<'_> = Box::new(|| feed.is_gone());
    for (change, status, code, words) in [
        (
            old,
            503,
            "exchange_rate_unavailable",
            "the exchange rate of a feed is 3",
        ),
        (early, 503, "exchange_rate_unavailable", "in the future"),
        (none, 400, "payment_unavailable", "SWAN"),
    ] {
        change();
        for call in [
            in_swan(&market, ask("")),
            market.chat(ask("\"payment\":\"SWAN\"")),
            in_swan(&market, stream()),
            market.post("/v1/quote", ask("\"payment\":\"SWAN\"")),
        ] {
            let refused = call.send().await;
            assert_eq!((refused.status, &*refused.error_code()), (status, code));
            let error = &refused.json()["error"];
            assert_eq!(error["param"], "payment");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
        }
        assert!(!provider.has_request());
        assert_eq!(market.hub.books().pending_count(), 0);
        let answer = market.chat(ask("")).background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        assert_eq!(answer.await.unwrap().status, 200);
    }
}

/// A policy has one of both: who was given more credit gets nothing off.
#[tokio::test]
async fn under_a_policy_that_rewards_deposits_swan_costs_what_dollars_do() {
    let default = Policy::swan_2_0();
    let text = default.to_toml();
    let text = text.replace("swan = \"discount\"", "swan = \"deposit_bonus\"");
    let text = text.replace(
        "swan_discount_bps = 2_000",
        "swan_deposit_bonus_bps = 2_000",
    );
    let policy = Policy::from_toml(&text).unwrap();
    let oracle = Feed::at("0.5") as Arc<dyn PriceOracle>;
    let market =
        Market::with(|builder| builder.with_price_oracle(oracle).with_policy(policy)).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    let mut provider = market.provider(1).await;
    let answer = in_swan(&market, ask("")).background();
    let text = completion("four words of text", 20, 4);
    provider.serve(reply(text)).await;
    let answer = answer.await.unwrap();
    let cost = market.price(20, 4).times(2).unwrap();
    assert_eq!(answer.header("x-swan-cost"), cost.to_string());
    let path = format!("/v1/explain/{}", answer.header("x-request-id"));
    let told = json(&market, &path).await;
    assert_eq!(
        (&told["charge"]["discount"], &told["charge"]["adds_up"]),
        (&"0%".into(), &true.into())
    );
}
