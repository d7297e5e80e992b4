//! Providers that are paid in the currency that they prefer.

use std::sync::Arc;

use serde_json::{Value, json};
use swan_core::ledger::entries::{self, ExchangeSide};
use swan_core::ledger::{Account, ExchangeRecord, ExchangeTerms};
use swan_core::testkit::ManualClock;
use swan_core::{Amount, Clock, Currency, StampedRate, Timestamp, TransferId};
use swan_hub::PriceOracle;
use swan_hub::ledger::{BooksOptions, Explainer, Subject};
use swan_hub::store::{
    Command, CommandKind, DocumentKind, ExchangeOrder, KeyKind, MemoryStore, Store,
};

use super::http::{Answer, Call};
use super::paid_in_swan::Feed;
use super::papers::get;
use super::payouts::{PROVIDER, earn, id, post, refused};
use super::{Market, until};
use crate::ledger::audit;

const PAYMENT: &str = "/v1/provider/payment";

/// A provider that has earned $95 at a hub that knows a price of SWAN.
struct Earned {
    market: Market,
    feed: Arc<Feed>,
    clock: Arc<ManualClock>,
    key: String,
    commands: std::cell::Cell<u128>,
}

async fn hub(store: Arc<dyn Store>, feed: &Arc<Feed>, clock: &Arc<ManualClock>) -> Market {
    let (own, oracle) = (
        Arc::clone(clock) as Arc<dyn Clock>,
        Arc::clone(feed) as Arc<dyn PriceOracle>,
    );
    let change = |builder: swan_hub::HubBuilder| {
        let builder = builder.with_store(store).with_clock(own);
        builder
            .with_price_oracle(oracle)
            .with_books(BooksOptions::default())
    };
    Market::with(change).await
}

impl Earned {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let feed = Feed::at("0.5");
        let market = hub(Arc::new(MemoryStore::new()), &feed, &clock).await;
        let key = market.issue(KeyKind::Provider(PROVIDER), 70).await;
        earn(&market, PROVIDER, "100").await;
        Self {
            market,
            feed,
            clock,
            key,
            commands: std::cell::Cell::new(500),
        }
    }

    /// As `swan-hub exchange fund` does beside the hub.
    async fn fund(&self, amount: &str, currency: Currency) {
        let id = self.commands.replace(self.commands.get() + 1);
        let order = ExchangeOrder {
            is_funded: true,
            side: ExchangeSide::Outside,
            currency,
            amount: amount.parse().unwrap(),
            note: "ops".into(),
        };
        let command = Command {
            id,
            sent: self.clock.now(),
            kind: CommandKind::Exchange(order),
        };
        self.market
            .hub
            .store()
            .push_command(&command)
            .await
            .unwrap();
        let books = self.market.hub.books();
        let id = TransferId::from_u128(id);
        until(|| books.knows(id)).await;
    }

    async fn prefer(&self, currency: &Value) -> Answer {
        let call = Call::new(self.market.address, "PUT", PAYMENT);
        let call = call.header("authorization", &format!("Bearer {}", self.key));
        let call = call.header("content-type", "application/json");
        let body = json!({ "currency": currency }).to_string();
        call.body(body).send().await
    }

    /// What it has in US dollars and SWAN, and why.
    async fn shown(&self) -> [(String, Value); 2] {
        let told = get(&self.market, &self.key, PAYMENT).await.json();
        [0, 1].map(|place| {
            let one = &told["earnings"][place];
            let available = one["available"].as_str().unwrap().to_owned();
            (available, one["kept"].clone())
        })
    }

    /// What is in the exchange, by the journal, which nothing is wrong with.
    async fn stock(&self) -> [String; 2] {
        self.market.hub.books().flush().await.unwrap();
        let report = audit(&**self.market.hub.store()).await;
        assert_eq!(report.breaches, []);
        Currency::ALL.map(|currency| {
            let account = Account::Exchange.in_currency(currency);
            report.ledger.balance(&account).posted().to_string()
        })
    }

    async fn ask(&self, body: &Value) -> Answer {
        post(&self.market, &self.key, "/v1/provider/payouts", body).await
    }
}

fn owned(usd: (&str, Value), swan: (&str, Value)) -> [(String, Value); 2] {
    [(usd.0.to_owned(), usd.1), (swan.0.to_owned(), swan.1)]
}

