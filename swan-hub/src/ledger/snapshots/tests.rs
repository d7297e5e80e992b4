use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use swan_core::ledger::{ChargeRecord, UsageBasis};
use swan_core::testkit::ManualClock;
use swan_core::{
    AccountId, Amount, Currency, KeyId, ModelId, ProviderId, RequestId, Timestamp, TransferId,
};

use super::*;
use crate::ledger::{Books, BooksOptions, HoldRequest, Recovery, recovery};
use crate::store::{MemoryStore, SnapshotRecord, Store};

const USD: Currency = Currency::Usd;

fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

fn charge(gross: i128, key: u128) -> ChargeRecord {
    ChargeRecord {
        model: ModelId::new("qwen3-8b").unwrap(),
        provider: Some(ProviderId::from_u128(2)),
        prompt_tokens: 1,
        cached_tokens: 0,
        completion_tokens: 1,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: pico(gross),
        provider_share: pico(gross),
        growth_fund: Amount::ZERO,
        treasury: Amount::ZERO,
        burn: Amount::ZERO,
        key: Some(KeyId::from_u128(key)),
        usd: Some(pico(gross)),
    }
}

/// Books that write a snapshot every few entries.
async fn open(store: &MemoryStore, every: u64) -> (Books, ManualClock, Recovery) {
    let clock = ManualClock::new(Timestamp::from_millis(1_000));
    let options = BooksOptions::default().with_snapshot_entries(every);
    let opened = Books::open(Arc::new(store.clone()), Arc::new(clock.clone()), options).await;
    let (books, recovery) = opened.unwrap();
    (books, clock, recovery)
}

/// Lets `acts` happen, each a die and a number, and answers what a crash after the last would leave.
async fn after_crash(acts: &[(u8, u64)], every: u64) -> MemoryStore {
    let store = MemoryStore::new();
    let (books, clock, _) = open(&store, every).await;
    let (mut open_holds, mut now) = (Vec::new(), 1_000);
    for (number, (die, size)) in (1_u128..).zip(acts) {
        let account = AccountId::from_u128(1 + u128::from(size % 3));
        match die {
            0 => {
                let amount = pico(1 + i128::from(*size));
                let id = TransferId::from_u128(number);
                let _ = books.grant(id, account, USD, amount, "x").await.unwrap();
            }
            1..=3 => open_holds.extend(books.hold(HoldRequest {
                request: RequestId::from_u128(number),
                account,
                currency: USD,
                amount: pico(1 + i128::from(size % 40)),
                expires: Timestamp::from_millis(now + 90_000_000),
                policy: None,
                extended: 0,
            })),
            4..=5 => {
                if let Some(hold) = open_holds.pop() {
                    let gross = hold.amount().pico().min(i128::from(size % 50));
                    let key = u128::from(size % 4);
                    hold.settle(charge(gross, key)).map(drop).unwrap_or(());
                }
            }
            6 => drop(open_holds.pop()),
            7 => {
                now += size * 100_000;
                clock.set(Timestamp::from_millis(now));
            }
            // The writer sweeps, writes and takes what is ready.
            _ => time::sleep(Duration::from_millis(250)).await,
        }
    }
    books.flush().await.unwrap();
    let left = copied(&store, |_| true).await;
    drop(open_holds);
    left
}

/// The journal of a store, and those parts of its snapshots that `keep` says.
async fn copied(store: &MemoryStore, keep: impl Fn(&SnapshotRecord) -> bool) -> MemoryStore {
    let copy = MemoryStore::new();
    for record in store.read(1, u32::MAX).await.unwrap() {
        copy.append(&record).await.unwrap();
    }
    for part in parts(store).await {
        if keep(&part) {
            copy.put_snapshot(&part, 0).await.unwrap();
        }
    }
    copy
}

/// The first part of each snapshot, which is its only one here; the youngest first.
async fn parts(store: &MemoryStore) -> Vec<SnapshotRecord> {
    let (mut parts, mut upto) = (Vec::new(), u64::MAX);
    while let Some(part) = store.snapshot(upto, 0).await.unwrap() {
        upto = part.seq - 1;
        parts.push(part);
    }
    parts
}

