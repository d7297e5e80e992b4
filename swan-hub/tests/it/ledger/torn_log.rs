//! SQLite's write-ahead log, cut where a power failure may leave it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use swan_core::ledger::Rule;
use swan_hub::store::{JournalRecord, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

use super::{audit, charge, funded, open, request};

const CHARGES: u128 = 5;
/// As SQLite writes it: a header, then frames of a header and a page each.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const FRAME: usize = FRAME_HEADER + 4_096;

async fn file(path: &Path) -> Arc<dyn Store> {
    let store = SqliteStore::open(path, SqliteOptions::default()).await;
    Arc::new(store.unwrap())
}

/// Before, at and after every border in the log, and a good many places between them.
fn cuts(length: usize) -> BTreeSet<usize> {
    let borders = (HEADER..=length).step_by(FRAME);
    let around = borders.flat_map(|border| [border - 1, border, border + 1, border + FRAME_HEADER]);
    let between = (0..length).step_by(2_503);
    let all = around.chain(between).chain([HEADER - 1, length]);
    all.filter(|cut| *cut <= length).collect()
}

/// A file and its log, as they were while the hub ran.
struct Found {
    folder: TempDir,
    content: Vec<u8>,
    log: Vec<u8>,
    journal: Vec<JournalRecord>,
}

impl Found {
    /// The file with so much of its log, in a folder of its own: one that is being closed takes its log away by name.
    fn cut(&self, at: usize) -> PathBuf {
        let path = self.folder.path().join(at.to_string()).join("swan.db");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &self.content).unwrap();
        std::fs::write(path.with_extension("db-wal"), &self.log[..at]).unwrap();
        path
    }

    /// How many charges are left.
    async fn charges(&self, at: usize) -> u64 {
        let store = file(&self.cut(at)).await;
        let found = store.read(1, 1_000).await.unwrap();
        assert!(self.journal.starts_with(&found), "cut at {at}");
        let report = audit(&*store).await;
        assert!(report.is_clean(), "cut at {at}: {:?}", report.breaches);
        report.groups.get(&Rule::Charge).copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_log_that_is_cut_anywhere_keeps_what_was_durable_and_nothing_by_halves() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swan.db");
    let log = folder.path().join("swan.db-wal");
    let store = file(&path).await;
    let books = funded(Arc::clone(&store), 1_000).await;
    let length = || usize::try_from(std::fs::metadata(&log).unwrap().len()).unwrap();
    // How long the log was when a charge was told to be durable.
    let mut told = Vec::new();
    for n in 1..=CHARGES {
        let hold = books.hold(request(n, 10)).unwrap();
        hold.settle(charge(7)).unwrap().durable().await.unwrap();
        told.push(length());
    }
    let found = Found {
        content: std::fs::read(&path).unwrap(),
        log: std::fs::read(&log).unwrap(),
        journal: store.read(1, 1_000).await.unwrap(),
        folder,
    };
    let all = cuts(found.log.len());
    let charges = stream::iter(&all)
        .map(async |at| (*at, found.charges(*at).await))
        .buffer_unordered(16)
        .collect::<Vec<_>>();
    for (at, charges) in charges.await {
        let durable = told.iter().filter(|length| **length <= at).count() as u64;
        // The last one may have been written and not yet told.
        assert!((durable..=durable + 1).contains(&charges), "cut at {at}");
    }
    // And a hub goes on from there.
    let at = (told[2]..).find(|at| !all.contains(at)).unwrap();
    let (books, recovery) = open(file(&found.cut(at)).await).await.unwrap();
    assert_eq!((books.pending_count(), recovery.holds_voided), (0, 0));
    books.close().await.unwrap();
}
