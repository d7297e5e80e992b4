//! Snapshots of the ledger: parts that are found by entry, replaced, and forgotten.

use crate::store::{SnapshotRecord, Store};

pub(super) async fn snapshots_are_found_by_entry_and_forgotten(store: &dyn Store) {
    let found = async |upto: u64, part: u32| store.snapshot(upto, part).await.unwrap();
    assert_eq!(found(u64::MAX, 0).await, None);
    for (seq, part, parts, byte) in [(7, 0, 2, 1), (7, 1, 2, 2), (12, 0, 2, 3)] {
        let record = record(seq, part, parts, byte);
        store.put_snapshot(&record, 0).await.unwrap();
        store
            .put_snapshot(&record, 0)
            .await
            .expect("a repeat is no error");
    }
    assert_eq!(found(u64::MAX, 0).await, Some(record(12, 0, 2, 3)));
    assert_eq!(found(12, 0).await, Some(record(12, 0, 2, 3)));
    assert_eq!(found(11, 0).await, Some(record(7, 0, 2, 1)));
    assert_eq!(
        found(u64::MAX, 1).await,
        Some(record(7, 1, 2, 2)),
        "the newest that has this part"
    );
    assert_eq!(found(u64::MAX, 2).await, None);
    assert_eq!(found(6, 0).await, None);

    // Another try at the same entry replaces the first, and the older one goes with it.
    let again = record(12, 0, 1, 9);
    store.put_snapshot(&again, 12).await.unwrap();
    assert_eq!(found(u64::MAX, 0).await, Some(again));
    assert_eq!(found(11, 0).await, None);
    assert_eq!(found(u64::MAX, 1).await, None);
}

pub(super) async fn fill(empty: &dyn Store) {
    empty.put_snapshot(&record(4, 0, 1, 5), 0).await.unwrap();
}

pub(super) async fn reopened(filled: &dyn Store) {
    let newest = filled.snapshot(u64::MAX, 0).await.unwrap();
    assert_eq!(newest, Some(record(4, 0, 1, 5)));
}

fn record(seq: u64, part: u32, parts: u32, byte: u8) -> SnapshotRecord {
    SnapshotRecord {
        seq,
        part,
        parts,
        body: vec![byte; 70_000],
    }
}
