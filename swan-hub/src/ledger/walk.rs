use std::collections::VecDeque;
use std::sync::Arc;

use swan_core::Timestamp;
use swan_core::ledger::Entry;

use super::codec::decode;
use super::statement::first_at;
use crate::store::{Store, StoreError};

/// Records read at a time.
const PAGE: u32 = 16;

/// Reads the entries between two times in pages, so that no reader has all of them in memory: those of every hub on the store,
/// in the order of their times.
///
/// The beginning is found by bisection, since times in a journal never go back.
#[derive(Debug)]
pub(crate) struct Walk {
    journals: Vec<Journal>,
    to: Timestamp,
}

/// One hub's part of a walk.
#[derive(Debug)]
struct Journal {
    store: Arc<dyn Store>,
    /// The number of the next entry; `None` at the end.
    next: Option<u64>,
    read: VecDeque<Entry>,
}

impl Walk {
    /// Goes from the first entry at `from` or later to the last one before `to`.
    pub(crate) async fn begin(
        store: &Arc<dyn Store>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut journals = Vec::new();
        for store in [Arc::clone(store)].into_iter().chain(store.others().await?) {
            journals.push(Journal {
                next: Some(first_at(&*store, from).await?),
                store,
                read: VecDeque::new(),
            });
        }
        Ok(Self { journals, to })
    }

    /// The entries of the next few records, in order; `None` after the last.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        for journal in &mut self.journals {
            journal.read(self.to).await?;
        }
        self.journals.retain(|journal| !journal.is_over());
        if self.journals.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        // What one of them has not read yet may be earlier than what another has.
        while self
            .journals
            .iter()
            .all(|one| !one.read.is_empty() || one.next.is_none())
        {
            let first = self.journals.iter_mut().filter(|one| !one.read.is_empty());
            let first = first.min_by_key(|one| one.read.front().map(|entry| entry.at));
            match first.and_then(|first| first.read.pop_front()) {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        tokio::task::yield_now().await;
        Ok(Some(entries))
    }
}

impl Journal {
    fn is_over(&self) -> bool {
        self.read.is_empty() && self.next.is_none()
    }

    /// Reads on where nothing is left of what was read.
    async fn read(&mut self, to: Timestamp) -> Result<(), StoreError> {
        let Some(seq) = self.next.filter(|_| self.read.is_empty()) else {
            return Ok(());
        };
        let records = self.store.read(seq, PAGE).await?;
        self.next = records.last().map(|last| last.next_seq());
        for record in &records {
            for entry in decode(record)? {
                if entry.at >= to {
                    self.next = None;
                    return Ok(());
                }
                if entry.seq >= seq {
                    self.read.push_back(entry);
                }
            }
        }
        Ok(())
    }
}
