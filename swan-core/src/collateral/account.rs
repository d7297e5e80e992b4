use std::collections::{BTreeMap, VecDeque};

use super::movement::{Part, Source, Withdrawal};
use crate::standing::Slash;
use crate::{Amount, CaseId, Currency, MoneyError, RequestId, Timestamp, TransferId};

/// How a provider's collateral stands in general.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "collateral has these five states")]
pub enum CollateralState {
    /// Nothing has arrived yet.
    Empty,
    /// There is collateral, and the provider works.
    Open,
    /// The provider has left: no tasks, and no deductions for what came after.
    Exiting {
        /// When it left.
        since: Timestamp,
    },
    /// A withdrawal waits; the provider gets no requests meanwhile (public record 3.7).
    Withdrawing {
        /// When the provider left, if it did.
        exited: Option<Timestamp>,
    },
    /// Everything was paid back; a new deposit opens it again.
    Refunded,
}

impl CollateralState {
    /// In words, as errors name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Open => "open",
            Self::Exiting { .. } => "that of a provider who left",
            Self::Withdrawing { .. } => "being withdrawn",
            Self::Refunded => "refunded",
        }
    }
}

/// One announced deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deposit {
    pub(super) amount: Amount,
    pub(super) source: Source,
    /// Pending while `None`; then whether it arrived.
    pub(super) arrived: Option<bool>,
    /// Counts those that arrived, from 1.
    pub(super) nth: usize,
    /// What of it was not paid back, slashed or taken back.
    pub(super) left: Amount,
    /// Its card or wallet did not take something back, so it is not asked again.
    pub(super) is_deaf: bool,
}

/// What a card processor has taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) deposit: TransferId,
    pub(super) asked: Amount,
    /// From which deposits it was taken.
    pub(super) parts: Vec<(TransferId, Amount)>,
    /// What of it was not there, and is taken as soon as it is.
    pub(super) owed: Amount,
    pub(super) is_over: bool,
}

/// What is bound to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) asked: Amount,
    /// Less than was asked for once a penalty took from it.
    pub(super) left: Amount,
}

/// What was set aside for one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impounded {
    /// What the penalty asked for.
    pub(super) asked: Amount,
    /// What of it was not there, as far as it counts towards the shortfall.
    pub(super) missing: Amount,
    /// Taken from locks and from what was free.
    pub(super) from_funds: Amount,
    /// Taken from the withdrawal that waited.
    pub(super) from_withdrawal: Amount,
}

/// How a case or a withdrawal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Slashed,
    Restored,
    Paid,
    Cancelled,
}

impl End {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Slashed => "it was slashed",
            Self::Restored => "it was restored",
            Self::Paid => "it was paid out",
            Self::Cancelled => "it was cancelled",
        }
    }
}

/// A provider's collateral in one currency: what it put in, what is bound, and what became of it. All its amounts are in that
/// [currency](Self::currency).
///
/// At all times what was deposited is free, locked, impounded, waiting for withdrawal, paid out, slashed or taken back by the
/// card processor, and none of these is below zero. The same holds of each deposit, so that no card gets more back than it
/// paid, less what was slashed of it: what goes back is of the youngest deposits, what is slashed of the oldest. Swan 1.0's contract lets a slash take more than there is, so that the balance is negative; here a
/// slash takes what is there and the rest is recorded as a [shortfall](Self::shortfall): nobody could collect it, and a
/// balance below zero would count as money of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralAccount {
    pub(super) currency: Currency,
    pub(super) state: CollateralState,
    pub(super) deposits: BTreeMap<TransferId, Deposit>,
    pub(super) free: Amount,
    pub(super) locks: BTreeMap<RequestId, Lock>,
    pub(super) impounded: BTreeMap<CaseId, Impounded>,
    pub(super) withdrawal: Option<Withdrawal>,
    pub(super) paid_out: Amount,
    pub(super) slashed: Amount,
    pub(super) shortfall: Amount,
    pub(super) unlocked: VecDeque<RequestId>,
    pub(super) cases: VecDeque<(CaseId, End)>,
    pub(super) withdrawals: VecDeque<(TransferId, End)>,
    pub(super) parts: VecDeque<Part>,
    pub(super) taken: BTreeMap<TransferId, Taken>,
    pub(super) changed_at: Timestamp,
    pub(super) reduced_at: Option<Timestamp>,
}

impl CollateralAccount {
    /// The most deposits that an account ever has; their identifiers are never forgotten.
    pub const DEPOSITS_MAX: usize = 1_024;
    /// The most jobs that collateral is bound to at once.
    pub const LOCKS_MAX: usize = 4_096;
    /// How many jobs, cases and withdrawals that are over are remembered, so that repeats are recognised.
    pub const REMEMBERED: usize = 1_024;

