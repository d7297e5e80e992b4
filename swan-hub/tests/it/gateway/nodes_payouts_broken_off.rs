//! A hub that dies in the middle of a payout, at each step of it: another ends it, finishes what was begun or begins anew, and nobody is
//! paid twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use swan_core::ledger::AccountKey;
use swan_core::{Amount, Currency, ProviderId};
use swan_hub::store::{JournalRecord, KeyKind, Neighbour, Pool, PoolGrant, Reach, StoreError};
use tokio::sync::Notify;

use super::Market;
use super::nodes::{hub, hub_over};
use super::nodes_payouts::{ask, check, end, know};
use super::papers::get;
use super::payouts::{earn, id};
use super::within;
use crate::postgres;
use crate::postgres::server::Server;

/// A way to what is shared of a hub that dies when it books.
#[derive(Debug)]
pub(super) struct Dying {
    pool: Arc<dyn Pool>,
    /// How often it still books.
    left: AtomicI64,
    /// Whether the last time is done before it dies.
    is_done: bool,
    pub(super) died: Notify,
}

impl Dying {
    pub(super) fn new(pool: Arc<dyn Pool>, left: i64, is_done: bool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            left: AtomicI64::new(left),
            is_done,
            died: Notify::new(),
        })
    }

    /// Whoever is dead asks nothing more.
    async fn lives(&self) {
        if self.left.load(Ordering::SeqCst) <= 0 {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Pool for Dying {
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError> {
        self.lives().await;
        self.pool.reach(of, reach).await
    }

    async fn slices(&self) -> Result<Vec<(AccountKey, [Amount; 2])>, StoreError> {
        self.lives().await;
        self.pool.slices().await
    }

    async fn grant(&self, grant: &PoolGrant) -> Result<bool, StoreError> {
        self.pool.grant(grant).await
    }

    async fn balance(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        self.pool.balance(of).await
    }

    async fn tell_earned(&self, earned: &[(AccountKey, Amount)]) -> Result<(), StoreError> {
        self.lives().await;
        self.pool.tell_earned(earned).await
    }

    async fn earned(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        self.pool.earned(of).await
    }

    async fn free(&self, of: AccountKey) -> Result<Amount, StoreError> {
        self.pool.free(of).await
    }

    async fn read_till(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        self.lives().await;
        self.pool.read_till(seq, limit).await
    }

    async fn book(
        &self,
        record: &JournalRecord,
        credit: Option<&PoolGrant>,
    ) -> Result<bool, StoreError> {
        self.lives().await;
        if self.left.fetch_sub(1, Ordering::SeqCst) > 1 {
            return self.pool.book(record, credit).await;
        }
        if self.is_done {
            self.pool.book(record, credit).await.unwrap();
        }
        self.died.notify_one();
        std::future::pending().await
    }

    async fn dead(&self) -> Result<Vec<Neighbour>, StoreError> {
        Ok(Vec::new())
    }

    async fn cleared(&self) -> Result<(), StoreError> {
        self.lives().await;
        self.pool.cleared().await
    }
}

/// Where it dies: at which booking, before or after; and what another finds then.
const STEPS: [(i64, bool, Option<&str>); 6] = [
    // Before the earnings of all are taken over, and afterwards.
    (1, false, None),
    (1, true, None),
    // Once the paper is written, and once its amount is set apart.
    (2, false, None),
    (2, true, Some("requested")),
    // Before it is said to be paid, and before anybody is told that.
    (3, false, Some("requested")),
    (3, true, Some("paid")),
];

struct Scene {
    url: String,
    heir: Market,
    admin: String,
}

impl Scene {
    /// A provider earns at two hubs, and asks the one to be paid that dies.
    async fn dies(&self, step: usize) -> (ProviderId, String) {
        let (left, is_done, _) = STEPS[step];
        let provider = ProviderId::from_u128(100 + step as u128);
        let key = self
            .heir
            .issue(KeyKind::Provider(provider), 200 + step as u128);
        let key = key.await;
        earn(&self.heir, provider, "20").await;
        let ttl = Duration::from_secs(30);
        let store = postgres::open(&self.url).await.unwrap();
        let store = store.as_node(&format!("victim-{step}"), ttl);
        let dying = Dying::new(store.shared_funds().unwrap(), left, is_done);
        let victim = hub_over(store, Arc::clone(&dying) as Arc<dyn Pool>).await;
        earn(&victim, provider, "20").await;
        let pays = async {
            let asked = id(&ask(&victim, &key, "15").await);
            end(&victim, &self.admin, &asked, "paid").await
        };
        tokio::select! {
            told = within(pays) => panic!("it lives: {told:?}"),
            () = within(dying.died.notified()) => {}
        }
        (provider, key)
    }

    /// Whatever was begun is finished once, and what was earned is there.
    async fn goes_on(&self, step: usize, (provider, key): (ProviderId, String)) {
        let listed = async || {
            let told = get(&self.heir, &key, "/v1/provider/payouts").await.json();
            let all = told["data"].as_array().unwrap().clone();
            assert!(all.len() <= 1, "{told}");
            all.into_iter().next()
        };
        let found = listed().await;
        let state = found.as_ref().map(|one| one["state"].clone());
        assert_eq!(state, STEPS[step].2.map(|state| json!(state)), "{step}");
        let payout = match found {
            Some(found) => found["id"].as_str().unwrap().to_owned(),
            None => id(&ask(&self.heir, &key, "15").await),
        };
        let paid = end(&self.heir, &self.admin, &payout, "paid").await;
        assert_eq!(paid.json()["state"], "paid", "{step}: {paid:?}");
        assert_eq!(listed().await.unwrap()["state"], "paid");
        let books = self.heir.hub.books();
        // 95 parts of 100 at each, of which 15 are paid; whoever ends the dead one tells what it had earned.
        let begun = std::time::Instant::now();
        loop {
            let left = books.earnings_everywhere(provider, Currency::Usd).await;
            let left = left.unwrap().posted();
            if left == "23".parse().unwrap() {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{step}: {left}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn wherever_a_hub_dies_a_payout_is_paid_once_and_nothing_is_lost() {
    let url = Server::shared().await.database().await;
    let heir = hub(&url, "heir").await;
    let admin = heir.issue(KeyKind::Admin, 71).await;
    let scene = Scene { url, heir, admin };
    let mut died = Vec::new();
    for step in 0..STEPS.len() {
        died.push(scene.dies(step).await);
    }
    know(&scene.heir).await;
    for (step, whose) in died.into_iter().enumerate() {
        scene.goes_on(step, whose).await;
    }
    check(&scene.url).await;
}
