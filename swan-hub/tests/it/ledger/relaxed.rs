//! Relaxed books: nobody waits for the store, and a hub that ends in good order loses nothing all the same.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use swan_hub::ledger::{Books, BooksOptions, LedgerError};
use swan_hub::store::{Durability, MemoryStore, Store};

use super::faulty::{Fault, FaultyStore};
use super::{audit, charge, clock, grant, pico, request};

async fn relaxed(store: Arc<dyn Store>) -> Books {
    let options = BooksOptions::default()
        .without_lease_wait()
        .with_durability(Durability::Relaxed);
    let (books, _) = Books::open(store, Arc::new(clock()), options)
        .await
        .unwrap();
    grant(&books, 1, 1_000).await.unwrap();
    books
}

#[tokio::test(start_paused = true)]
async fn a_charge_is_confirmed_before_the_store_has_it() {
    let store = Arc::new(MemoryStore::new());
    let books = relaxed(store.clone()).await;
    let settled = books.hold(request(10, 400)).unwrap().settle(charge(100));
    let confirmed = settled.unwrap().durable().now_or_never();
    assert!(matches!(confirmed, Some(Ok(()))), "{confirmed:?}");
    assert_eq!(
        audit(&*store).await.holds,
        0,
        "the store has not heard of it"
    );

    // It follows by itself, though nobody waits for it.
    tokio::time::sleep(Duration::from_millis(15)).await;
    let report = audit(&*store).await;
    assert_eq!((report.holds, report.pending), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn many_charges_share_one_write_and_the_end_writes_what_is_left() {
    let store = Arc::new(FaultyStore::working());
    let books = relaxed(store.clone()).await;
    let before = store.appends.load(std::sync::atomic::Ordering::SeqCst);
    for id in 10..110 {
        let hold = books.hold(request(id, 10)).unwrap();
        drop(hold.settle(charge(10)).unwrap());
    }
    books.close().await.unwrap();
    let writes = store.appends.load(std::sync::atomic::Ordering::SeqCst) - before;
    assert!(writes <= 2, "{writes} writes");
    let report = audit(&store.inner).await;
    assert_eq!(
        (report.breaches.as_slice(), report.pending, report.holds),
        (&[][..], 0, 100)
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_has_failed_is_waited_for() {
    let store = Arc::new(FaultyStore::working());
    let books = relaxed(store.clone()).await;
    let hold = books.hold(request(10, 400)).unwrap();
    store.go_away(Fault::Fails);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!books.is_available());
    let refused = books.hold(request(11, 1)).unwrap_err();
    assert!(matches!(refused, LedgerError::Unavailable { .. }));
    let settled = hold.settle(charge(100)).unwrap();
    let mut waiting = Box::pin(settled.durable());
    assert!((&mut waiting).now_or_never().is_none(), "nobody is told");
    store.come_back();
    waiting.await.unwrap();
    assert_eq!(
        books.available(super::ACCOUNT, swan_core::Currency::Usd),
        pico(900)
    );
}
