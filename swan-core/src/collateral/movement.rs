use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::standing::Destination;
use crate::{Amount, CaseId, MoneyError, RequestId, Timestamp, TransferId};

/// How a deposit comes in (Seed 001, Collateral; public record 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// Credit or debit card; refunded to the same card.
    Card,
    /// A transaction on the chain of this number; returned to the wallet.
    Chain(u64),
    /// An administrator's word, such as for a bank transfer; paid out by hand.
    Grant,
}

impl Source {
    /// The smallest step in which it can be paid back: cards take whole cents.
    const fn step(self) -> i128 {
        match self {
            Self::Card => Amount::PICO_PER_UNIT / 100,
            Self::Chain(_) | Self::Grant => 1,
        }
    }
}

/// What became of a part of a withdrawal: each goes back to the deposit that it came from, the youngest deposit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The withdrawal.
    pub withdrawal: TransferId,
    /// The deposit.
    pub deposit: TransferId,
    /// How the deposit came in.
    pub source: Source,
    /// Whether it goes back to a card; otherwise it is paid out by hand.
    pub to_card: bool,
    /// How much.
    pub amount: Amount,
    /// Whether it did not arrive, so that it is collateral again.
    pub failed: bool,
}

/// `amount` in whole steps of its source; a card that took nothing back is no longer asked.
pub(super) fn payable(amount: Amount, source: Source, to_card: bool) -> Result<Amount, MoneyError> {
    let step = if to_card { source.step() } else { 1 };
    Amount::from_pico(amount.pico() / step * step)
}

/// What happens to a provider's collateral in one currency.
///
/// Each carries an identifier that makes a repeat harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CollateralEvent {
    /// A deposit was announced; a top-up is a deposit too. It counts once it is confirmed.
    Deposit {
        /// The deposit: derived from the card payment or the transaction.
        id: TransferId,
        /// How much, above zero.
        amount: Amount,
        /// How.
        source: Source,
    },
    /// A deposit has arrived.
    ConfirmDeposit {
        /// The deposit.
        id: TransferId,
    },
    /// A deposit will not arrive.
    FailDeposit {
        /// The deposit.
        id: TransferId,
    },
    /// Free collateral is bound to a job.
    Lock {
        /// The job.
        job: RequestId,
        /// How much, above zero.
        amount: Amount,
    },
    /// The job is over, and what is left of its lock is free.
    Unlock {
        /// The job.
        job: RequestId,
    },
    /// A penalty is decided and can still be appealed: its amount is set aside and nobody has it.
    Impound {
        /// The case.
        case: CaseId,
        /// How much, above zero.
        amount: Amount,
        /// When what it punishes was done.
        conduct_at: Timestamp,
    },
    /// A penalty stands: what was set aside for its case goes where it says.
    Slash {
        /// The case.
        case: CaseId,
        /// Where to.
        to: Destination,
    },
    /// A penalty was overturned: what was set aside for its case comes back.
    Restore {
        /// The case.
        case: CaseId,
    },
    /// The provider leaves, Swan 1.0's task type 100: no more tasks, and no deductions for what comes after.
    Exit,
    /// The provider wants free collateral back.
    RequestWithdrawal {
        /// The withdrawal.
        id: TransferId,
        /// How much, above zero.
        amount: Amount,
    },
    /// The provider would rather stay.
    CancelWithdrawal {
        /// The withdrawal.
        id: TransferId,
    },
    /// The wait is over, and the collateral is paid out.
    ConfirmWithdrawal {
        /// The withdrawal.
        id: TransferId,
        /// Whether a payout of earnings is under way, during which nothing is paid out (public record 3.7).
        payout_pending: bool,
    },
    /// What was paid back to a deposit's card or wallet did not arrive: it is free collateral again.
    FailReturn {
        /// The withdrawal.
        withdrawal: TransferId,
        /// The deposit.
        deposit: TransferId,
    },
    /// The card processor has taken a deposit back: a dispute, or a refund that was begun over there.
    TakeBack {
        /// The dispute or refund.
        id: TransferId,
        /// The deposit.
        deposit: TransferId,
        /// How much, above zero.
        amount: Amount,
    },
    /// The card processor has given that back.
    GiveBack {
        /// The dispute or refund.
        id: TransferId,
    },
}

impl CollateralEvent {
    /// The task type by which a provider of Swan 1.0 leaves (Seed 002, Exit Mechanism).
    pub const EXIT_TASK_TYPE: u64 = 100;

    /// In words, as errors name it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit { .. } => "a deposit",
            Self::ConfirmDeposit { .. } => "the arrival of a deposit",
            Self::FailDeposit { .. } => "the failure of a deposit",
            Self::Lock { .. } => "a lock",
            Self::Unlock { .. } => "an unlock",
            Self::Impound { .. } => "an impoundment",
            Self::Slash { .. } => "a slash",
            Self::Restore { .. } => "a restoration",
            Self::Exit => "an exit",
            Self::RequestWithdrawal { .. } => "a request to withdraw",
            Self::CancelWithdrawal { .. } => "the cancelling of a withdrawal",
            Self::ConfirmWithdrawal { .. } => "a withdrawal",
            Self::FailReturn { .. } => "the failure of a return",
            Self::TakeBack { .. } => "a reversal",
            Self::GiveBack { .. } => "the return of a reversal",
        }
    }
}

/// Where collateral stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Pocket {
    /// The card or the wallet that this deposit came from and goes back to.
    Origin(TransferId),
    /// What the provider owes since a deposit was taken back and no longer there.
    Owed,
    /// Deposited and bound to nothing.
    Free,
    /// Bound to a job.
    Locked(RequestId),
    /// Set aside for a case that can still be appealed.
    Impounded(CaseId),
    /// Asked back, and waiting.
    Withdrawing,
    /// Slashed and out of circulation.
    Burnt,
    /// Slashed, for the treasury.
    Treasury,
    /// Slashed, for the growth fund.
    GrowthFund,
}

impl From<Destination> for Pocket {
    fn from(destination: Destination) -> Self {
        match destination {
            Destination::Burn => Self::Burnt,
            Destination::Treasury => Self::Treasury,
            Destination::GrowthFund => Self::GrowthFund,
        }
    }
}

/// One movement of collateral, above zero and in the currency of the account. An event makes none, one or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a movement is these three facts")]
pub struct CollateralMovement {
    /// From where.
    pub from: Pocket,
    /// To where.
    pub to: Pocket,
    /// How much.
    pub amount: Amount,
}

/// What an event did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an event is new or known")]
pub enum Effect {
    /// It happened, and this moved.
    Moved(Vec<CollateralMovement>),
    /// It had happened before; nothing changed.
    Exists,
}

/// A withdrawal that waits; its amounts are in the currency of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Withdrawal {
    /// Its identifier.
    pub id: TransferId,
    /// What was asked for.
    pub requested: Amount,
    /// What will be paid: less than was asked for once a penalty took from it.
    pub amount: Amount,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// From when on it can be confirmed.
    pub ready_at: Timestamp,
}

impl Withdrawal {
    pub(super) fn new(id: TransferId, amount: Amount, now: Timestamp, wait: Duration) -> Self {
        Self {
            id,
            requested: amount,
            amount,
            requested_at: now,
            ready_at: now.after(wait),
        }
    }
}
