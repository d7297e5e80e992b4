//! Holds and charges on a store that works.

use std::sync::Arc;
use std::time::Duration;

use swan_core::{Clock as _, Currency, Timestamp};
use swan_hub::ledger::{Books, BooksOptions, LedgerError};
use swan_hub::store::{MemoryStore, Store, StoreError};
use tokio::time::timeout;

use super::{ACCOUNT, PROVIDER, audit, charge, clock, funded, grant, open, pico, request};

const USD: Currency = Currency::Usd;

#[tokio::test(start_paused = true)]
async fn a_hold_ends_by_settling_releasing_or_being_dropped() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000).await;
    let available = || books.available(ACCOUNT, USD).pico();

    let hold = books.hold(request(10, 400)).unwrap();
    assert_eq!((available(), books.pending_count()), (600, 1));
    hold.settle(charge(100)).unwrap().durable().await.unwrap();
    assert_eq!((available(), books.pending_count()), (900, 0));
    assert_eq!(books.earnings(PROVIDER, USD).posted(), pico(95));

    books.hold(request(11, 900)).unwrap().release("no provider");
    assert_eq!(available(), 900);
    drop(books.hold(request(12, 900)).unwrap());
    assert_eq!(available(), 900);
    assert_eq!(books.audit(), []);

    books.flush().await.unwrap();
    let report = audit(&*store).await;
    assert_eq!(
        (report.breaches.as_slice(), report.pending, report.holds),
        (&[][..], 0, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store, 1_000).await;
    let refused = books.hold(request(10, 1_001)).unwrap_err();
    assert!(
        matches!(refused, LedgerError::InsufficientFunds { available, wanted }
        if available == pico(1_000) && wanted == pico(1_001))
    );

    let hold = books.hold(request(11, 600)).unwrap();
    let twice = books.hold(request(11, 600)).unwrap_err();
    assert!(matches!(twice, LedgerError::Duplicate), "{twice}");
    let other = books.hold(request(11, 10)).unwrap_err();
    assert!(matches!(other, LedgerError::Duplicate), "{other}");
    // More than was held charges nothing and gives everything back.
    assert!(matches!(
        hold.settle(charge(601)),
        Err(LedgerError::Rejected(_))
    ));
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
    let again = books.hold(request(11, 600)).unwrap_err();
    assert!(matches!(again, LedgerError::Duplicate), "{again}");

    let mut wrong = charge(100);
    wrong.gross = pico(99);
    let hold = books.hold(request(12, 600)).unwrap();
    assert!(matches!(hold.settle(wrong), Err(LedgerError::Record(_))));
    assert_eq!(
        (books.available(ACCOUNT, USD), books.pending_count()),
        (pico(1_000), 0)
    );

    grant(&books, 1, 1_000)
        .await
        .expect("the same grant again is no error");
    assert!(matches!(
        grant(&books, 1, 999).await,
        Err(LedgerError::Duplicate)
    ));
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_costs_nothing_is_recorded_all_the_same() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000).await;
    let hold = books.hold(request(10, 0)).unwrap();
    hold.settle(charge(0)).unwrap().durable().await.unwrap();
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
    let report = audit(&*store).await;
    assert_eq!(
        report.groups.get(&swan_core::ledger::Rule::Charge),
        Some(&1)
    );
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_outlives_its_time_is_given_back() {
    let store = Arc::new(MemoryStore::new());
    let clock = clock();
    let (books, _) = Books::open(
        store.clone(),
        Arc::new(clock.clone()),
        BooksOptions::default(),
    )
    .await
    .unwrap();
    grant(&books, 1, 1_000).await.unwrap();
    let hold = books.hold(request(10, 700)).unwrap();
    let late = books.hold(request(11, 300)).unwrap();
    clock.set(Timestamp::from_millis(600_000));
    assert!(
        matches!(late.settle(charge(300)), Err(LedgerError::HoldOver)),
        "nothing is charged late"
    );
    // The writer sweeps on its own.
    while books.pending_count() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
    assert!(matches!(
        hold.settle(charge(100)),
        Err(LedgerError::HoldOver)
    ));
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
    books.flush().await.unwrap();
    assert!(audit(&*store).await.is_clean());
    assert_eq!(clock.now(), Timestamp::from_millis(600_000));
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_time_has_passed_is_not_extended() {
    let (store, clock) = (Arc::new(MemoryStore::new()), clock());
    let opened = Books::open(store, Arc::new(clock.clone()), BooksOptions::default());
    let (books, _) = opened.await.unwrap();
    grant(&books, 1, 1_000).await.unwrap();
    let mut hold = books.hold(request(10, 100)).unwrap();
    clock.set(Timestamp::from_millis(600_000));
    for later in [600_000, 900_000] {
        // Nobody has swept it yet.
        let extended = hold.extend(pico(200), Timestamp::from_millis(later));
        assert!(
            matches!(extended, Err(LedgerError::HoldOver)),
            "{extended:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_went_ahead_and_came_back_stops_nobody() {
    let store = Arc::new(MemoryStore::new());
    let clock = clock();
    let open = || {
        Books::open(
            store.clone(),
            Arc::new(clock.clone()),
            BooksOptions::default(),
        )
    };
    let (books, _) = open().await.unwrap();
    clock.set(Timestamp::from_millis(4_000_000_000_000));
    grant(&books, 1, 1_000).await.unwrap();
    clock.set(Timestamp::from_millis(2_000));
    let hold = books.hold(request(10, 700)).unwrap();
    hold.settle(charge(100)).unwrap().durable().await.unwrap();
    books.close().await.unwrap();
    // The next process, too, replays times that its clock has not reached.
    let (books, _) = open().await.unwrap();
    let hold = books.hold(request(11, 700)).unwrap();
    hold.settle(charge(100)).unwrap().durable().await.unwrap();
    assert_eq!(books.available(ACCOUNT, USD), pico(800));
    assert!(audit(&*store).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn many_charges_share_one_write() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000_000).await;
    let before = store.read(1, u32::MAX).await.unwrap().len();
    let settled: Vec<_> = (10..510)
        .map(|id| {
            books
                .hold(request(id, 100))
                .unwrap()
                .settle(charge(100))
                .unwrap()
        })
        .collect();
    for charge in settled {
        charge.durable().await.unwrap();
    }
    let records = store.read(1, u32::MAX).await.unwrap();
    assert_eq!(
        records.len() - before,
        1,
        "500 holds and 500 charges in one record"
    );
    assert_eq!(records.last().unwrap().count, 1_000);
}

#[tokio::test(start_paused = true)]
async fn one_process_keeps_the_books_and_closing_hands_them_over() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 1_000).await;
    let second = open(store.clone()).await.unwrap_err();
    assert!(
        matches!(second, LedgerError::Store(StoreError::Leased { .. })),
        "{second}"
    );

    let hold = books.hold(request(10, 600)).unwrap();
    books.close().await.unwrap();
    assert!(matches!(
        books.hold(request(11, 1)),
        Err(LedgerError::Unavailable { .. })
    ));
    assert!(matches!(
        grant(&books, 7, 1).await,
        Err(LedgerError::Unavailable { .. })
    ));
    drop((hold, books));

    let (books, recovery) = open(store.clone()).await.unwrap();
    assert_eq!((recovery.entries, recovery.holds_voided), (2, 1));
    assert_eq!(books.available(ACCOUNT, USD), pico(1_000));
    drop(books);
    // The last handle is gone, so the writer gives the lease back on its own.
    let options = BooksOptions::default();
    let reopened = Books::open(store.clone(), Arc::new(clock()), options);
    let (_, recovery) = timeout(Duration::from_secs(5), reopened)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((recovery.entries, recovery.holds_voided), (3, 0));
    assert!(audit(&*store).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_one_account_never_overspend_by_one_unit() {
    const FUNDS: i128 = 10_007;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), FUNDS).await;
    let tasks = (0..32_u128).map(|task| {
        let books = books.clone();
        tokio::spawn(async move {
            let mut charged = 0;
            for n in 0..200_u128 {
                let (held, spent) = (
                    3 + i128::try_from(n % 7).unwrap(),
                    i128::try_from(n % 3).unwrap(),
                );
                let Ok(hold) = books.hold(request(1_000 + task * 1_000 + n, held)) else {
                    continue;
                };
                assert!(!books.available(ACCOUNT, USD).is_negative());
                match n % 5 {
                    0 => drop(hold),
                    1 => hold.release("test"),
                    _ => {
                        if n % 11 == 0 {
                            tokio::task::yield_now().await;
                        }
                        hold.settle(charge(spent)).unwrap().durable().await.unwrap();
                        charged += spent;
                    }
                }
            }
            charged
        })
    });
    let mut charged = 0;
    for task in tasks.collect::<Vec<_>>() {
        charged += task.await.unwrap();
    }
    assert_eq!(books.available(ACCOUNT, USD), pico(FUNDS - charged));
    // What is left can be held to the last unit, and not one unit more.
    let rest = FUNDS - charged;
    assert!(books.hold(request(1, rest + 1)).is_err());
    drop(books.hold(request(2, rest)).unwrap());
    books.close().await.unwrap();
    let report = audit(&*store).await;
    assert_eq!((report.breaches.as_slice(), report.pending), (&[][..], 0));
}
