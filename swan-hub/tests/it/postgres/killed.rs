//! Books on a server that is killed in the middle of their work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use swan_core::Currency;
use swan_hub::store::Store;

use super::open;
use super::server::Server;
use crate::ledger::{ACCOUNT, audit, charge, funded, request};

const FUNDS: i128 = 1_000_000_000;
const TASKS: u128 = 8;
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_and_doubles_no_charge() {
    let server = Server::own().await;
    let url = server.database().await;
    let store: Arc<dyn Store> = Arc::new(open(&url).await.unwrap());
    let books = funded(store, FUNDS).await;
    let (told, unsure) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (books, told, unsure) = (books.clone(), Arc::clone(&told), Arc::clone(&unsure));
            tokio::spawn(async move {
                for n in 0_u128.. {
                    let id = (task + 1) << 64 | n;
                    // Nothing new is taken while the server is away.
                    let Ok(hold) = books.hold(request(id, 10)) else {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        continue;
                    };
                    match hold.settle(charge(1)).unwrap().durable().await {
                        Ok(_) => told.fetch_add(1, Ordering::SeqCst),
                        Err(_) => unsure.fetch_add(1, Ordering::SeqCst),
                    };
                }
            })
        })
        .collect();
    let until = async |count: i64| {
        let begun = Instant::now();
        while told.load(Ordering::SeqCst) < count {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "money moves no more"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    for _ in 0..KILLS {
        until(told.load(Ordering::SeqCst) + 100).await;
        server.kill();
        server.restart().await;
    }
    until(told.load(Ordering::SeqCst) + 100).await;
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
    books.close().await.unwrap();
    drop(books);

    let store: Arc<dyn Store> = Arc::new(open(&url).await.unwrap());
    let report = audit(&*store).await;
    assert_eq!(report.breaches, []);
    let (books, _) = crate::ledger::open(store).await.unwrap();
    let paid = FUNDS - books.available(ACCOUNT, Currency::Usd).pico();
    let (told, unsure) = (told.load(Ordering::SeqCst), unsure.load(Ordering::SeqCst));
    let known = format!("told {told}, unsure {unsure}, paid {paid}");
    // Each task was ended in the middle of at most one charge.
    let most = i128::from(told + unsure) + i128::try_from(TASKS).unwrap();
    assert!(paid >= i128::from(told) && paid <= most, "{known}");
}
