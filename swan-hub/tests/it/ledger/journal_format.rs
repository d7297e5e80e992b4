//! The bytes of the journal: damage is found, and old files stay readable because the bytes are pinned here.

use std::sync::Arc;

use swan_hub::ledger::{LedgerError, decode};
use swan_hub::store::{JournalRecord, MemoryStore, Store, StoreError};

use super::{charge, funded, open, request};

async fn written() -> Vec<JournalRecord> {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000).await;
    let settled = books
        .hold(request(10, 400))
        .unwrap()
        .settle(charge(100))
        .unwrap();
    settled.durable().await.unwrap();
    store.read(1, 10).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// When this fails, files that exist can no longer be read: add a version instead of changing one.
#[tokio::test(start_paused = true)]
async fn the_bytes_of_version_1_do_not_change() {
    let records = written().await;
    let bodies: Vec<String> = records.iter().map(|record| hex(&record.body)).collect();
    assert_eq!(bodies, PINNED);
}

/// A grant; then a hold and its charge in one record.
const PINNED: [&str; 2] = [
    concat!(
        "011c2d92dabb9ececae807010000000000000000000000000000000100060000000000000000000000000000",
        "0000000100d00f000000010474657374",
    ),
    concat!(
        "01a0968cfee55ee070e80701d1b54a32d192ed03aef17502108ef2d301c0cf24000000000000000000000000",
        "0000000001000200a00601010000000000000000000000000000000a01087377616e2d322e3000e80703a36a",
        "9465a325da075de2ea04211de5b802d1b54a32d192ed03aef17502108ef2d300000000000000000000000000",
        "00000001000200c801188a72fe17dea1126ab7490a52cabe3700020001000000000000000000000000000000",
        "0200be01ea3fbd30e9718e1619a8be0c6359b11c00020003000a02010000000000000000000000000000000a",
        "01087377616e2d322e3002087177656e332d386201000000000000000000000000000000020a000500c801be",
        "010a0000",
    ),
];

#[tokio::test(start_paused = true)]
async fn any_changed_byte_is_found() {
    for record in written().await {
        assert_eq!(
            decode(&record).unwrap().len(),
            usize::try_from(record.count).unwrap()
        );
        for at in 0..record.body.len() {
            let mut damaged = record.clone();
            damaged.body[at] ^= 0x10;
            assert!(
                matches!(decode(&damaged), Err(StoreError::Corrupt { .. })),
                "byte {at}"
            );
            damaged.body.truncate(at);
            assert!(
                matches!(decode(&damaged), Err(StoreError::Corrupt { .. })),
                "cut at {at}"
            );
        }
        for count in [0, record.count + 1, u32::MAX] {
            let damaged = JournalRecord {
                count,
                ..record.clone()
            };
            assert!(decode(&damaged).is_err(), "count {count}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn books_do_not_open_on_a_journal_that_breaks_a_rule() {
    let mut records = written().await;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // The grant is missing, so the hold spends what is not there.
    let mut rest = records.remove(1);
    rest.first_seq = 1;
    store.append(&rest).await.unwrap();
    let error = open(store).await.unwrap_err();
    assert!(matches!(error, LedgerError::Breached { .. }), "{error}");
    assert!(error.to_string().contains("swan-hub audit"));
}
