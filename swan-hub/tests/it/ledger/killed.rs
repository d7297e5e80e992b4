//! The books on a real file, in a process that is killed in the middle of its work.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use swan_core::Currency;
use swan_hub::store::{SqliteOptions, SqliteStore, Store, StorePlace};
use tempfile::TempDir;

use super::{ACCOUNT, audit, charge, funded, open, pico, request};

const FUNDS: i128 = 1_000_000_000;
const FOLDER: &str = "SWAN_TEST_KILLED_FOLDER";
const ROUND: &str = "SWAN_TEST_KILLED_ROUND";
const ROUNDS: u128 = 4;

async fn store(folder: &Path) -> Arc<dyn Store> {
    let path = folder.join(StorePlace::FILE);
    let store = SqliteStore::open(path, SqliteOptions::default()).await;
    Arc::new(store.unwrap())
}

/// The process that is killed: charges one pico-unit after the other, and tells of each once it is durable.
async fn victim(folder: &Path, round: u128) {
    let first = round << 64;
    let books = funded(store(folder).await, FUNDS).await;
    for task in 0..16_u128 {
        let books = books.clone();
        tokio::spawn(async move {
            for n in 0.. {
                let id = first + (task << 32) + n;
                let hold = books.hold(request(id, 10)).unwrap();
                // One that is never settled, so that each crash leaves holds behind.
                std::mem::forget(books.hold(request(id + (1 << 31), 1)).unwrap());
                hold.settle(charge(1)).unwrap().durable().await.unwrap();
                // One write a line, so that what was read was told whole.
                std::io::stdout().write_all(b"charged one\n").unwrap();
            }
        });
    }
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_charge_it_told_of_and_leaves_no_hold() {
    // The victim is this same test, run by itself with these variables set.
    if let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) {
        return victim(folder.as_ref(), round.parse().unwrap()).await;
    }
    let folder = TempDir::new().unwrap();
    let mut told = 0;
    for round in 1..=ROUNDS {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "ledger::killed::a_killed_process_loses_no_charge_it_told_of_and_leaves_no_hold",
                "--exact",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let is_charge = |line: std::io::Result<String>| line.unwrap() == "charged one";
        let enough = lines
            .by_ref()
            .filter_map(|line| is_charge(line).then_some(()))
            .take(150);
        told += i128::try_from(enough.count()).unwrap();
        victim.kill().unwrap();
        // What was told between the last look and the kill counts too.
        told += i128::try_from(
            lines
                .filter_map(|line| is_charge(line).then_some(()))
                .count(),
        )
        .unwrap();
        victim.wait().unwrap();

        let store = store(folder.path()).await;
        let (books, recovery) = open(store.clone()).await.unwrap();
        let paid = FUNDS - books.available(ACCOUNT, Currency::Usd).pico();
        let known = format!("round {round}: told {told}, paid {paid}, {recovery:?}");
        assert!(told >= 150 && paid >= told, "{known}");
        // At most one charge of each task was written and not told.
        assert!(
            paid - told <= 16 * i128::try_from(round).unwrap(),
            "{known}"
        );
        assert!(recovery.holds_voided > 0, "{known}");
        assert_eq!(books.pending_count(), 0, "{known}");
        assert_eq!(
            books.balance(ACCOUNT, Currency::Usd).debits_pending,
            pico(0),
            "{known}"
        );
        books.close().await.unwrap();
        let report = audit(&*store).await;
        assert_eq!(
            (report.breaches.as_slice(), report.pending),
            (&[][..], 0),
            "{known}"
        );
    }
}
