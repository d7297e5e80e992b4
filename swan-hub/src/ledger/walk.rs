use std::sync::Arc;

use swan_core::Timestamp;
use swan_core::ledger::Entry;

use super::codec::decode;
use super::statement::first_at;
use crate::store::{Store, StoreError};

/// Records read at a time.
const PAGE: u32 = 16;

/// Reads the entries between two times in pages, so that no reader has all of them in memory.
///
/// The beginning is found by bisection, since times in a journal never go back.
#[derive(Debug)]
pub(crate) struct Walk {
    store: Arc<dyn Store>,
    to: Timestamp,
    /// The number of the next entry; `None` at the end.
    next: Option<u64>,
}

impl Walk {
    /// Goes from the first entry at `from` or later to the last one before `to`.
    pub(crate) async fn begin(
        store: &Arc<dyn Store>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, StoreError> {
        let first = first_at(&**store, from).await?;
        Ok(Self {
            store: Arc::clone(store),
            to,
            next: Some(first),
        })
    }

    /// The entries of the next few records, in order; `None` after the last.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(seq) = self.next else {
            return Ok(None);
        };
        let records = self.store.read(seq, PAGE).await?;
        self.next = records.last().map(|last| last.next_seq());
        let mut entries = Vec::new();
        for record in &records {
            for entry in decode(record)? {
                if entry.at >= self.to {
                    self.next = None;
                    return Ok(Some(entries));
                }
                if entry.seq >= seq {
                    entries.push(entry);
                }
            }
        }
        tokio::task::yield_now().await;
        Ok(self.next.map(|_| entries))
    }
}
