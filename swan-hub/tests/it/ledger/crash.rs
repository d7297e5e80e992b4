//! A store that stops at any write: what a consumer was told stands, and nothing stays on hold.

use std::sync::Arc;
use std::time::Duration;

use swan_core::Currency;
use swan_hub::ledger::{Books, LedgerError};
use swan_hub::store::Store;
use tokio::time::timeout;

use super::faulty::{Fault, FaultyStore};
use super::{ACCOUNT, audit, charge, funded, open, pico, request};

const USD: Currency = Currency::Usd;
const REQUESTS: u128 = 24;

/// One request after the other, some dropped, some charged; answers what the consumers were told they paid.
async fn traffic(books: &Books) -> i128 {
    let mut told = 0;
    for id in 10..10 + REQUESTS {
        let Ok(mut hold) = books.hold(request(id, 100)) else {
            continue;
        };
        for slice in 0..id % 3 {
            let more = pico(100 + 50 * i128::try_from(slice).unwrap());
            let _ = hold.extend(more, hold.terms().expires);
        }
        if id % 4 == 0 {
            drop(hold);
            continue;
        }
        // A hold of another request stays open across the crash.
        let open_hold = books.hold(request(id + 1_000, 5));
        let gross = i128::try_from(id).unwrap();
        let settled = hold.settle(charge(gross)).unwrap();
        if let Ok(Ok(())) = timeout(Duration::from_secs(3), settled.durable()).await {
            told += gross;
        }
        std::mem::forget(open_hold);
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_write_loses_no_charge_and_leaves_no_hold() {
    for fault in [
        Fault::Fails,
        Fault::Lies,
        Fault::Hangs,
        Fault::HangsAfter,
        Fault::Breaks,
    ] {
        for good in 1..20 {
            let store = Arc::new(FaultyStore::new(fault, good, u32::MAX));
            let books = funded(store.clone(), 1_000_000).await;
            let told = traffic(&books).await;

            let found: Arc<dyn Store> = Arc::new(store.after_crash().await);
            let (reopened, recovery) = open(found.clone()).await.unwrap();
            let case = format!("{fault:?} after {good}: {recovery:?}");
            assert_eq!(reopened.pending_count(), 0, "{case}");
            let paid = 1_000_000 - reopened.available(ACCOUNT, USD).pico();
            // The writes that nobody was told about may have happened: at most the one that was under way.
            let most = i128::try_from(10 + REQUESTS).unwrap();
            assert!(
                paid >= told && paid - told <= most,
                "{case}: paid {paid}, told {told}"
            );
            if matches!(fault, Fault::Fails | Fault::Hangs | Fault::Breaks) {
                assert_eq!(paid, told, "{case}");
            }
            assert_eq!(reopened.audit(), [], "{case}");
            let report = audit(&*found).await;
            assert_eq!(
                (report.breaches.as_slice(), report.pending),
                (&[][..], 0),
                "{case}"
            );

            // The next start finds nothing left to do.
            reopened.close().await.unwrap();
            assert_eq!(open(found).await.unwrap().1.holds_voided, 0, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_loses_nothing() {
    for fault in [Fault::Fails, Fault::Lies, Fault::Hangs, Fault::HangsAfter] {
        let store = Arc::new(FaultyStore::new(fault, 1, 3));
        let books = funded(store.clone(), 1_000).await;
        let settled = books
            .hold(request(10, 100))
            .unwrap()
            .settle(charge(60))
            .unwrap();
        settled.durable().await.unwrap();
        assert!(books.is_available(), "{fault:?}");
        books.close().await.unwrap();
        let report = audit(&*store).await;
        assert_eq!(
            (report.breaches.as_slice(), report.entries),
            (&[][..], 3),
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_no_new_money_moves_and_holds_still_end() {
    let store = Arc::new(FaultyStore::new(Fault::Fails, 1, 20));
    let books = funded(store.clone(), 1_000).await;
    let (first, second) = (
        books.hold(request(10, 100)).unwrap(),
        books.hold(request(11, 100)).unwrap(),
    );
    let settled = first.settle(charge(60)).unwrap();
    while books.is_available() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let refused = books.hold(request(12, 1)).unwrap_err();
    assert!(matches!(refused, LedgerError::Unavailable { .. }) && refused.is_retryable());
    let late = second.settle(charge(40)).unwrap();
    settled.durable().await.unwrap();
    late.durable().await.unwrap();
    assert_eq!(books.available(ACCOUNT, USD), pico(900));
    drop(books.hold(request(12, 1)).expect("money moves again"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_journal_ends_the_books_and_says_so() {
    let store = Arc::new(FaultyStore::new(Fault::Breaks, 1, u32::MAX));
    let books = funded(store.clone(), 1_000).await;
    let settled = books
        .hold(request(10, 100))
        .unwrap()
        .settle(charge(60))
        .unwrap();
    assert!(matches!(
        settled.durable().await,
        Err(LedgerError::Unavailable { .. })
    ));
    assert!(matches!(
        books.hold(request(11, 1)),
        Err(LedgerError::Unavailable { .. })
    ));
    assert!(matches!(
        books.close().await,
        Err(LedgerError::Unavailable { .. })
    ));
}
