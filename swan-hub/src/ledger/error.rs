use swan_core::Amount;
use swan_core::ledger::entries::RecordError;
use swan_core::ledger::{Breach, Reason, Rejected, Rule};

use crate::store::StoreError;

/// Why the books did not do what they were asked. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The account does not have the amount.
    #[error("insufficient funds: {available} available, {wanted} needed")]
    InsufficientFunds {
        /// What it has.
        available: Amount,
        /// What was asked for.
        wanted: Amount,
    },
    /// The account owes something, and can spend nothing until that is made good.
    #[error("the account is frozen: it owes what the card processor has taken back")]
    Frozen,
    /// This request has held funds before.
    #[error("this request has held funds before")]
    Duplicate,
    /// The books take no new money movements now: the store does not answer, too much waits for it, or they are closing.
    #[error("the ledger takes nothing new: {why}")]
    Unavailable {
        /// What stands in the way.
        why: &'static str,
    },
    /// Only a hub that is alone may book this; one that shares its funds with others books requests and what they share.
    #[error(
        "this hub shares its funds with others, and {} needs a hub that is alone", rule.as_str()
    )]
    Shared {
        /// What was to be booked.
        rule: Rule,
    },
    /// The hold's time has passed, so it cannot be charged.
    #[error("the hold's time has passed")]
    HoldOver,
    /// The rules of the ledger forbid it.
    #[error("refused by the ledger: {0}")]
    Rejected(#[source] Rejected),
    /// The record of a charge contradicts itself.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The journal breaks the rules; nothing is served from it until somebody has looked.
    #[error("the journal breaks {count} rules, first: {first}; run `swan-hub audit`")]
    Breached {
        /// The first breach.
        first: Breach,
        /// How many there are.
        count: usize,
    },
    /// The store cannot serve.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LedgerError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Store(error) => error.is_retryable(),
            Self::InsufficientFunds { .. }
            | Self::Frozen
            | Self::Duplicate
            | Self::Shared { .. }
            | Self::HoldOver
            | Self::Rejected(_)
            | Self::Record(_)
            | Self::Breached { .. } => false,
        }
    }

    pub(super) fn refused(rejected: Rejected, wanted: Amount) -> Self {
        match rejected.reason {
            Reason::InsufficientFunds { available } => {
                Self::InsufficientFunds { available, wanted }
            }
            Reason::HoldOverdue | Reason::HoldEnded(_) | Reason::HoldNotFound => Self::HoldOver,
            Reason::IdConflict(_) | Reason::GroupConflict => Self::Duplicate,
            _ => Self::Rejected(rejected),
        }
    }
}
