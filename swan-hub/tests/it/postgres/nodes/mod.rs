//! Several hubs that share the funds of one database.

mod ended;
mod pool;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use swan_core::ledger::{Account, AccountKey, Applied, PaymentKind};
use swan_core::{Amount, Currency, TransferId};
use swan_hub::ledger::{Books, BooksOptions, HoldRequest, LedgerError};
use swan_hub::store::{Pool, PostgresStore, Store, StoreError};
use tokio::task::JoinSet;

use super::open;
use super::server::Server;
use crate::ledger::{ACCOUNT, audit, charge, clock, grant, pico, request};

const USD: Currency = Currency::Usd;
const OF: AccountKey = Account::Consumer(ACCOUNT).in_currency(USD);
/// Longer than a busy machine keeps anybody waiting.
const TTL: Duration = Duration::from_secs(3);
const HOLD: i128 = 10;
const CHARGE: i128 = 7;

/// One of several hubs' books, and its view of the database.
struct Node {
    store: PostgresStore,
    books: Books,
}

fn options(pool: Arc<dyn Pool>) -> BooksOptions {
    BooksOptions::default()
        .with_pool(pool)
        .with_slice(pico(2_000))
        .with_idle(Duration::from_millis(300))
        .with_lease_wait(TTL * 4)
}

impl Node {
    async fn start(url: &str, name: &str) -> Self {
        let store = open(url).await.unwrap().as_node(name, TTL);
        let pool = store.shared_funds().unwrap();
        let opened = Books::open(Arc::new(store.clone()), Arc::new(clock()), options(pool)).await;
        let books = opened.unwrap().0;
        Self { store, books }
    }
}

/// What consumers were told, and whether they go on.
#[derive(Default)]
struct Tally {
    told: AtomicI64,
    stop: AtomicBool,
}