/// The entry of the snapshot that recovery went on from, and everything that it came to.
async fn recovered(store: &MemoryStore) -> (Option<u64>, Picture) {
    let clock = ManualClock::new(Timestamp::from_millis(5_000));
    let (core, recovery) = recovery::recover(store, &clock, None).await.unwrap();
    assert_eq!(
        recovery.entries + recovery.holds_voided as u64,
        core.next_seq - 1
    );
    let snapshot = core.ledger.snapshot(core.last_at);
    let picture = Picture::new(core.next_seq - 1, snapshot, &recovery.spending);
    (recovery.snapshot, picture)
}

fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_snapshot_and_the_tail_are_the_whole_journal(
        acts in prop::collection::vec((0_u8..9, 0_u64..2_000), 1..200),
        every in 1_u64..60,
    ) {
        paused().block_on(async {
            let store = after_crash(&acts, every).await;
            let plain = copied(&store, |_| false).await;
            let newest = parts(&store).await.first().map(|part| part.seq);
            let (from, resumed) = recovered(&store).await;
            let (_, replayed) = recovered(&plain).await;
            assert_eq!(from, newest);
            assert_eq!(resumed, replayed);
        });
    }
}

/// A history with two snapshots.
async fn with_two() -> (MemoryStore, Vec<SnapshotRecord>) {
    let turn = [(0, 900), (2, 30), (2, 20), (4, 7), (8, 0), (8, 0)];
    let acts: Vec<_> = turn.into_iter().cycle().take(60).collect();
    let store = after_crash(&acts, 8).await;
    let all = parts(&store).await;
    assert_eq!(all.len(), 2, "the older ones are forgotten");
    (store, all)
}

#[tokio::test(start_paused = true)]
async fn what_is_damaged_or_of_another_version_is_passed_over() {
    let (store, all) = with_two().await;
    let (_, whole) = recovered(&copied(&store, |_| false).await).await;
    let [newest, older] = all.as_slice() else {
        panic!("{} snapshots", all.len())
    };
    let other_version = |part: &mut SnapshotRecord| part.body[0] = 9;
    let damaged = |part: &mut SnapshotRecord| part.body[30] ^= 1;
    let cut = |part: &mut SnapshotRecord| part.body.truncate(5);
    let unfinished = |part: &mut SnapshotRecord| part.parts = 2;
    let of_another_entry = |part: &mut SnapshotRecord| part.seq -= 1;
    let of_the_future = |part: &mut SnapshotRecord| part.seq += 1_000_000;
    let changes: [&dyn Fn(&mut SnapshotRecord); 6] = [
        &other_version,
        &damaged,
        &cut,
        &unfinished,
        &of_another_entry,
        &of_the_future,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut wrong = newest.clone();
        change(&mut wrong);
        let changed = copied(&store, |part| part != newest).await;
        changed.put_snapshot(&wrong, 0).await.unwrap();
        let (from, state) = recovered(&changed).await;
        assert_eq!((from, &state), (Some(older.seq), &whole), "change {number}");
        let alone = copied(&store, |_| false).await;
        alone.put_snapshot(&wrong, 0).await.unwrap();
        let (from, state) = recovered(&alone).await;
        assert_eq!((from, &state), (None, &whole), "change {number}, alone");
    }
}

