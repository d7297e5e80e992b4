//! Who floods a hub with keys loses its own outcomes, and nobody else's.

use std::sync::Arc;

use swan_core::{AccountId, Currency};
use swan_hub::IdempotencyOptions;
use swan_hub::store::{KeyKind, MemoryStore};

use super::provider::reply;
use super::{Market, ask, completion};

async fn open(store: &MemoryStore) -> Market {
    let mut options = IdempotencyOptions::default();
    (options.entries, options.account_entries) = (60, 40);
    let store = store.clone();
    Market::with(|builder| {
        let builder = builder.with_store(Arc::new(store));
        builder.with_idempotency(options)
    })
    .await
}

#[tokio::test]
async fn a_flood_of_keys_makes_nobody_else_pay_twice() {
    let store = MemoryStore::new();
    let mut market = open(&store).await;
    let mut provider = market.provider(1).await;
    let first = market.chat(ask("")).header("idempotency-key", "mine");
    let first = first.background();
    provider.serve(reply(completion("ok", 20, 4))).await;
    let first = first.await.unwrap();
    let spent = market.spent("5");
    // Three others, each beyond its share, with what costs nothing.
    let mut keys = Vec::new();
    for n in 0..3_u128 {
        let account = AccountId::from_u128(100 + n);
        market.grant_to(account, Currency::Usd, "1").await;
        keys.push(market.issue(KeyKind::Consumer(account), 10 + n).await);
    }
    let flood = async |market: &Market| {
        for n in 0..150 {
            for key in &keys {
                let quote = market
                    .post("/v1/quote", ask(""))
                    .header("authorization", &format!("Bearer {key}"))
                    .header("idempotency-key", &format!("{n}"));
                let quoted = quote.send().await;
                assert_eq!(quoted.status, 200, "{quoted:?}");
            }
        }
    };
    flood(&market).await;
    for _ in 0..2 {
        let again = market.chat(ask("")).header("idempotency-key", "mine");
        let again = again.send().await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
        market.begin_shutdown();
        market.stopped().await.unwrap();
        market = open(&store).await;
        flood(&market).await;
    }
    let left = market.available();
    let granted = "15".parse::<swan_core::Amount>().unwrap();
    assert_eq!(left, granted.checked_sub(spent).unwrap(), "charged once");
}