/// Requests one after the other, until they are told to stop; answers how often there was too little.
async fn hammer(books: Books, first: u128, tally: Arc<Tally>) {
    for n in 0_u128.. {
        if tally.stop.load(Ordering::SeqCst) {
            return;
        }
        match books.hold_or_draw(request(first + n, HOLD)).await {
            Ok(hold) => {
                hold.settle(charge(CHARGE))
                    .unwrap()
                    .durable()
                    .await
                    .unwrap();
                tally.told.fetch_add(7, Ordering::SeqCst);
            }
            Err(LedgerError::InsufficientFunds { .. }) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until so much was charged, or nothing more is for a long time.
async fn until_spent(tally: &Tally, least: i128) {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let told = tally.told.load(Ordering::SeqCst);
        if i128::from(told) >= least {
            return;
        }
        if told != last {
            (last, since) = (told, Instant::now());
        }
        assert!(
            since.elapsed() < Duration::from_secs(15),
            "no more than {told} of {least} is spent"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the journal of a node charged, once it was found to be sound; no hold is left in it.
async fn charged(store: &PostgresStore) -> i128 {
    let report = audit(store).await;
    assert_eq!(report.breaches, []);
    assert_eq!(report.pending, 0);
    let ledger = report.ledger;
    let has = ledger
        .balance(&Account::Slice(ACCOUNT).in_currency(USD))
        .given();
    has.pico() - ledger.balance(&OF).posted().pico()
}

/// Free funds and slices are what was granted, and each node's slice is what its journal says that it has.
async fn check_shared(store: &PostgresStore) {
    for (_, [free, slices, granted]) in store.shared_accounts().await.unwrap() {
        assert_eq!(free.pico() + slices.pico(), granted.pico());
        assert!(!free.is_negative());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_are_hammered_at_once_spend_exactly_what_there_is() {
    const FUNDS: i128 = 20_011;
    let url = Server::shared().await.database().await;
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        nodes.push(Node::start(&url, name).await);
    }
    grant(&nodes[0].books, 1, FUNDS).await.unwrap();
    grant(&nodes[1].books, 1, FUNDS).await.unwrap();
    let tally = Arc::new(Tally::default());
    let mut tasks = JoinSet::new();
    for (node, number) in nodes.iter().zip(1_u128..) {
        for task in 0..6_u128 {
            let first = (number << 96) | (task << 64) | 1;
            tasks.spawn(hammer(node.books.clone(), first, Arc::clone(&tally)));
        }
    }
    // To the last pico-unit that a hold has room for, wherever it is.
    until_spent(&tally, FUNDS - HOLD + 1).await;
    tally.stop.store(true, Ordering::SeqCst);
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let told = i128::from(tally.told.load(Ordering::SeqCst));
    assert!(told <= FUNDS, "{told}");
    let mut sum = 0;
    for node in &nodes {
        assert_eq!(node.books.audit(), []);
        node.books.close().await.unwrap();
        sum += charged(&node.store).await;
    }
    assert_eq!(sum, told, "the journals say what consumers were told");
    let shared = nodes[0].store.shared_accounts().await.unwrap();
    let [(_, [free, slices, granted])] = shared.as_slice() else {
        panic!("{shared:?}")
    };
    assert_eq!(
        (free.pico(), slices.pico()),
        (FUNDS - told, told),
        "what is left is free"
    );
    assert_eq!(granted.pico(), FUNDS);
    let told = super::command::run(&url, "audit").await;
    assert!(
        told.contains("node b") && told.contains("add up: ok"),
        "{told}"
    );
    assert!(!told.contains("BREACHES"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_are_those_of_all_nodes_and_idle_funds_are_free_again() {
    let url = Server::shared().await.database().await;
    let (a, b) = (Node::start(&url, "a").await, Node::start(&url, "b").await);
    grant(&a.books, 1, 1_000).await.unwrap();
    let hold = a.books.hold_or_draw(request(1 << 64, 900)).await.unwrap();
    let short = b
        .books
        .hold_or_draw(request(2 << 64, 900))
        .await
        .unwrap_err();
    assert!(
        matches!(short, LedgerError::InsufficientFunds { .. }),
        "{short}"
    );
    hold.settle(charge(100)).unwrap().durable().await.unwrap();
    let begun = Instant::now();
    loop {
        let all = b.books.balance_everywhere(ACCOUNT, USD).await.unwrap();
        if all.posted() == pico(900) && all.debits_posted == pico(100) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{all:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What the one does not use is free for the other.
    while b.books.hold_or_draw(request(3 << 64, 900)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    check_shared(&a.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_by_card_are_booked_once_at_all_nodes_and_of_the_shared_funds() {
    let url = Server::shared().await.database().await;
    let (a, b) = (Node::start(&url, "a").await, Node::start(&url, "b").await);
    grant(&a.books, 1, 1_000).await.unwrap();
    let paid = crate::ledger::payments::terms(7, PaymentKind::Topup, 500);
    let (one, two) = tokio::join!(a.books.pay(&paid), b.books.pay(&paid));
    let both = [one.unwrap(), two.unwrap()];
    assert!(both.contains(&Applied::Created) && both.contains(&Applied::Exists));
    // More than there is, and more than was ever paid by card.
    for much in [1_501, 501] {
        let much = crate::ledger::payments::terms(8, PaymentKind::Refund, much);
        let refused = b.books.pay(&much).await.unwrap_err();
        assert!(
            matches!(refused, LedgerError::InsufficientFunds { .. }),
            "{refused}"
        );
    }
    for (id, kind, amount) in [
        (8, PaymentKind::Refund, 200),
        (9, PaymentKind::Reversal, 300),
    ] {
        let terms = crate::ledger::payments::terms(id, kind, amount);
        assert_eq!(b.books.pay(&terms).await.unwrap(), Applied::Created);
        assert_eq!(a.books.pay(&terms).await.unwrap(), Applied::Exists);
    }
    assert!(!a.books.is_frozen(ACCOUNT), "it was there");
    a.books.close().await.unwrap();
    assert_eq!(charged(&a.store).await, 0);
    let shared = b.store.shared_accounts().await.unwrap();
    assert_eq!(shared[0].1, [pico(1_000), Amount::ZERO, pico(1_000)]);
    let told = super::command::run(&url, "audit").await;
    assert!(
        told.contains("add up: ok") && !told.contains("BREACHES"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hub_alone_and_nodes_do_not_share_a_database() {
    let server = Server::shared().await;
    let url = server.database().await;
    let node = Node::start(&url, "a").await;
    let alone = open(&url).await.unwrap();
    assert!(matches!(
        alone.lease().await,
        Err(StoreError::Leased { .. })
    ));
    let twin = open(&url).await.unwrap().as_node("a", TTL);
    assert!(
        matches!(twin.lease().await, Err(StoreError::Leased { .. })),
        "one of each name"
    );
    node.books.close().await.unwrap();
    let begun = Instant::now();
    while twin.lease().await.is_err() {
        assert!(begun.elapsed() < TTL, "the name is free at once");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let url = server.database().await;
    let alone = Arc::new(open(&url).await.unwrap());
    let books = crate::ledger::funded(alone, 100).await;
    let late = open(&url).await.unwrap().as_node("a", TTL);
    let error = late.lease().await.unwrap_err().to_string();
    assert!(error.contains("without a node's name"), "{error}");
    books.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_documents_tell_of_all_nodes_together() {
    let url = Server::shared().await.database().await;
    super::command::run(&url, "key create consumer --name alice").await;
    let account = open(&url).await.unwrap().accounts().await.unwrap()[0].id;
    for (name, gross) in [("a", 100_i128), ("b", 200)] {
        let node = Node::start(&url, name).await;
        let id = TransferId::from_u128(1);
        let granted = node.books.grant(id, account, USD, pico(1_000), "once");
        let _ = granted.await.unwrap();
        let asked = HoldRequest {
            account,
            ..request(gross.unsigned_abs() << 64, 400)
        };
        let hold = node.books.hold_or_draw(asked).await.unwrap();
        hold.settle(charge(gross)).unwrap().durable().await.unwrap();
        node.books.close().await.unwrap();
    }
    let shown = super::command::run(&url, &format!("account show {account}")).await;
    let usd = "USD: balance 0.0000000007, held 0, available 0.0000000007, charged 0.0000000003";
    assert!(shown.contains(usd), "{shown}");
    let line = format!("usage export {account} --format json");
    let exported = super::command::run(&url, &line).await;
    let exported: serde_json::Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(exported["data"].as_array().unwrap().len(), 2, "{exported}");
    assert_eq!(exported["data"][0]["cost"], "0.0000000001", "{exported}");
    assert_eq!(exported["totals"][0]["cost"], "0.0000000003", "{exported}");
}
