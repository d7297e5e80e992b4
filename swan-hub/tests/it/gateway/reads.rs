//! Reading what is known of requests: at a rate of its own, and of nobody else's records.

use std::collections::BTreeSet;
use std::sync::Arc;

use swan_core::{AccountId, Currency};
use swan_hub::store::{GenerationChunk, KeyKind, MemoryStore, Store as _};

use super::http::{Answer, Call};
use super::{Market, ask};

async fn get(market: &Market, path: &str, key: &str) -> Answer {
    let call = Call::get(market.address, path);
    call.header("authorization", &format!("Bearer {key}"))
        .send()
        .await
}

#[tokio::test]
async fn reads_have_a_rate_of_their_own_which_all_keys_of_an_account_share() {
    let market = Market::start().await;
    let second = market.limited(2, |limits| limits.rpm = Some(5)).await;
    let count = |answer: &Answer, name: &str| -> u64 { answer.header(name).parse().unwrap() };
    let first = get(&market, "/v1/generations", &market.key).await;
    assert_eq!(first.status, 200);
    let limit = count(&first, "x-ratelimit-limit");
    assert!((100..=10_000).contains(&limit), "{limit}");
    assert_eq!(count(&first, "x-ratelimit-remaining"), limit - 1);
    assert_eq!(
        first.header("x-ratelimit-limit-requests"),
        limit.to_string()
    );
    let unknown = "/v1/generation?id=00000000-0000-7000-8000-000000000000";
    let next = get(&market, unknown, &second).await;
    assert_eq!(next.status, 404);
    assert!(count(&next, "x-ratelimit-remaining") < limit);
    let mut refused = None;
    for _ in 0..limit * 2 {
        let answer = get(&market, "/v1/generations", &second).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is an end to it");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.error_code(), "rate_limit_exceeded");
    assert!(count(&refused, "retry-after") >= 1);
    assert_eq!(count(&refused, "x-ratelimit-remaining"), 0);
    // The rate for requests is as it was, and another account's reads are.
    let asked = market.with_key(&second, ask("")).send().await;
    assert_eq!(count(&asked, "x-ratelimit-remaining"), 4);
    let account = AccountId::from_u128(5);
    let other = market.issue(KeyKind::Consumer(account), 5).await;
    assert_eq!(get(&market, "/v1/generations", &other).await.status, 200);
}

#[tokio::test]
async fn a_page_reads_the_chunks_of_its_account_alone() {
    let store = MemoryStore::new();
    let shared = store.clone();
    let mut market = Market::with(|builder| builder.with_store(Arc::new(shared))).await;
    let mut keys = vec![(market.account, market.key.clone())];
    for n in 0..4 {
        let account = AccountId::from_u128(100 + n);
        market.grant_to(account, Currency::Usd, "1").await;
        let key = market.issue(KeyKind::Consumer(account), 10 + n).await;
        keys.push((account, key));
    }
    for _ in 0..3 {
        for (_, key) in &keys {
            // Nobody serves it, which is known of it afterwards.
            let refused = market.with_key(key, ask("")).send().await;
            assert_eq!(refused.status, 503);
        }
    }
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let (none, end) = (id(0), id(u128::MAX));
    let all = store.generations(none, end, 1_000).await.unwrap();
    let mut seen = BTreeSet::new();
    for (account, _) in &keys {
        let own = store.generations_of(*account, none, end, 1_000).await;
        let own: Vec<GenerationChunk> = own.unwrap();
        assert!(!own.is_empty());
        for chunk in own {
            assert!(seen.insert(chunk.first), "it is one account's alone");
        }
    }
    assert_eq!(seen.len(), all.len());
    let again = Market::with(|builder| builder.with_store(Arc::new(store))).await;
    // The consumer that every hub has gets a new key with it.
    keys[0].1.clone_from(&again.key);
    for (_, key) in &keys {
        let page = get(&again, "/v1/generations", key).await.json();
        let own = page["data"].as_array().unwrap();
        assert_eq!(own.len(), 3);
        for one in own {
            let path = format!("/v1/generation?id={}", one["id"].as_str().unwrap());
            let found = get(&again, &path, key).await.json();
            assert_eq!(found["data"]["id"], one["id"]);
            let others = get(&again, &path, &keys[0].1).await.status;
            assert_eq!(others, if *key == keys[0].1 { 200 } else { 404 });
        }
    }
}

fn id(number: u128) -> swan_core::RequestId {
    swan_core::RequestId::from_u128(number)
}
