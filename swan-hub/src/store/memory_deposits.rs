use std::cmp::Reverse;

use async_trait::async_trait;
use swan_core::{DepositId, Timestamp};

use super::deposits::{chain_changed, changed};
use super::{DepositRecord, Deposits, DepositsOf, MemoryStore, StoreError, WatchedChain};

#[async_trait]
impl Deposits for MemoryStore {
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError> {
        let mut deposits = self.deposits.lock();
        let before = deposits.get(&record.id);
        if before == Some(record) {
            return Ok(());
        }
        let revision = before.map_or(0, |before| before.revision);
        if record.revision != revision.saturating_add(1) {
            return Err(changed(&record.id));
        }
        deposits.insert(record.id, record.clone());
        Ok(())
    }

    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
        Ok(self.deposits.lock().get(&id).cloned())
    }

    async fn page(
        &self,
        of: DepositsOf,
        before: Option<(Timestamp, DepositId)>,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        let place = |record: &DepositRecord| (record.created, record.id);
        let is_one = |record: &DepositRecord| match of {
            DepositsOf::Everybody => true,
            DepositsOf::Account(account) => record.account == Some(account),
            DepositsOf::Phase(phase) => record.phase == phase,
        };
        let mut found: Vec<_> = self
            .deposits
            .lock()
            .values()
            .filter(|record| is_one(record))
            .filter(|record| before.is_none_or(|before| place(record) < before))
            .cloned()
            .collect();
        found.sort_by_key(|record| Reverse(place(record)));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        let place = |record: &DepositRecord| (record.block, record.id);
        let mut found: Vec<_> = self
            .deposits
            .lock()
            .values()
            .filter(|record| record.chain == chain && record.block <= upto)
            .filter(|record| place(record) > after)
            .cloned()
            .collect();
        found.sort_by_key(place);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError> {
        let mut chains = self.chains.lock();
        let before = chains.get(&record.chain);
        if before == Some(record) {
            return Ok(());
        }
        let revision = before.map_or(0, |before| before.revision);
        if record.revision != revision.saturating_add(1) {
            return Err(chain_changed(record.chain));
        }
        chains.insert(record.chain, record.clone());
        Ok(())
    }

    async fn watched_chain(&self, chain: u64) -> Result<Option<WatchedChain>, StoreError> {
        Ok(self.chains.lock().get(&chain).cloned())
    }
}