    /// An empty account.
    #[must_use]
    pub const fn new(currency: Currency) -> Self {
        Self {
            currency,
            state: CollateralState::Empty,
            deposits: BTreeMap::new(),
            free: Amount::ZERO,
            locks: BTreeMap::new(),
            impounded: BTreeMap::new(),
            withdrawal: None,
            paid_out: Amount::ZERO,
            slashed: Amount::ZERO,
            shortfall: Amount::ZERO,
            unlocked: VecDeque::new(),
            cases: VecDeque::new(),
            withdrawals: VecDeque::new(),
            parts: VecDeque::new(),
            taken: BTreeMap::new(),
            changed_at: Timestamp::EPOCH,
            reduced_at: None,
        }
    }

    /// What it is counted in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> CollateralState {
        self.state
    }

    /// Whether the provider may get requests as far as its collateral is concerned, if that is [adequate](super::shortfall).
    #[must_use]
    pub const fn may_serve(&self) -> bool {
        matches!(self.state, CollateralState::Open)
    }

    /// Announced and not arrived.
    #[must_use]
    pub fn pending(&self) -> Amount {
        let pending = self.deposits.values().filter(|d| d.arrived.is_none());
        sum(pending.map(|deposit| deposit.amount))
    }

    /// All that ever arrived.
    #[must_use]
    pub fn deposited(&self) -> Amount {
        let arrived = self.deposits.values().filter(|d| d.arrived == Some(true));
        sum(arrived.map(|deposit| deposit.amount))
    }

    /// Bound to nothing.
    #[must_use]
    pub const fn free(&self) -> Amount {
        self.free
    }

    /// Bound to jobs.
    #[must_use]
    pub fn locked(&self) -> Amount {
        sum(self.locks.values().map(|lock| lock.left))
    }

    /// Bound to this job; `None` when nothing is.
    #[must_use]
    pub fn locked_for(&self, job: RequestId) -> Option<Amount> {
        self.locks.get(&job).map(|lock| lock.left)
    }

    /// The jobs that collateral is bound to, and how much of it.
    pub fn locks(&self) -> impl Iterator<Item = (RequestId, Amount)> {
        self.locks.iter().map(|(job, lock)| (*job, lock.left))
    }

    /// Set aside for cases that can still be appealed.
    #[must_use]
    pub fn impounded(&self) -> Amount {
        let parts = self.impounded.values();
        sum(parts.flat_map(|case| [case.from_funds, case.from_withdrawal]))
    }

    /// Set aside for this case; `None` when nothing is.
    #[must_use]
    pub fn impounded_for(&self, case: CaseId) -> Option<Amount> {
        let case = self.impounded.get(&case)?;
        Some(sum([case.from_funds, case.from_withdrawal]))
    }

    /// The withdrawal that waits.
    #[must_use]
    pub const fn withdrawal(&self) -> Option<&Withdrawal> {
        self.withdrawal.as_ref()
    }

    /// Waiting to be paid out.
    #[must_use]
    pub fn withdrawing(&self) -> Amount {
        self.withdrawal
            .map_or(Amount::ZERO, |waiting| waiting.amount)
    }

    /// All that was ever paid back.
    #[must_use]
    pub const fn paid_out(&self) -> Amount {
        self.paid_out
    }

    /// All that was ever slashed.
    #[must_use]
    pub const fn slashed(&self) -> Amount {
        self.slashed
    }

    /// All that card processors have taken back and not given back.
    #[must_use]
    pub fn taken_back(&self) -> Amount {
        let parts = self.taken.values().flat_map(|taken| &taken.parts);
        sum(parts.map(|(_, amount)| *amount))
    }

    /// What card processors have taken back beyond what was there; whatever becomes free goes there first.
    #[must_use]
    pub fn owed(&self) -> Amount {
        sum(self.taken.values().map(|taken| taken.owed))
    }

    /// What penalties asked for beyond what was there.
    #[must_use]
    pub const fn shortfall(&self) -> Amount {
        self.shortfall
    }

    /// What a penalty can take: locked, free, and waiting to be paid out.
    #[must_use]
    pub fn balance(&self) -> Amount {
        sum([self.locked(), self.free, self.withdrawing()])
    }

    /// What counts towards the requirement: locked and free. What is announced, set aside or asked back does not.
    #[must_use]
    pub fn staked(&self) -> Amount {
        sum([self.locked(), self.free])
    }

    /// How much a penalty asks for: a share of the [balance](Self::balance) (Seed 001: "10% collateral slashed"), or a multiple
    /// of a stake, also where that is more than the balance: what is missing then counts as [shortfall](Self::shortfall).
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] of a stake below zero.
    pub fn extent(&self, slash: Slash) -> Result<Amount, MoneyError> {
        slash.asked(self.balance())
    }

    /// When it last changed.
    #[must_use]
    pub const fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// When something was last taken from it, by a penalty or a withdrawal.
    #[must_use]
    pub const fn reduced_at(&self) -> Option<Timestamp> {
        self.reduced_at
    }
}

/// Parts of what arrived never sum to more than arrived, and a deposit that would make that no amount is refused.
pub(super) fn sum(parts: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::checked_sum(parts).unwrap_or(Amount::MAX)
}