#[tokio::test]
async fn what_was_earned_in_dollars_is_paid_out_in_swan() {
    let earned = Earned::start().await;
    earned.feed.moves("0.001");
    let nothing = owned(("95", Value::Null), ("0", Value::Null));
    assert_eq!(earned.shown().await, nothing);
    let said = earned.prefer(&"swan".into()).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json()["currency"], "SWAN");
    assert_eq!(earned.shown().await[0], ("95".into(), "empty".into()));
    earned.fund("1000000", Currency::Swan).await;
    // Whoever asks for a payout asks for the exchange, too; it is in the preferred currency unless it says so.
    let payout = earned.ask(&json!({"amount": "50000"})).await;
    id(&payout);
    assert_eq!(
        (&payout.json()["currency"], &payout.json()["amount"]),
        (&"SWAN".into(), &"50000".into())
    );
    let left = owned(("0", Value::Null), ("45000", Value::Null));
    assert_eq!(earned.shown().await, left);
    assert_eq!(earned.stock().await, ["95", "905000"]);

    // Every paper says it: the statement in both currencies, and explain by the transfer.
    let path = "/v1/provider/statement?from=2027-01-01&to=2027-01-31";
    let swan = get(
        &earned.market,
        &earned.key,
        &format!("{path}&currency=swan"),
    )
    .await;
    let line = swan.json()["data"][0].clone();
    assert_eq!(
        (&line["rule"], &line["amount"]),
        (&"exchange".into(), &"95000".into())
    );
    let note = line["note"].as_str().unwrap();
    assert!(
        note.starts_with("95 USD for 95000 SWAN at 0.001 USD for 1 SWAN (a feed at "),
        "{note}"
    );
    let usd = get(&earned.market, &earned.key, path).await.json();
    assert_eq!(
        (&usd["data"][1]["amount"], &usd["closing"]),
        (&"-95".into(), &"0".into())
    );
    let transfer: TransferId = line["transfer"].as_str().unwrap().parse().unwrap();
    let explainer = Explainer::new(Arc::clone(earned.market.hub.store()));
    let told = explainer.explain(Subject::Transfer(transfer)).await;
    let told = told.unwrap().unwrap();
    let words = "95 USD / 0.001 USD for 1 SWAN = 95000 SWAN, rounded down to 12 places; the rate is by a feed at 2027";
    assert!(told.summary.contains(words), "{told}");
    assert_eq!(told.steps[0].transfers.len(), 2);
    let path = format!("/v1/provider/explain/{transfer}");
    assert_eq!(get(&earned.market, &earned.key, &path).await.status, 200);
}

#[tokio::test]
async fn a_stock_that_is_too_small_is_used_up_and_the_rest_waits_and_says_why() {
    let earned = Earned::start().await;
    assert_eq!(earned.prefer(&"SWAN".into()).await.status, 200);
    assert_eq!(
        earned.shown().await,
        owned(("95", "empty".into()), ("0", Value::Null))
    );
    earned.fund("60", Currency::Swan).await;
    assert_eq!(earned.prefer(&"SWAN".into()).await.status, 200);
    assert_eq!(
        earned.shown().await,
        owned(("65", "empty".into()), ("60", Value::Null))
    );
    assert_eq!(earned.stock().await, ["30", "0"]);
    let text = get(
        &earned.market,
        &earned.market.issue(KeyKind::Admin, 71).await,
        "/metrics",
    )
    .await;
    let text = text.text().to_owned();
    for line in [
        "swan_exchange_stock{currency=\"USD\"} 30",
        "swan_exchange_stock{currency=\"SWAN\"} 0",
        "swan_exchanges_total{news=\"partly\"} 1",
        "swan_exchanges_total{news=\"empty\"} 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    // What waits can be paid out as it is.
    let payout = earned
        .ask(&json!({"amount": "65", "currency": "usd"}))
        .await;
    id(&payout);
    assert_eq!(earned.shown().await[0].0, "0");
    // One who prefers nothing again keeps what he has.
    assert_eq!(
        earned.prefer(&Value::Null).await.json()["currency"],
        Value::Null
    );
    earned.fund("60", Currency::Usd).await;
    assert_eq!(
        earned.shown().await,
        owned(("0", Value::Null), ("60", Value::Null))
    );
    assert_eq!(earned.prefer(&"usd".into()).await.status, 200);
    assert_eq!(
        earned.shown().await,
        owned(("30", Value::Null), ("0", Value::Null))
    );
    assert_eq!(earned.stock().await, ["60", "60"]);
}

#[tokio::test]
async fn without_a_young_price_nothing_is_exchanged() {
    let earned = Earned::start().await;
    earned.fund("1000", Currency::Swan).await;
    let then = Timestamp::from_millis(earned.clock.now().as_millis() - 901_000);
    earned.feed.stops("0.5", then);
    let said = earned.prefer(&"SWAN".into()).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(earned.shown().await[0], ("95".into(), "stale_rate".into()));
    let why = said.json()["earnings"][0]["why"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("901000 ms old"), "{why}");
    earned.feed.is_gone();
    assert_eq!(earned.prefer(&"SWAN".into()).await.status, 200);
    assert_eq!(earned.shown().await[0], ("95".into(), "no_rate".into()));
    assert_eq!(earned.stock().await, ["0", "1000"]);
    earned.feed.moves("2");
    assert_eq!(earned.prefer(&"SWAN".into()).await.status, 200);
    let left = owned(("0", Value::Null), ("47.5", Value::Null));
    assert_eq!(earned.shown().await, left);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let earned = Earned::start().await;
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({"currency": "gold"}), "invalid_value"),
        (json!({"currency": 1}), "invalid_value"),
        (json!({"currency": "usd", "at": "0.5"}), "unknown_field"),
    ] {
        let call = Call::new(earned.market.address, "PUT", PAYMENT);
        let call = call.header("authorization", &format!("Bearer {}", earned.key));
        let call = call.header("content-type", "application/json");
        let answer = call.body(body.to_string()).send().await;
        assert_eq!(refused(&answer), (400, code.into()), "{body}");
    }
    let consumer = get(&earned.market, &earned.market.key, PAYMENT).await;
    assert_eq!(consumer.status, 403);
}

