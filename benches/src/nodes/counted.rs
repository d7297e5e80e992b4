//! A node's view of what is shared that counts how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use swan_core::Amount;
use swan_core::ledger::AccountKey;
use swan_hub::store::{JournalRecord, Neighbour, Pool, PoolGrant, Reach, StoreError};

/// Trips to the shared funds, by why they were made.
#[derive(Debug)]
pub(super) struct Counted {
    pool: Arc<dyn Pool>,
    /// To draw.
    pub(super) draws: AtomicU64,
    /// To tell what was spent, and to give back.
    pub(super) tells: AtomicU64,
}

impl Counted {
    pub(super) fn new(pool: Arc<dyn Pool>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            draws: AtomicU64::new(0),
            tells: AtomicU64::new(0),
        })
    }
}

#[async_trait]
impl Pool for Counted {
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError> {
        let why = match reach.want > Amount::ZERO {
            true => &self.draws,
            false => &self.tells,
        };
        why.fetch_add(1, Ordering::Relaxed);
        self.pool.reach(of, reach).await
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
        self.tells.fetch_add(1, Ordering::Relaxed);
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
