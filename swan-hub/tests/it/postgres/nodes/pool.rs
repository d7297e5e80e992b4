//! A pool that is slow, or that is not heard: requests do not wait for the one, and nothing is lost with the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use swan_core::Amount;
use swan_core::ledger::AccountKey;
use swan_hub::ledger::Books;
use swan_hub::store::{JournalRecord, Neighbour, Pool, PoolGrant, Reach, StoreError};
use tokio::sync::RwLock;

use super::super::open;
use super::super::server::{Server, connect};
use super::{HOLD, Node, TTL, check_shared, options};
use crate::ledger::{charge, clock, grant, pico, request};

/// A pool that takes its time, and counts; one that is deaf lets draw and does not say so. Whoever has the gate holds up all questions.
#[derive(Debug)]
struct Slow {
    pool: Arc<dyn Pool>,
    asked: AtomicU64,
    takes: Duration,
    gate: RwLock<()>,
    is_deaf: AtomicBool,
    drawn: AtomicBool,
}

impl Slow {
    fn new(pool: Arc<dyn Pool>, takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            pool,
            takes,
            gate: RwLock::new(()),
            asked: AtomicU64::new(0),
            is_deaf: AtomicBool::new(false),
            drawn: AtomicBool::new(false),
        })
    }
}

#[async_trait]
impl Pool for Slow {
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        drop(self.gate.read().await);
        tokio::time::sleep(self.takes).await;
        let answer = self.pool.reach(of, reach).await;
        if reach.want > Amount::ZERO && self.is_deaf.load(Ordering::SeqCst) {
            self.drawn.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        answer
    }
    async fn slices(&self) -> Result<Vec<(AccountKey, [Amount; 2])>, StoreError> {
        self.pool.slices().await
    }
    async fn grant(&self, grant: &PoolGrant) -> Result<bool, StoreError> {
        self.pool.grant(grant).await
    }
    async fn balance(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        self.pool.balance(of).await
    }
    async fn tell_earned(&self, earned: &[(AccountKey, Amount)]) -> Result<(), StoreError> {
        self.pool.tell_earned(earned).await
    }
    async fn earned(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        self.pool.earned(of).await
    }
    async fn free(&self, of: AccountKey) -> Result<Amount, StoreError> {
        self.pool.free(of).await
    }
    async fn read_till(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        self.pool.read_till(seq, limit).await
    }
    async fn book(
        &self,
        record: &JournalRecord,
        credit: Option<&PoolGrant>,
    ) -> Result<bool, StoreError> {
        self.pool.book(record, credit).await
    }
    async fn dead(&self) -> Result<Vec<Neighbour>, StoreError> {
        self.pool.dead().await
    }
    async fn cleared(&self) -> Result<(), StoreError> {
        self.pool.cleared().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_steady_state_no_request_waits_for_the_shared_funds() {
    let url = Server::shared().await.database().await;
    let store = open(&url).await.unwrap().as_node("a", TTL);
    let slow = Slow::new(store.shared_funds().unwrap(), Duration::from_millis(200));
    let options = options(Arc::clone(&slow) as Arc<dyn Pool>).with_slice(pico(100_000));
    let opened = Books::open(Arc::new(store), Arc::new(clock()), options).await;
    let books = opened.unwrap().0;
    grant(&books, 1, 10_000_000).await.unwrap();
    drop(books.hold_or_draw(request(1, HOLD)).await.unwrap());
    let mut longest = Duration::ZERO;
    for n in 2..8_002_u128 {
        let begun = Instant::now();
        let hold = books.hold_or_draw(request(n, HOLD)).await.unwrap();
        longest = longest.max(begun.elapsed());
        let settled = hold.settle(charge(HOLD)).unwrap();
        if n % 100 == 0 {
            settled.durable().await.unwrap();
        }
    }
    // Each answer of the pool takes 200 ms; a busy machine may take its own time, but not that.
    assert!(longest < Duration::from_millis(150), "{longest:?}");
    let asked = slow.asked.load(Ordering::SeqCst);
    assert!(asked < 200, "{asked} questions for 8,000 requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_spend_while_a_request_draws_it_draws_again() {
    let url = Server::shared().await.database().await;
    let store = open(&url).await.unwrap().as_node("a", TTL);
    let slow = Slow::new(store.shared_funds().unwrap(), Duration::ZERO);
    let options = options(Arc::clone(&slow) as Arc<dyn Pool>)
        .with_slice(pico(15))
        .with_idle(Duration::from_secs(3_600));
    let opened = Books::open(Arc::new(store.clone()), Arc::new(clock()), options).await;
    let books = opened.unwrap().0;
    grant(&books, 1, 60).await.unwrap();
    // A quarter of it is at the node; a request of 20 lacks 5.
    drop(books.hold_or_draw(request(1, 1)).await.unwrap());
    let held_up = slow.gate.write().await;
    let before = slow.asked.load(Ordering::SeqCst);
    let draws = tokio::spawn({
        let books = books.clone();
        async move { books.hold_or_draw(request(2, 20)).await }
    });
    while slow.asked.load(Ordering::SeqCst) == before {
        tokio::task::yield_now().await;
    }
    let quicker = books.hold(request(3, 15)).unwrap();
    drop(held_up);
    let hold = draws.await.unwrap().unwrap();
    assert_eq!(hold.amount(), pico(20));
    drop((hold, quicker));
    check_shared(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_drawn_for_a_request_that_is_gone_is_free_again() {
    let url = Server::shared().await.database().await;
    let store = open(&url).await.unwrap().as_node("a", TTL);
    let deaf = Slow::new(store.shared_funds().unwrap(), Duration::ZERO);
    let pool = Arc::clone(&deaf) as Arc<dyn Pool>;
    let opened = Books::open(Arc::new(store.clone()), Arc::new(clock()), options(pool)).await;
    let books = opened.unwrap().0;
    grant(&books, 1, 1_000).await.unwrap();
    deaf.is_deaf.store(true, Ordering::SeqCst);
    // The consumer hangs up while its node waits for the shared funds.
    let hung_up = tokio::time::timeout(
        Duration::from_millis(300),
        books.hold_or_draw(request(1, 900)),
    );
    assert!(hung_up.await.is_err());
    let free = || async {
        let shared = store.shared_accounts().await.unwrap();
        let [(_, [free, ..])] = shared.as_slice() else {
            panic!("{shared:?}")
        };
        free.pico()
    };
    assert!(deaf.drawn.load(Ordering::SeqCst));
    let begun = Instant::now();
    while free().await != 1_000 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it stays drawn");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    check_shared(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_a_later_one_has_overtaken_changes_nothing() {
    let url = Server::shared().await.database().await;
    let node = Node::start(&url, "a").await;
    grant(&node.books, 1, 1_000).await.unwrap();
    let hold = node.books.hold_or_draw(request(1, 900)).await.unwrap();
    let client = connect(&url).await.unwrap();
    // A connection was given up with this on its way: at that time the node had nothing.
    client
        .batch_execute("SET search_path TO swan")
        .await
        .unwrap();
    let late = "SELECT reach(node, 1::bigint, (1::bigint << 40) - 1, account, currency, 0, 0, 0, 0)::text FROM slices";
    let rows = client.query(late, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(rows[0].get::<_, Option<String>>(0), None);
    let shared = node.store.shared_accounts().await.unwrap();
    assert!(shared[0].1[1] >= pico(900), "{shared:?}");
    drop(hold);
}
