use async_trait::async_trait;
use swan_core::{AccountId, Timestamp, TopupId};

use super::topups::changed;
use super::{MemoryStore, StoreError, TopupRecord, Topups};

#[async_trait]
impl Topups for MemoryStore {
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError> {
        let mut topups = self.topups.lock();
        let before = topups.get(&record.id);
        if before == Some(record) {
            return Ok(());
        }
        let revision = before.map_or(0, |before| before.revision);
        if record.revision != revision.saturating_add(1) {
            return Err(changed(record));
        }
        topups.insert(record.id, record.clone());
        Ok(())
    }

    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
        Ok(self.topups.lock().get(&id).cloned())
    }

    async fn page(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        let place = |record: &TopupRecord| (record.created, record.id);
        let mut found: Vec<_> = self
            .topups
            .lock()
            .values()
            .filter(|record| account.is_none_or(|account| account == record.account))
            .filter(|record| before.is_none_or(|before| place(record) < before))
            .cloned()
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(place(record)));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn due_topups(
        &self,
        upto: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        let mut found: Vec<_> = self
            .topups
            .lock()
            .values()
            .filter(|record| record.due.is_some_and(|due| due <= upto))
            .cloned()
            .collect();
        found.sort_by_key(|record| (record.due, record.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}
