use core::fmt;

use crate::{Amount, TransferId};

use super::HoldState;

/// A group that stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "a group is new or it is not")]
pub enum Applied {
    /// It was applied just now.
    Created,
    /// It had been applied before, with exactly this content; nothing changed.
    Exists,
}

/// A group that was refused; the ledger is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transfer {index} ({transfer}): {reason}")]
#[non_exhaustive]
pub struct Rejected {
    /// Which transfer of the group was refused, from 0.
    pub index: usize,
    /// Its id.
    pub transfer: TransferId,
    /// Why.
    pub reason: Reason,
}

/// Why a transfer is refused.
///
/// In order of precedence: when several hold, the first one listed is the answer. Transfers of a group are looked at in
/// order, so the first transfer with any reason decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The group has no transfers.
    #[error("the group is empty")]
    GroupEmpty,
    /// The group has more than [`Group::TRANSFERS_MAX`](super::Group::TRANSFERS_MAX) transfers.
    #[error("the group has too many transfers")]
    GroupTooLong,
    /// Zero is not an id.
    #[error("the id is zero")]
    IdZero,
    /// Two transfers of the group share this id.
    #[error("the id occurs twice in the group")]
    IdRepeated,
    /// The id is taken by a transfer with other content.
    #[error("the id is taken by a transfer with another {0}")]
    IdConflict(Field),
    /// The id is taken by a transfer with the same content, but the group around it was another.
    #[error("the transfer exists, but the rest of its group does not")]
    GroupConflict,
    /// Amounts are above zero.
    #[error("the amount is not above zero")]
    AmountNotPositive,
    /// A transfer needs two accounts.
    #[error("both sides are the same account")]
    SameAccount,
    /// Both sides count in the same currency.
    #[error("the two sides count in different currencies")]
    CurrencyMismatch,
    /// A hold must end in the future.
    #[error("the hold would already be over")]
    ExpiresInPast,
    /// No such hold, or it ended longer ago than the window of remembered ids reaches.
    #[error("no such hold")]
    HoldNotFound,
    /// The hold has ended before, in this way.
    #[error("the hold is already {0}")]
    HoldEnded(HoldState),
    /// The hold is between other accounts.
    #[error("the hold is between other accounts")]
    HoldAccountsDiffer,
    /// More than was held, or for a void and an expiry not exactly what was held.
    #[error("the hold is of {held}")]
    HoldAmountDiffers {
        /// The amount of the hold.
        held: Amount,
    },
    /// The hold's time has passed: it can only expire.
    #[error("the hold's time has passed")]
    HoldOverdue,
    /// The hold's time has not passed: it cannot expire.
    #[error("the hold's time has not passed")]
    HoldNotOverdue,
    /// The debited account does not have the amount.
    #[error("only {available} is available")]
    InsufficientFunds {
        /// What it has.
        available: Amount,
    },
    /// The credited account is a contra account that never gave that much.
    #[error("the credited account has given only {given} more than it took back")]
    ExceedsDebits {
        /// What it could take back.
        given: Amount,
    },
    /// A counter of one of the accounts would leave the range of [`Amount`].
    #[error("a counter of the account would overflow")]
    Overflow,
}

/// A field of a transfer, in the order in which differences are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// What it does.
    Kind,
    /// The hold it ends.
    Pending,
    /// When the hold expires.
    Expires,
    /// Who gives.
    Debit,
    /// Who receives.
    Credit,
    /// How much.
    Amount,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "kind",
            Self::Pending => "pending hold",
            Self::Expires => "expiry",
            Self::Debit => "debit account",
            Self::Credit => "credit account",
            Self::Amount => "amount",
        })
    }
}
