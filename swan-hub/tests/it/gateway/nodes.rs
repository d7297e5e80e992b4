//! Two hubs on one database, as a consumer with one account meets them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use swan_core::{AccountId, Amount, Currency};
use swan_hub::ledger::BooksOptions;
use swan_hub::store::{KeyKind, Pool, PostgresStore};
use swan_hub::{KeyRules, MarketOptions, Signup};

use super::http::{Answer, Call};
use super::provider::{Provider, reply};
use super::{Market, ask, completion};
use crate::postgres;
use crate::postgres::server::Server;

const POOR: AccountId = AccountId::from_u128(88);
const LIMIT: &str = "\"max_tokens\":100";

/// One of several hubs on a database.
pub(super) async fn hub(url: &str, name: &str) -> Market {
    let ttl = Duration::from_secs(30);
    let store = postgres::open(url).await.unwrap().as_node(name, ttl);
    let pool = store.shared_funds().unwrap();
    hub_over(store, pool).await
}

/// One whose view of what is shared may be another than its store's.
pub(super) async fn hub_over(store: PostgresStore, pool: Arc<dyn Pool>) -> Market {
    let books = BooksOptions::default()
        .with_pool(pool)
        .with_slice(Amount::from_pico(10_000_000).unwrap())
        .with_idle(Duration::from_millis(300));
    let mut rules = KeyRules::default();
    rules.free_tier = false;
    let mut market = MarketOptions::default();
    market.signup = Signup::Open;
    Market::with(|builder| {
        builder
            .with_store(Arc::new(store))
            .with_books(books)
            .with_key_rules(rules)
            .with_market(market)
    })
    .await
}

/// One request at a hub, whose provider answers if it is asked.
async fn ask_at(market: &Market, provider: &mut Provider, key: &str) -> Answer {
    let mut call = market.with_key(key, ask(LIMIT)).background();
    tokio::select! {
        refused = &mut call => return refused.unwrap(),
        request = provider.request() => {
            let answer = completion(&"word ".repeat(90), 60, 95);
            provider.act(request.stream, reply(answer)).await;
        }
    }
    call.await.unwrap()
}

async fn available(market: &Market, key: &str) -> Amount {
    let call = Call::get(market.address, "/api/v1/user/me");
    let call = call.header("authorization", &format!("Bearer {key}"));
    let told: Value = call.send().await.json();
    told["balances"][0]["available"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_consumer_spends_one_account_at_two_hubs_and_not_a_pico_dollar_more() {
    let url = Server::shared().await.database().await;
    let (one, two) = (hub(&url, "a").await, hub(&url, "b").await);
    let key = one.issue(KeyKind::Consumer(POOR), 5).await;
    let store = two.hub.store();
    two.hub.keys().refresh(&**store).await.unwrap();
    let worst = one.price(ask(LIMIT).len() as u64 + 128, 100);
    let funds = worst.times(12).unwrap();
    one.grant_to(POOR, Currency::Usd, &funds.to_string()).await;
    let (mut first, mut second) = (one.provider(1).await, two.provider(2).await);
    let cost = one.price(60, 95);
    let (mut served, mut refused, begun) = (0, 0, Instant::now());
    // What one hub has at hand is free for the other once it lies idle.
    while refused < 40 {
        let answers = tokio::join!(
            ask_at(&one, &mut first, &key),
            ask_at(&two, &mut second, &key)
        );
        for answer in [answers.0, answers.1] {
            match answer.status {
                200 => (served, refused) = (served + 1, 0),
                402 => refused += 1,
                _ => panic!("{answer:?}"),
            }
        }
        if refused > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    let spent = cost.times(served).unwrap();
    let left = funds.checked_sub(spent).unwrap();
    assert!(
        !left.is_negative() && left < worst,
        "{served} served, {left} left"
    );
    for market in [&one, &two] {
        while available(market, &key).await != left {
            assert!(
                begun.elapsed() < Duration::from_secs(40),
                "both tell the same balance"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(one.hub.books().audit(), []);
    assert_eq!(two.hub.books().audit(), []);
}

#[tokio::test]
async fn a_key_that_one_hub_has_served_is_not_served_again_by_another() {
    let url = Server::shared().await.database().await;
    let (one, two) = (hub(&url, "a").await, hub(&url, "b").await);
    let key = one.issue(KeyKind::Consumer(POOR), 5).await;
    let store = two.hub.store();
    two.hub.keys().refresh(&**store).await.unwrap();
    one.grant_to(POOR, Currency::Usd, "1").await;
    let (mut first, _second) = (one.provider(1).await, two.provider(2).await);
    let ask_with = |market: &Market, more: &str| {
        let call = market.with_key(&key, ask(more));
        call.header("idempotency-key", "once")
    };
    let answer = ask_with(&one, LIMIT).background();
    let request = first.request().await;
    let running = ask_with(&two, LIMIT).send().await;
    assert_eq!(running.status, 409, "{running:?}");
    assert!(running.text().contains("still running"), "{running:?}");
    let told = completion("once and for all", 20, 4);
    first.act(request.stream, reply(told)).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200);
    // Nobody serves at the other hub: what it has to say is what was said.
    let begun = Instant::now();
    loop {
        let again = ask_with(&two, LIMIT).send().await;
        if again.status == 200 {
            assert_eq!(again.body, answer.body);
            assert_eq!(again.header("idempotency-replayed"), "true");
            break;
        }
        // The outcome is written just after it was answered.
        assert_eq!(again.status, 409, "{again:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    let request = answer.header("x-request-id").parse().unwrap();
    let told = two.hub.explain(request).await.unwrap().unwrap();
    let is_told = told.steps.iter().any(|step| step.rule == "charge");
    assert!(
        is_told,
        "what happened at the other hub is explained: {told}"
    );
    let other = ask_with(&two, "\"max_tokens\":7").send().await;
    assert_eq!(other.status, 409, "{other:?}");
    // A hub that begins does not take the keys of the others for its own.
    let three = hub(&url, "c").await;
    let replayed = ask_with(&three, LIMIT).send().await;
    assert_eq!((replayed.status, &replayed.body), (200, &answer.body));
}