/// Whoever looks twice at the same earnings exchanges them once: also across a crash, from which the hub comes back with the same
/// earnings or with none.
#[tokio::test]
async fn a_hub_that_comes_back_exchanges_nothing_twice() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
    let feed = Feed::at("0.5");
    let mut earned = Earned {
        market: hub(store.clone(), &feed, &clock).await,
        feed: Arc::clone(&feed),
        clock: Arc::clone(&clock),
        key: String::new(),
        commands: std::cell::Cell::new(500),
    };
    earned.key = earned.market.issue(KeyKind::Provider(PROVIDER), 70).await;
    earn(&earned.market, PROVIDER, "100").await;
    earned.fund("1000", Currency::Swan).await;
    let before = earned.market.hub.books().earnings(PROVIDER, Currency::Usd);
    assert_eq!(earned.prefer(&"SWAN".into()).await.status, 200);
    let listed = store
        .documents()
        .page(DocumentKind::Preference, None, u64::MAX, 10)
        .await;
    assert_eq!(listed.unwrap().len(), 1);
    // The market ends, and another begins on its store.
    earned.market.begin_shutdown();
    let key = earned.key.clone();
    let stopped = earned.market.stopped().await;
    stopped.unwrap();
    let market = hub(store, &feed, &clock).await;
    let path = "/v1/provider/statement?from=2027-01-01&to=2027-01-31&currency=swan";
    for _ in 0..3 {
        let call = Call::new(market.address, "PUT", PAYMENT);
        let call = call.header("authorization", &format!("Bearer {key}"));
        let call = call.header("content-type", "application/json");
        let said = call
            .body(json!({"currency": "swan"}).to_string())
            .send()
            .await;
        assert_eq!(said.json()["earnings"][1]["available"], "190", "{said:?}");
        let statement = get(&market, &key, path).await.json();
        assert_eq!(statement["data"].as_array().unwrap().len(), 1);
    }
    assert_eq!(before.available(), "95".parse::<Amount>().unwrap());
    assert_eq!(market.hub.books().audit(), []);
}

/// The ledger alone refuses a second one with the same id, and the same group is the same.
#[test]
fn an_exchange_has_one_id_for_both_sides() {
    let rate = StampedRate::new("0.5".parse().unwrap(), "a feed", Timestamp::EPOCH);
    let sums = ("95".parse().unwrap(), "1000".parse().unwrap());
    let pair = (Currency::Usd, Currency::Swan);
    let record = ExchangeRecord::of(PROVIDER, pair, sums, &rate)
        .unwrap()
        .unwrap();
    let terms = ExchangeTerms {
        id: TransferId::from_u128(7),
        policy: None,
        record,
    };
    let group = entries::exchange(&terms);
    let ids = [group.transfers[0].id, group.transfers[1].id];
    assert_eq!(ids, [terms.id, entries::exchange_given_id(terms.id)]);
    assert_ne!(ids[0], ids[1]);
}