#[cfg(feature = "cli")]
#[tokio::test(start_paused = true)]
async fn an_audit_finds_a_snapshot_that_tells_another_story() {
    let (store, all) = with_two().await;
    let check = async |store: &MemoryStore| {
        let mut check = SnapshotCheck::load(store).await.unwrap();
        let mut audit = swan_core::ledger::JournalAudit::new();
        let read = crate::ledger::read_journal(store, 1, |entry| {
            audit.observe(&entry);
            check.observe(&entry, audit.ledger());
        });
        read.await.unwrap();
        let checked = check.finish().into_iter();
        checked
            .map(|checked| (checked.seq, checked.problem))
            .collect::<Vec<_>>()
    };
    let [newest, older] = all.as_slice() else {
        panic!("{} snapshots", all.len())
    };
    assert_eq!(check(&store).await, [(older.seq, None), (newest.seq, None)]);

    // The older one under the number of the newer, sealed as if it were right.
    let found = newest_of(&store, older.seq).await;
    let (ledger, spending) = found.picture.unwrap().restore().unwrap();
    let at = ledger.now();
    let forged = Picture::new(newest.seq, ledger.snapshot(at), &spending);
    let bytes = forged.encode().unwrap();
    for part in format::parts(newest.seq, &bytes).unwrap() {
        store.put_snapshot(&part, 0).await.unwrap();
    }
    let checked = check(&store).await;
    assert_eq!(checked[0], (older.seq, None));
    let problem = checked[1].1.as_deref().unwrap_or_default();
    assert!(
        problem.contains("not what the journal comes to"),
        "{problem}"
    );
}

async fn newest_of(store: &MemoryStore, upto: u64) -> Found {
    newest(store, upto).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_many_parts_counts_once_all_are_there() {
    let (store, all) = with_two().await;
    let whole = newest_of(&store, u64::MAX).await.picture.unwrap();
    let bytes = all[0].body.clone();
    let split = MemoryStore::new();
    let size = bytes.len().div_ceil(3);
    for (part, body) in (0..).zip(bytes.chunks(size)) {
        assert!(newest(&split, u64::MAX).await.unwrap().is_none(), "{part}");
        let record = SnapshotRecord {
            seq: all[0].seq,
            part,
            parts: 3,
            body: body.to_vec(),
        };
        split.put_snapshot(&record, 0).await.unwrap();
    }
    let found = newest_of(&split, u64::MAX).await;
    assert_eq!((found.seq, found.picture.unwrap()), (all[0].seq, whole));
}

#[tokio::test(start_paused = true)]
async fn a_good_end_leaves_a_snapshot_when_much_has_happened() {
    for (requests, every, expected) in [
        (10, 1_000_000, None),
        (600, 1_000_000, Some(1_201)),
        // One that was begun and not finished does not count.
        (600, 1_000, Some(1_201)),
    ] {
        let store = MemoryStore::new();
        let (books, ..) = open(&store, every).await;
        let (account, id) = (AccountId::from_u128(1), TransferId::from_u128(1));
        let granted = books.grant(id, account, USD, pico(9_000), "x").await;
        let _ = granted.unwrap();
        for number in 0..requests {
            let terms = HoldRequest {
                request: RequestId::from_u128(100 + number),
                account,
                currency: USD,
                amount: pico(5),
                expires: Timestamp::from_millis(90_000),
                policy: None,
                extended: 0,
            };
            drop(books.hold(terms).unwrap().settle(charge(3, 1)).unwrap());
        }
        books.close().await.unwrap();
        let (from, state) = recovered(&store).await;
        assert_eq!(from, expected);
        assert_eq!(state, recovered(&copied(&store, |_| false).await).await.1);
    }
}

/// When this fails, the shape has changed: count the version up, so that what is stored is passed over instead of misread.
#[tokio::test(start_paused = true)]
async fn the_bytes_of_version_1_do_not_change() {
    let acts = [(0, 900), (2, 30), (4, 7), (2, 20), (1, 5), (8, 0)];
    let store = after_crash(&acts, 1).await;
    let part = store.snapshot(u64::MAX, 0).await.unwrap().unwrap();
    let hex: String = part.body.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, VERSION_1);
}

/// A grant; a hold and its charge; a hold that is pending.
const VERSION_1: &str = concat!(
    "017946cd79a210db1603e807808004040600008a0e0000000000000000000000000000000000000100000e00",
    "8a0e0200000e000e0100000000000000000000000000000002000000000e0003d1b54a32d192ed03aef17502",
    "108ef2db01e89cf52a01023e0101a36a9465a325da075de2ea04211de5b002d1b54a32d192ed03aef1750210",
    "8ef2db01020e00188a72fe17dea1126ab7490a52cabe3f0002030e0001000000000000000000000000000000",
    "010000018a0e0001000000000000000000000000000000030e000e000e010000000000000000000000000000",
    "00010e000e000e",
);
