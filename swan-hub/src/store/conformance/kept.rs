//! What a hub remembers of ended requests.

use swan_core::{AccountId, RequestId};

use super::at;
use crate::store::{GenerationChunk, IdempotencyRecord, Store};

pub(super) async fn generations_are_found_by_time(store: &dyn Store) {
    let chunks = [chunk(1_000, 1, 10), chunk(2_000, 2, 20), chunk(2_500, 1, 5)];
    store.put_generations(&chunks).await.unwrap();
    let found = async |from: u64, to: u64, limit: u32| {
        let page = store.generations(id(from, 0), id(to, 0), limit).await;
        let bodies = page.unwrap().into_iter().map(|chunk| chunk.body);
        bodies.collect::<Vec<_>>()
    };
    let body = |n: usize| chunks[n].body.clone();
    assert_eq!(
        found(0, 9_000, 10).await,
        [body(2), body(1), body(0)],
        "the youngest first"
    );
    assert_eq!(found(0, 9_000, 1).await, [body(2)]);
    assert_eq!(
        found(2_000, 2_500, 10).await,
        [body(1)],
        "without the upper bound"
    );
    let again = GenerationChunk {
        body: vec![9; 3],
        ..chunks[1].clone()
    };
    store.put_generations(&[again]).await.unwrap();
    assert_eq!(
        found(2_000, 2_500, 10).await,
        [vec![9; 3]],
        "a repeat replaces"
    );
}

pub(super) async fn generations_are_listed_by_account(store: &dyn Store) {
    let mut chunks: Vec<_> = (0..6).map(|n| chunk(n * 700, 1 + (n % 2), 4)).collect();
    chunks[5].accounts.push(AccountId::from_u128(1));
    store.put_generations(&chunks).await.unwrap();
    store
        .put_generations(&chunks)
        .await
        .expect("a repeat is no error");
    let listed = async |account: u128, (from, to): (u64, u64), limit: u32| {
        let account = AccountId::from_u128(account);
        let page = store.generations_of(account, id(from, 0), id(to, 0), limit);
        let page = page.await.unwrap().into_iter();
        let times = page.map(|chunk| u64::try_from(chunk.first.as_u128() >> 80).unwrap());
        times.collect::<Vec<_>>()
    };
    let ever = (0, 9_000);
    assert_eq!(listed(1, ever, 10).await, [3_500, 2_800, 1_400, 0]);
    assert_eq!(listed(2, ever, 10).await, [3_500, 2_100, 700]);
    assert_eq!(listed(1, (1_400, 3_500), 10).await, [2_800, 1_400]);
    assert_eq!(listed(1, ever, 1).await, [3_500], "the youngest first");
    assert_eq!(listed(3, ever, 10).await, [0_u64; 0]);
    assert_eq!(listed(1, (9_000, 0), 10).await, [0_u64; 0]);
}

pub(super) async fn old_generations_are_forgotten(store: &dyn Store) {
    let chunks: Vec<_> = (1..=5).map(|n| chunk(n * 1_000, 1, 100)).collect();
    store.put_generations(&chunks).await.unwrap();
    let left = async || {
        let end = id(u64::MAX >> 16, 0);
        let all = store.generations(id(0, 0), end, 10).await.unwrap();
        let account = AccountId::from_u128(1);
        let listed = store.generations_of(account, id(0, 0), end, 10).await;
        let firsts = |chunks: &[GenerationChunk]| -> Vec<_> {
            chunks.iter().map(|chunk| chunk.first).collect()
        };
        assert_eq!(firsts(&all), firsts(&listed.unwrap()), "the list follows");
        let seconds = all
            .iter()
            .map(|chunk| (chunk.first.as_u128() >> 80) / 1_000);
        seconds.collect::<Vec<_>>()
    };
    let more = store.trim_generations(id(2_000, 0), 1_000, 10).await;
    assert!(!more.unwrap());
    assert_eq!(left().await, [5, 4, 3, 2], "by age");
    let more = store.trim_generations(id(0, 0), 250, 1).await;
    assert!(more.unwrap(), "no more at once than asked for");
    assert_eq!(left().await, [5, 4, 3]);
    store.trim_generations(id(0, 0), 250, 10).await.unwrap();
    assert_eq!(left().await, [5, 4], "by size");
    store.trim_generations(id(0, 0), 250, 10).await.unwrap();
    assert_eq!(left().await, [5, 4], "a repeat is no error");
}

pub(super) async fn idempotency_records_are_replaced_and_forgotten(store: &dyn Store) {
    assert_eq!(store.idempotency().await.unwrap(), []);
    let records = [record(1, 10, 3), record(2, 5, 0)];
    store.change_idempotency(&records, &[]).await.unwrap();
    let [first, second] = records;
    assert_eq!(
        store.idempotency().await.unwrap(),
        [second.clone(), first],
        "in the order in which they expire"
    );
    let changed = record(1, 20, 1_000);
    let forget = [[2; 32], [77; 32]];
    for _ in 0..2 {
        store
            .change_idempotency(std::slice::from_ref(&changed), &forget)
            .await
            .expect("a repeat is no error");
        let kept = store.idempotency().await.unwrap();
        assert_eq!(kept.as_slice(), std::slice::from_ref(&changed));
    }
}

pub(super) async fn fill(empty: &dyn Store) {
    let outcome = record(1, 10, 3);
    empty.change_idempotency(&[outcome], &[]).await.unwrap();
    empty.put_generations(&[chunk(5_000, 1, 3)]).await.unwrap();
}

pub(super) async fn reopened(filled: &dyn Store) {
    assert_eq!(filled.idempotency().await.unwrap(), [record(1, 10, 3)]);
    let generations = filled.generations(id(0, 0), id(9_000, 0), 10).await;
    assert_eq!(generations.unwrap().len(), 1);
}

fn chunk(millis: u64, account: u64, bytes: u8) -> GenerationChunk {
    GenerationChunk {
        first: id(millis, 1),
        accounts: vec![AccountId::from_u128(u128::from(account))],
        body: vec![bytes; usize::from(bytes)],
    }
}

fn record(key: u8, expires: u64, bytes: usize) -> IdempotencyRecord {
    IdempotencyRecord {
        key: [key; 32],
        expires: at(expires),
        body: vec![key; bytes],
    }
}

fn id(millis: u64, rest: u128) -> RequestId {
    RequestId::from_u128(u128::from(millis) << 80 | rest)
}
