//! The latest records, in memory: all that are not saved yet, and as many of the others as there is room for.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use swan_core::{AccountId, RequestId};

use super::record::Generation;

/// Saved records that are kept at hand.
const AT_HAND: usize = 4_096;
/// Records that are kept while the store takes none.
const UNSAVED_MAX: usize = 65_536;

/// Records by the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Recent {
    records: VecDeque<Arc<Generation>>,
    by_id: HashMap<RequestId, u64>,
    /// The number of the first record.
    first: u64,
    /// The number of the first record that is not saved.
    unsaved: u64,
}

impl Recent {
    /// Adds a record; answers whether one went unsaved.
    pub(super) fn push(&mut self, record: Generation) -> bool {
        let number = self.first + self.records.len() as u64;
        self.by_id.insert(record.request, number);
        self.records.push_back(Arc::new(record));
        let is_saved = self.first < self.unsaved;
        let limit = if is_saved { AT_HAND } else { UNSAVED_MAX };
        if self.records.len() <= limit {
            return false;
        }
        if let Some(oldest) = self.records.pop_front() {
            self.by_id.remove(&oldest.request);
            self.first += 1;
        }
        !is_saved
    }

    /// Up to `limit` records that are not saved, and the number to say when they are.
    pub(super) fn unsaved(&self, limit: usize) -> (Vec<Arc<Generation>>, u64) {
        let from = self.unsaved.max(self.first);
        let skip = usize::try_from(from - self.first).unwrap_or(usize::MAX);
        let records: Vec<_> = self
            .records
            .iter()
            .skip(skip)
            .take(limit)
            .cloned()
            .collect();
        let upto = from + records.len() as u64;
        (records, upto)
    }

    /// All before this number are in the store.
    pub(super) fn saved(&mut self, upto: u64) {
        self.unsaved = self.unsaved.max(upto);
    }

    pub(super) fn find(&self, request: RequestId) -> Option<Arc<Generation>> {
        let number = self.by_id.get(&request)?.checked_sub(self.first)?;
        self.records.get(usize::try_from(number).ok()?).cloned()
    }

    /// The records of an account that began before `before`.
    pub(super) fn of(
        &self,
        account: AccountId,
        before: RequestId,
    ) -> impl Iterator<Item = &Arc<Generation>> {
        let is_own = move |record: &&Arc<Generation>| {
            record.request < before && record.account == Some(account)
        };
        self.records.iter().filter(is_own)
    }
}

#[cfg(test)]
mod tests {
    use swan_core::RequestId;

    use super::{AT_HAND, Recent};
    use crate::events::RequestRecord;

    fn push(recent: &mut Recent, id: u128) -> bool {
        let record = RequestRecord::of(RequestId::from_u128(id));
        recent.push((&record).into())
    }

    #[test]
    fn what_is_not_saved_stays_and_what_is_goes_when_there_is_more() {
        let mut recent = Recent::default();
        let many = AT_HAND as u128 + 100;
        for id in 0..many {
            assert!(!push(&mut recent, id));
        }
        assert!(recent.find(RequestId::from_u128(0)).is_some());
        let (records, upto) = recent.unsaved(50);
        assert_eq!(records.len(), 50);
        recent.saved(upto);
        for id in many..many + 50 {
            assert!(!push(&mut recent, id));
        }
        assert!(recent.find(RequestId::from_u128(49)).is_none());
        assert!(recent.find(RequestId::from_u128(50)).is_some());
        assert_eq!(recent.unsaved(1).0[0].request, RequestId::from_u128(50));
    }
}
