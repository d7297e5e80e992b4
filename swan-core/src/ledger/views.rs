use super::{AccountKey, Balance, Group, Kind, Ledger, entries};
use crate::{Amount, RequestId, Timestamp, TransferId};

/// A hold that has not ended, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingHold {
    /// The transfer that set it aside.
    pub id: TransferId,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Whose money is set aside.
    pub debit: AccountKey,
    /// In whose favour.
    pub credit: AccountKey,
    /// How much.
    pub amount: Amount,
    /// When it can no longer be charged.
    pub expires: Timestamp,
}

impl Ledger {
    /// The latest time the ledger was given.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The counters of an account; all zero when it was never used.
    #[must_use]
    pub fn balance(&self, key: &AccountKey) -> Balance {
        self.index
            .get(key)
            .map_or_else(Balance::default, |slot| self.slot(*slot).balance)
    }

    /// What the account could spend now.
    #[must_use]
    pub fn available(&self, key: &AccountKey) -> Amount {
        self.balance(key).available()
    }

    /// Every account that was ever used, with its counters, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<(AccountKey, Balance)> {
        let mut accounts: Vec<_> = self
            .slots
            .iter()
            .map(|slot| (slot.key, slot.balance))
            .collect();
        accounts.sort_unstable_by_key(|(key, _)| *key);
        accounts
    }

    /// Whether a transfer with this id was applied, as far as it is remembered; those of payments are for ever.
    #[must_use]
    pub fn knows(&self, id: TransferId) -> bool {
        self.find(id).is_some()
    }

    /// The sides and the amount of a transfer that moved money at once, as far as it is remembered.
    #[must_use]
    pub fn moved(&self, id: TransferId) -> Option<(AccountKey, AccountKey, Amount)> {
        let seen = self.find(id).filter(|seen| seen.kind == Kind::Posted)?;
        let side = |slot| self.slot(slot).key;
        Some((side(seen.debit), side(seen.credit), seen.amount))
    }

    /// How many holds have not ended.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// Every hold that has not ended, soonest expiry first.
    pub fn pending(&self) -> impl Iterator<Item = PendingHold> {
        self.due.iter().filter_map(|(_, id)| self.hold(*id))
    }

    /// A hold that has not ended.
    #[must_use]
    pub fn hold(&self, id: TransferId) -> Option<PendingHold> {
        self.pending.get(&id).map(|held| PendingHold {
            id,
            request: held.request,
            debit: self.slot(held.debit).key,
            credit: self.slot(held.credit).key,
            amount: held.amount,
            expires: held.expires,
        })
    }

    /// The groups that end up to `limit` holds whose time has passed, for the caller to apply.
    #[must_use]
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<Group> {
        let now = now.max(self.now);
        let over = self
            .due
            .iter()
            .take_while(|(expires, _)| *expires <= now)
            .take(limit);
        over.filter_map(|(_, id)| self.hold(*id))
            .map(|hold| entries::expire(&hold))
            .collect()
    }
}
