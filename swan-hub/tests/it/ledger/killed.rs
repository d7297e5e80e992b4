//! The books on a real file or database, in a process that is killed in the middle of its work.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use swan_core::Currency;
use swan_hub::ledger::{Books, BooksOptions};
use swan_hub::store::{Durability, Store, StorePlace};
use tempfile::TempDir;

use super::{ACCOUNT, audit, charge, clock, funded, pico, request};

const FUNDS: i128 = 1_000_000_000;
const PLACE: &str = "SWAN_TEST_KILLED_STORE";
const ROUND: &str = "SWAN_TEST_KILLED_ROUND";
const ROUNDS: u128 = 4;

async fn store(place: &str) -> Arc<dyn Store> {
    let place: StorePlace = place.parse().unwrap();
    place.open(Durability::Strict).await.unwrap()
}

/// The process that is killed: charges one pico-unit after the other, and tells of each once it is durable.
async fn victim(place: &str, round: u128) {
    let first = round << 64;
    let books = funded(store(place).await, FUNDS).await;
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
    if is_victim().await {
        return;
    }
    let folder = TempDir::new().unwrap();
    let place = StorePlace::in_folder(folder.path()).to_string();
    let test = "a_killed_process_loses_no_charge_it_told_of_and_leaves_no_hold";
    kill_and_look(&place, test).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_over_a_database_loses_no_charge_either() {
    if is_victim().await {
        return;
    }
    let server = crate::postgres::server::Server::shared().await;
    let place = server.database().await;
    let test = "a_process_killed_over_a_database_loses_no_charge_either";
    kill_and_look(&place, test).await;
}

/// The victim is the same test, run by itself with these variables set.
async fn is_victim() -> bool {
    let (Ok(place), Ok(round)) = (std::env::var(PLACE), std::env::var(ROUND)) else {
        return false;
    };
    victim(&place, round.parse().unwrap()).await;
    true
}

async fn kill_and_look(place: &str, test: &str) {
    let mut told = 0;
    for round in 1..=ROUNDS {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .arg(format!("ledger::killed::{test}"))
            .args(["--exact", "--nocapture"])
            .env(PLACE, place)
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

        let store = store(place).await;
        // A database server may notice a moment later that the process is gone.
        let opened = Books::open(store.clone(), Arc::new(clock()), BooksOptions::default());
        let (books, recovery) = opened.await.unwrap();
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
