//! The latest records, in memory: all that are not saved yet, and as many of the others as there is room for.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use swan_core::{AccountId, RequestId};

use super::record::Generation;
use crate::quick_map::QuickMap;

/// Saved records that are kept at hand.
const AT_HAND: usize = 4_096;
/// Records that are kept while the store takes none.
const UNSAVED_MAX: usize = 65_536;

/// Records by the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Recent {
    records: VecDeque<Arc<Generation>>,
    by_id: QuickMap<RequestId, u64>,
    /// The numbers of each account's records, the oldest first.
    by_account: QuickMap<AccountId, VecDeque<u64>>,
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
        if let Some(account) = record.account {
            self.by_account
                .entry(account)
                .or_default()
                .push_back(number);
        }
        self.records.push_back(Arc::new(record));
        let is_saved = self.first < self.unsaved;
        let limit = if is_saved { AT_HAND } else { UNSAVED_MAX };
        if self.records.len() <= limit {
            return false;
        }
        if let Some(oldest) = self.records.pop_front() {
            self.by_id.remove(&oldest.request);
            self.leave_account(oldest.account);
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
        let own = self.by_account.get(&account).into_iter().flatten();
        let records = own.filter_map(|number| {
            let place = number.checked_sub(self.first)?;
            self.records.get(usize::try_from(place).ok()?)
        });
        records.filter(move |record| record.request < before)
    }

    /// The oldest record of an account has gone.
    fn leave_account(&mut self, account: Option<AccountId>) {
        let Some(account) = account else { return };
        if let Entry::Occupied(mut own) = self.by_account.entry(account) {
            own.get_mut().pop_front();
            if own.get().is_empty() {
                own.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use swan_core::{AccountId, RequestId};

    use super::{AT_HAND, Recent};
    use crate::events::RequestRecord;

    fn push(recent: &mut Recent, id: u128) -> bool {
        let mut record = RequestRecord::of(RequestId::from_u128(id));
        record.account = Some(AccountId::from_u128(id % 2));
        recent.push((&record).into())
    }

    /// The ids of an account's records before `before`.
    fn own(recent: &Recent, account: u128, before: u128) -> Vec<u128> {
        let of = recent.of(AccountId::from_u128(account), RequestId::from_u128(before));
        of.map(|record| record.request.as_u128()).collect()
    }

    #[test]
    fn an_account_finds_its_own() {
        let mut recent = Recent::default();
        for id in 0..10 {
            push(&mut recent, id);
        }
        assert_eq!(own(&recent, 1, 8), [1, 3, 5, 7]);
        assert_eq!(own(&recent, 2, 8), [0; 0]);
        recent.saved(10);
        for id in 10..AT_HAND as u128 + 3 {
            push(&mut recent, id);
        }
        assert_eq!(own(&recent, 1, 8), [3, 5, 7], "three have gone");
        assert_eq!(own(&recent, 0, 8), [4, 6]);
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
