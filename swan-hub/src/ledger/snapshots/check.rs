use swan_core::ledger::{Entry, Ledger};

use super::{Found, Picture, newest};
use crate::ledger::SpendingLog;
use crate::store::{Store, StoreError};

/// Compares the snapshots of a store with what the journal comes to at their entries.
#[derive(Debug)]
pub(crate) struct SnapshotCheck {
    /// The youngest first.
    waiting: Vec<Found>,
    spending: SpendingLog,
    checked: Vec<CheckedSnapshot>,
}

/// A snapshot, and whether it can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedSnapshot {
    /// The last entry that it knows.
    pub(crate) seq: u64,
    /// What is wrong with it.
    pub(crate) problem: Option<String>,
}

impl SnapshotCheck {
    /// Reads all snapshots of a store; there are few.
    pub(crate) async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut waiting = Vec::new();
        let mut upto = u64::MAX;
        while let Some(found) = newest(store, upto).await? {
            upto = found.before();
            waiting.push(found);
        }
        Ok(Self {
            waiting,
            spending: SpendingLog::default(),
            checked: Vec::new(),
        })
    }

    /// Takes in the next entry of the journal, after which the ledger is `ledger`.
    pub(crate) fn observe(&mut self, entry: &Entry, ledger: &Ledger) {
        self.spending.observe(entry);
        while let Some(found) = self.waiting.pop_if(|found| found.seq <= entry.seq) {
            let problem = match found.picture {
                Err(error) => Some(error.to_string()),
                Ok(picture) => {
                    let true_one =
                        Picture::new(entry.seq, ledger.snapshot(entry.at), &self.spending);
                    let what = "it is not what the journal comes to at its entry";
                    (picture != true_one).then(|| what.to_owned())
                }
            };
            let seq = found.seq;
            self.checked.push(CheckedSnapshot { seq, problem });
        }
    }

    /// All snapshots, the oldest first.
    pub(crate) fn finish(mut self) -> Vec<CheckedSnapshot> {
        let beyond = self.waiting.into_iter().rev().map(|found| CheckedSnapshot {
            seq: found.seq,
            problem: Some("the journal does not reach its entry".to_owned()),
        });
        self.checked.extend(beyond);
        self.checked
    }
}
