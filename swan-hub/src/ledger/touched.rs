//! Which accounts' funds have changed, for who watches balances: noted by the writer, where no request waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use swan_core::ledger::{Account, AccountKey, Entry, Kind};
use swan_core::{AccountId, Amount, Currency};

use super::Books;
use crate::store::StoreError;

/// The accounts whose funds have changed since they were last asked for.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Nothing is noted until somebody asks.
    watched: AtomicBool,
    accounts: Mutex<BTreeMap<(AccountId, Currency), Moved>>,
}

/// What has moved on an account in one currency, in pico-units.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    net: i128,
    /// The most that it was above where it began.
    peak: i128,
}

impl Moved {
    fn add(&mut self, pico: i128) {
        self.net = self.net.saturating_add(pico);
        self.peak = self.peak.max(self.net);
    }

    /// The most that there was meanwhile, of an account that has `now` in the end.
    pub(crate) fn most(&self, now: Amount) -> Amount {
        let above = self.peak.saturating_sub(self.net);
        let most = now.pico().saturating_add(above);
        Amount::from_pico(most).unwrap_or(now)
    }
}

impl Touched {
    pub(super) fn note(&self, entries: &[Entry]) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        let mut accounts = self.accounts.lock();
        let transfers = entries.iter().flat_map(|entry| &entry.group.transfers);
        for transfer in transfers {
            if matches!(transfer.kind, Kind::Posted | Kind::Post { .. }) {
                let pico = transfer.amount.pico();
                for (side, moved) in [(&transfer.debit, -pico), (&transfer.credit, pico)] {
                    if let Some(funds) = consumer(side) {
                        accounts.entry(funds).or_default().add(moved);
                    }
                }
            }
        }
    }
}

fn consumer(key: &AccountKey) -> Option<(AccountId, Currency)> {
    match key.account {
        Account::Consumer(id) => Some((id, key.currency)),
        _ => None,
    }
}

impl Books {
    /// The accounts whose funds have changed on the disk since this was last asked, and how; from the first time on.
    pub(crate) fn touched(&self) -> BTreeMap<(AccountId, Currency), Moved> {
        let touched = &self.shared.touched;
        touched.watched.store(true, Ordering::Relaxed);
        let mut accounts = std::mem::take(&mut *touched.accounts.lock());
        if let Some(drawing) = &self.shared.drawing {
            let moved = drawing.till.moved().into_iter();
            accounts.extend(moved.map(|funds| (funds, Moved::default())));
        }
        accounts
    }

    /// Those of several hubs' accounts that have fallen below so much since any of the hubs has looked, and what they have; one of the
    /// hubs is told of each. Of a hub that is alone none.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub(crate) async fn fallen_below(
        &self,
        thresholds: &[((AccountId, Currency), Amount)],
    ) -> Result<Vec<((AccountId, Currency), Amount)>, StoreError> {
        let Some(drawing) = &self.shared.drawing else {
            return Ok(Vec::new());
        };
        let keys = thresholds.iter();
        let keys: Vec<_> = keys
            .map(|((account, currency), least)| {
                (Account::Consumer(*account).in_currency(*currency), *least)
            })
            .collect();
        let fallen = drawing.pool.fallen_below(&keys).await?;
        let fallen = fallen.into_iter();
        Ok(fallen
            .filter_map(|(key, has)| Some((consumer(&key)?, has)))
            .collect())
    }

    /// Whether these books are one node's of several, so that what an account has is not what stands here.
    pub(crate) fn are_one_of_several(&self) -> bool {
        self.shared.drawing.is_some()
    }

    /// What every consumer has in each currency, holds included.
    pub(crate) fn consumers(&self) -> Vec<((AccountId, Currency), Amount)> {
        let accounts = self.shared.core.lock().ledger.accounts();
        let consumers = accounts.iter();
        consumers
            .filter_map(|(key, balance)| Some((consumer(key)?, balance.posted())))
            .collect()
    }
}
