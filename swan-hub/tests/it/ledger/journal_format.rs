//! The bytes of the journal: damage is found, and old files stay readable because the bytes are pinned here.

use std::sync::Arc;

use swan_core::ledger::{Detail, Entry};
use swan_core::{PolicyHash, PolicyStamp, PolicyVersion};
use swan_hub::ledger::{HoldRequest, LedgerError, decode};
use swan_hub::store::{JournalRecord, MemoryStore, Store, StoreError};

use super::{audit, charge, funded, open, request};

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
async fn the_bytes_of_version_3_do_not_change() {
    let records = written().await;
    let bodies: Vec<String> = records.iter().map(|record| hex(&record.body)).collect();
    assert_eq!(bodies, VERSION_3);
}

/// What the same entries say where charges did not name the key and their worth.
fn without_spending(record: &JournalRecord) -> Vec<Entry> {
    let mut entries = decode(record).unwrap();
    for entry in &mut entries {
        if let Detail::Charge(charge) = &mut entry.group.cause.detail {
            (charge.key, charge.usd) = (None, None);
        }
    }
    entries
}

/// The same happened when version 2 was written; only the key and its spending are known to nobody.
#[tokio::test(start_paused = true)]
async fn records_of_version_2_are_read_and_their_charges_have_no_key() {
    for (record, body) in written().await.into_iter().zip(VERSION_2) {
        let expected = without_spending(&record);
        let body = bytes(body);
        let earlier = decode(&JournalRecord { body, ..record }).unwrap();
        assert_eq!(earlier, expected);
    }
}

/// The same happened when version 1 was written; only the hash of the policy is known to nobody.
#[tokio::test(start_paused = true)]
async fn records_of_version_1_are_read_and_their_policies_have_no_hash() {
    for (record, body) in written().await.into_iter().zip(VERSION_1) {
        let mut expected = without_spending(&record);
        for entry in &mut expected {
            let policy = &mut entry.group.cause.policy;
            *policy = policy
                .take()
                .map(|stamp| PolicyStamp::without_hash(stamp.version().clone()));
        }
        let body = bytes(body);
        let earlier = decode(&JournalRecord { body, ..record }).unwrap();
        assert_eq!(earlier, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn books_go_on_where_version_1_ended() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for (record, body) in written().await.into_iter().zip(VERSION_1) {
        let body = bytes(body);
        store
            .append(&JournalRecord { body, ..record })
            .await
            .unwrap();
    }
    let (books, _) = open(store.clone()).await.unwrap();
    let settled = books
        .hold(request(11, 400))
        .unwrap()
        .settle(charge(300))
        .unwrap();
    settled.durable().await.unwrap();
    let report = audit(&*store).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.entries, 5);
}

fn stamped(version: &str, hash: u8) -> PolicyStamp {
    let version = PolicyVersion::new(version).unwrap();
    PolicyStamp::new(version, PolicyHash::from_bytes([hash; 32]))
}

/// A record under two policies and none says each stamp once, and each entry keeps its own.
#[tokio::test(start_paused = true)]
async fn each_entry_keeps_its_policy_and_no_hash_stands_twice() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000).await;
    let stamps = [stamped("old", 4), stamped("new", 5), stamped("new", 6)];
    let mut last = None;
    for (number, stamp) in (20..).zip(stamps.iter().cycle().take(9)) {
        let terms = HoldRequest {
            policy: Some(stamp.clone()),
            ..request(number, 10)
        };
        last = Some(books.hold(terms).unwrap().settle(charge(10)).unwrap());
    }
    last.unwrap().durable().await.unwrap();
    let records = store.read(2, 10).await.unwrap();
    let [record] = records.as_slice() else {
        panic!("{} records", records.len())
    };
    let told: Vec<_> = decode(record)
        .unwrap()
        .into_iter()
        .map(|entry| entry.group.cause.policy.unwrap())
        .collect();
    let expected: Vec<_> = stamps
        .iter()
        .cycle()
        .take(9)
        .flat_map(|stamp| [stamp.clone(), stamp.clone()])
        .collect();
    assert_eq!(told, expected);
    for byte in [4, 5, 6] {
        let hashes = record.body.windows(32).filter(|at| **at == [byte; 32]);
        assert_eq!(hashes.count(), 1, "the hash of {byte}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap())
        .collect()
}

/// A grant; then a hold and its charge in one record, whose charge names key and worth.
const VERSION_3: [&str; 2] = [
    concat!(
        "0324a4efc5373bfdc700e8070100000000000000000000000000000001000600000000000000000000000000",
        "000000000100d00f000000010474657374",
    ),
    concat!(
        "031d35df56fd22e5f401087377616e2d322e3001070707070707070707070707070707070707070707070707",
        "0707070707070707e80701d1b54a32d192ed03aef17502108ef2d301c0cf2400000000000000000000000000",
        "00000001000200a00601010000000000000000000000000000000a0100e80703a36a9465a325da075de2ea04",
        "211de5b802d1b54a32d192ed03aef17502108ef2d30000000000000000000000000000000001000200c80118",
        "8a72fe17dea1126ab7490a52cabe37000200010000000000000000000000000000000200be01ea3fbd30e971",
        "8e1619a8be0c6359b11c00020003000a02010000000000000000000000000000000a0102087177656e332d38",
        "6201000000000000000000000000000000020a0005000000c801be010a000001000000000000000000000000",
        "0000000301c801",
    ),
];

/// The same, as the program wrote it before charges named their key.
const VERSION_2: [&str; 2] = [
    concat!(
        "0224a4efc5373bfdc700e8070100000000000000000000000000000001000600000000000000000000000000",
        "000000000100d00f000000010474657374",
    ),
    concat!(
        "027c2e313634a8963401087377616e2d322e3001070707070707070707070707070707070707070707070707",
        "0707070707070707e80701d1b54a32d192ed03aef17502108ef2d301c0cf2400000000000000000000000000",
        "00000001000200a00601010000000000000000000000000000000a0100e80703a36a9465a325da075de2ea04",
        "211de5b802d1b54a32d192ed03aef17502108ef2d30000000000000000000000000000000001000200c80118",
        "8a72fe17dea1126ab7490a52cabe37000200010000000000000000000000000000000200be01ea3fbd30e971",
        "8e1619a8be0c6359b11c00020003000a02010000000000000000000000000000000a0102087177656e332d38",
        "6201000000000000000000000000000000020a0005000000c801be010a0000",
    ),
];

/// A grant; then a hold and its charge in one record, as the program wrote them before policies had hashes.
const VERSION_1: [&str; 2] = [
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
