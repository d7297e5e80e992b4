//! How far the chain has been read, and who reads it: one row of the store, which one program changes at a time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swan_core::Timestamp;

use super::Block;
use crate::store::{Store, StoreError, WatchedChain};

/// A block up to which everything is in the books.
pub type Mark = Block;

/// How far a chain has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Blocks up to which everything is in the books, the oldest first, less and less dense the older they are. By them it is
    /// found where a chain that was replaced begins to differ.
    pub marks: Vec<Mark>,
    /// The youngest block that enough nodes know.
    pub latest: u64,
    /// The youngest block of which enough nodes say that it is final.
    pub finalized: u64,
    /// When the nodes were last asked with success.
    pub at_ms: u64,
    /// Why nothing is credited, when nothing is.
    pub problem: Option<String>,
    /// Who reads.
    holder: String,
    /// Until when nobody else does.
    held_until_ms: u64,
    #[serde(skip)]
    revision: u64,
}

/// The most marks that are kept.
const MARKS_MAX: usize = 96;
/// So many of the youngest marks are all kept.
const DENSE: usize = 48;

impl Progress {
    /// How far `chain` has been read.
    ///
    /// # Errors
    /// When the store cannot serve, or its text makes no sense.
    pub async fn load(store: &dyn Store, chain: u64) -> Result<Self, StoreError> {
        let Some(record) = store.deposits().watched_chain(chain).await? else {
            return Ok(Self::default());
        };
        let progress: Self =
            serde_json::from_str(&record.body).map_err(|error| StoreError::Corrupt {
                what: format!("how far chain {chain} is read makes no sense: {error}"),
            })?;
        let revision = record.revision;
        Ok(Self {
            revision,
            ..progress
        })
    }

    /// Writes it down; the store refuses when somebody else has.
    pub(super) async fn keep(&mut self, store: &dyn Store, chain: u64) -> Result<(), StoreError> {
        let revision = self.revision.saturating_add(1);
        let record = WatchedChain {
            chain,
            revision,
            // Texts, numbers and nulls always serialise.
            body: serde_json::to_string(self).unwrap_or_default(),
        };
        store.deposits().put_watched_chain(&record).await?;
        self.revision = revision;
        Ok(())
    }

    /// Makes `holder` the one who reads, unless somebody else does. Once it falls silent for so long another may.
    pub(super) fn hold(&mut self, holder: &str, now: Timestamp, silent: Duration) -> bool {
        let is_free = self.holder == holder || self.held_until_ms <= now.as_millis();
        if is_free {
            holder.clone_into(&mut self.holder);
            self.held_until_ms = now.after(silent).as_millis();
        }
        is_free
    }

    /// Whoever has read before does so no longer.
    pub(super) const fn seize(&mut self) {
        self.held_until_ms = 0;
    }

    /// The block up to which everything is in the books.
    #[must_use]
    pub fn read_upto(&self) -> Option<Mark> {
        self.marks.last().copied()
    }

    /// Everything up to this block is in the books.
    pub(super) fn reached(&mut self, mark: Mark) {
        self.marks.push(mark);
        if self.marks.len() <= MARKS_MAX {
            return;
        }
        // Every second one of the old ones goes, but never the first: a chain that differs from it is another chain.
        let old = self.marks.len() - DENSE;
        let mut place = 0;
        self.marks.retain(|_| {
            place += 1;
            let nth = place - 1;
            nth >= old || nth % 2 == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hash;
    use super::*;

    #[test]
    fn marks_thin_out_and_keep_the_first() {
        let mut progress = Progress::default();
        for number in 0..100_000 {
            progress.reached(Block {
                number,
                hash: Hash::new([0; 32]),
            });
            assert!(progress.marks.len() <= MARKS_MAX);
        }
        let numbers: Vec<u64> = progress.marks.iter().map(|mark| mark.number).collect();
        assert_eq!(numbers.first(), Some(&0));
        assert!(numbers.is_sorted());
        let newest: Vec<u64> = (100_000 - 48..100_000).collect();
        assert!(numbers.ends_with(&newest), "{numbers:?}");
    }

    #[test]
    fn one_reads_at_a_time() {
        let mut progress = Progress::default();
        let hold = |progress: &mut Progress, who: &str, at: u64| {
            progress.hold(who, Timestamp::from_millis(at), Duration::from_secs(60))
        };
        assert!(hold(&mut progress, "a", 1_000));
        assert!(!hold(&mut progress, "b", 60_999));
        assert!(hold(&mut progress, "a", 30_000), "it goes on");
        assert!(!hold(&mut progress, "b", 61_000));
        assert!(hold(&mut progress, "b", 90_000), "it has fallen silent");
        progress.seize();
        assert!(hold(&mut progress, "a", 90_001));
    }
}
