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

pub(super) async fn spans_are_listed_by_account(store: &dyn Store) {
    let span = GenerationChunk::SPAN_SECS * 1_000;
    let chunks: Vec<_> = (0..6)
        .map(|n| chunk(n * span + 7, 1 + (n % 2), 4))
        .collect();
    store.put_generations(&chunks).await.unwrap();
    let spans = async |account: u128, upto: u64, limit: u32| {
        let account = AccountId::from_u128(account);
        store.generation_spans(account, upto, limit).await.unwrap()
    };
    assert_eq!(spans(1, u64::MAX, 10).await, [4, 2, 0]);
    assert_eq!(spans(2, 4, 10).await, [3, 1]);
    assert_eq!(spans(2, 4, 1).await, [3]);
    assert_eq!(spans(3, u64::MAX, 10).await, [0_u64; 0]);
}

pub(super) async fn old_generations_are_forgotten(store: &dyn Store) {
    let span = GenerationChunk::SPAN_SECS * 1_000;
    let chunks: Vec<_> = (1..=5).map(|n| chunk(n * span, 1, 100)).collect();
    store.put_generations(&chunks).await.unwrap();
    let left = async || {
        let all = store.generations(id(0, 0), id(u64::MAX >> 16, 0), 10).await;
        let spans = all.unwrap().into_iter();
        let spans: Vec<u64> = spans
            .map(|chunk| GenerationChunk::span_of(chunk.first))
            .collect();
        let listed = store
            .generation_spans(AccountId::from_u128(1), u64::MAX, 10)
            .await;
        assert_eq!(spans, listed.unwrap(), "the list follows");
        spans
    };
    let more = store.trim_generations(id(2 * span, 0), 1_000, 10).await;
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
