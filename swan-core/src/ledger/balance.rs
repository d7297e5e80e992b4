use serde::{Deserialize, Serialize};

use super::{AccountKey, Limit, Reason};
use crate::{Amount, MoneyError};

/// The four counters of an account. Their order is part of the format of snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balance {
    /// Set aside by holds on this account.
    pub debits_pending: Amount,
    /// Given away for good.
    pub debits_posted: Amount,
    /// Held elsewhere in favour of this account.
    pub credits_pending: Amount,
    /// Received for good.
    pub credits_posted: Amount,
}

// The counters are amounts, so a difference of two of them lies inside the range or `checked_sub` says so; amounts are
// never negative counters, so the fallback of `unwrap_or` is unreachable.
impl Balance {
    /// Received less given away; below zero for a contra account.
    #[must_use]
    pub fn posted(&self) -> Amount {
        self.credits_posted
            .checked_sub(self.debits_posted)
            .unwrap_or(Amount::ZERO)
    }

    /// What could be spent now: received less given away less set aside.
    #[must_use]
    pub fn available(&self) -> Amount {
        self.posted()
            .checked_sub(self.debits_pending)
            .unwrap_or(Amount::ZERO)
    }

    /// What a contra account has given and could still take back.
    #[must_use]
    pub fn given(&self) -> Amount {
        self.debits_posted
            .checked_sub(self.credits_posted)
            .and_then(|given| given.checked_sub(self.credits_pending))
            .unwrap_or(Amount::ZERO)
    }

    /// Whether the account keeps to its limit.
    #[must_use]
    pub fn is_within(&self, limit: Limit) -> bool {
        match limit {
            Limit::DebitsWithinCredits => !self.available().is_negative(),
            Limit::CreditsWithinDebits => !self.given().is_negative(),
        }
    }
}

/// An account as the ledger keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) key: AccountKey,
    pub(super) balance: Balance,
}

/// One change of one counter of each side, which can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Posted counters up.
    Post,
    /// Pending counters up.
    Hold,
    /// Pending counters down.
    Free,
}

impl Slot {
    pub(super) fn debit(&mut self, what: Move, amount: Amount) -> Result<(), Reason> {
        let balance = &mut self.balance;
        match what {
            Move::Post => add(&mut balance.debits_posted, amount),
            Move::Hold => add(&mut balance.debits_pending, amount),
            Move::Free => sub(&mut balance.debits_pending, amount),
        }
    }

    pub(super) fn credit(&mut self, what: Move, amount: Amount) -> Result<(), Reason> {
        let balance = &mut self.balance;
        match what {
            Move::Post => add(&mut balance.credits_posted, amount),
            Move::Hold => add(&mut balance.credits_pending, amount),
            Move::Free => sub(&mut balance.credits_pending, amount),
        }
    }
}

fn add(counter: &mut Amount, amount: Amount) -> Result<(), Reason> {
    set(counter, counter.checked_add(amount))
}

fn sub(counter: &mut Amount, amount: Amount) -> Result<(), Reason> {
    set(counter, counter.checked_sub(amount))
}

fn set(counter: &mut Amount, value: Result<Amount, MoneyError>) -> Result<(), Reason> {
    match value {
        Ok(value) if !value.is_negative() => {
            *counter = value;
            Ok(())
        }
        _ => Err(Reason::Overflow),
    }
}
