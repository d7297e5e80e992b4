use std::collections::BTreeMap;

use super::{Account, AccountKey, Ledger, Reason};
use crate::{Amount, Currency, RequestId, TransferId};

/// Something that must never be so. Each has the name that tables show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// An account spent more than it had (DESIGN section 2, rule 1).
    #[error("{account} has spent more than it had: {available} available")]
    Overspent {
        /// The account.
        account: AccountKey,
        /// Below zero.
        available: Amount,
    },
    /// The debits and credits of a currency differ (rule 3).
    #[error("the {currency} accounts sum to {posted} posted and {pending} pending, not to zero")]
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// Posted credits less posted debits.
        posted: Amount,
        /// Pending credits less pending debits.
        pending: Amount,
    },
    /// What is pending on an account is not the sum of its holds (rule 2).
    #[error("{account} has {counted} pending, its holds sum to {held}")]
    PendingDiffers {
        /// The account.
        account: AccountKey,
        /// By its counters.
        counted: Amount,
        /// By the holds.
        held: Amount,
    },
    /// Clearing is empty between groups: each gross was shared out to the last unit (rule 3).
    #[error("clearing keeps {posted} {currency}")]
    ClearingNotEmpty {
        /// The currency.
        currency: Currency,
        /// What is left.
        posted: Amount,
    },
    /// A hold is not listed by its expiry, so it would never expire (rule 6).
    #[error("hold {hold} is not listed by its expiry")]
    ExpiryLost {
        /// The hold.
        hold: TransferId,
    },
    /// The journal's numbers have a gap or repeat.
    #[error("entry {found} stands where entry {expected} belongs")]
    SequenceBroken {
        /// The number that belongs there.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The journal's times go back.
    #[error("entry {seq} is older than the one before it")]
    TimeWentBack {
        /// The entry.
        seq: u64,
    },
    /// An entry of the journal cannot be applied: a hold ended twice, money was spent that was not there...
    #[error("entry {seq} cannot be applied: {reason}")]
    EntryRejected {
        /// The entry.
        seq: u64,
        /// Why not.
        reason: Reason,
    },
    /// An entry is in the journal twice.
    #[error("entry {seq} repeats an earlier one")]
    EntryRepeated {
        /// The second one.
        seq: u64,
    },
    /// A request was charged twice (rule 2).
    #[error("entry {seq} charges request {request} again")]
    ChargedTwice {
        /// The second charge.
        seq: u64,
        /// The request.
        request: RequestId,
    },
    /// A charge or an extension ends the hold of another request, or names none.
    #[error("entry {seq} ends a hold that is not its request's")]
    ForeignHold {
        /// The entry.
        seq: u64,
    },
    /// The parts of a charge are not its gross (rule 3).
    #[error("the parts of the charge in entry {seq} do not sum to its gross")]
    SplitDiffers {
        /// The charge.
        seq: u64,
    },
    /// A charge moved something else than its record says: gross, or somebody's part.
    #[error("entry {seq} moved {moved} to {account}, its record says {recorded}")]
    MovedDiffers {
        /// The charge.
        seq: u64,
        /// Who was credited.
        account: AccountKey,
        /// What was moved.
        moved: Amount,
        /// What the record says.
        recorded: Amount,
    },
    /// An entry of this rule has the wrong kind of evidence or of transfers.
    #[error("entry {seq} is not made as its rule says")]
    Malformed {
        /// The entry.
        seq: u64,
    },
}

impl Breach {
    /// The breach's name in tables and JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Overspent { .. } => "overspent",
            Self::Unbalanced { .. } => "unbalanced",
            Self::PendingDiffers { .. } => "pending_differs",
            Self::ClearingNotEmpty { .. } => "clearing_not_empty",
            Self::ExpiryLost { .. } => "expiry_lost",
            Self::SequenceBroken { .. } => "sequence_broken",
            Self::TimeWentBack { .. } => "time_went_back",
            Self::EntryRejected { .. } => "entry_rejected",
            Self::EntryRepeated { .. } => "entry_repeated",
            Self::ChargedTwice { .. } => "charged_twice",
            Self::ForeignHold { .. } => "foreign_hold",
            Self::SplitDiffers { .. } => "split_differs",
            Self::MovedDiffers { .. } => "moved_differs",
            Self::Malformed { .. } => "malformed",
        }
    }
}

/// One currency of the trial balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrialRow {
    /// The currency.
    pub currency: Currency,
    /// How many accounts count in it.
    pub accounts: usize,
    /// Sum of what all accounts received.
    pub credits_posted: Amount,
    /// Sum of what all accounts gave.
    pub debits_posted: Amount,
    /// Sum of what is held in somebody's favour.
    pub credits_pending: Amount,
    /// Sum of what is set aside.
    pub debits_pending: Amount,
}

impl TrialRow {
    /// Whether both sides are equal, posted and pending.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.credits_posted == self.debits_posted && self.credits_pending == self.debits_pending
    }
}

impl Ledger {
    /// The sums of both sides of every currency that was ever used.
    ///
    /// Sums beyond the range of [`Amount`] stop at its end; both sides would stop together.
    #[must_use]
    pub fn trial_balance(&self) -> Vec<TrialRow> {
        let mut rows: BTreeMap<Currency, TrialRow> = BTreeMap::new();
        for slot in &self.slots {
            let currency = slot.key.currency;
            let row = rows.entry(currency).or_insert(TrialRow {
                currency,
                accounts: 0,
                credits_posted: Amount::ZERO,
                debits_posted: Amount::ZERO,
                credits_pending: Amount::ZERO,
                debits_pending: Amount::ZERO,
            });
            row.accounts += 1;
            row.credits_posted = plus(row.credits_posted, slot.balance.credits_posted);
            row.debits_posted = plus(row.debits_posted, slot.balance.debits_posted);
            row.credits_pending = plus(row.credits_pending, slot.balance.credits_pending);
            row.debits_pending = plus(row.debits_pending, slot.balance.debits_pending);
        }
        rows.into_values().collect()
    }

    /// Checks what must always be so of the state itself; [`JournalAudit`](super::JournalAudit) checks how it came about.
    #[must_use]
    pub fn audit(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for row in self.trial_balance() {
            if !row.is_balanced() {
                breaches.push(Breach::Unbalanced {
                    currency: row.currency,
                    posted: minus(row.credits_posted, row.debits_posted),
                    pending: minus(row.credits_pending, row.debits_pending),
                });
            }
        }
        let held = self.held_by_account();
        for (account, balance) in self.accounts() {
            if !balance.is_within(account.account.limit()) {
                let available = balance.available();
                breaches.push(Breach::Overspent { account, available });
            }
            let (debits, credits) = held.get(&account).copied().unwrap_or_default();
            for (counted, held) in [
                (balance.debits_pending, debits),
                (balance.credits_pending, credits),
            ] {
                if counted != held {
                    breaches.push(Breach::PendingDiffers {
                        account,
                        counted,
                        held,
                    });
                }
            }
            if account.account == Account::Clearing && !balance.posted().is_zero() {
                let posted = balance.posted();
                breaches.push(Breach::ClearingNotEmpty {
                    currency: account.currency,
                    posted,
                });
            }
        }
        let lost = self
            .pending
            .iter()
            .filter(|(id, held)| !self.due.contains(&(held.expires, **id)));
        let mut lost: Vec<_> = lost.map(|(id, _)| *id).collect();
        lost.sort_unstable();
        breaches.extend(lost.into_iter().map(|hold| Breach::ExpiryLost { hold }));
        breaches
    }

    fn held_by_account(&self) -> BTreeMap<AccountKey, (Amount, Amount)> {
        let mut held: BTreeMap<AccountKey, (Amount, Amount)> = BTreeMap::new();
        for hold in self.pending.values() {
            let debits = &mut held.entry(self.slot(hold.debit).key).or_default().0;
            *debits = plus(*debits, hold.amount);
            let credits = &mut held.entry(self.slot(hold.credit).key).or_default().1;
            *credits = plus(*credits, hold.amount);
        }
        held
    }
}

pub(super) fn plus(a: Amount, b: Amount) -> Amount {
    a.checked_add(b).unwrap_or(Amount::MAX)
}

fn minus(a: Amount, b: Amount) -> Amount {
    a.checked_sub(b).unwrap_or(Amount::MIN)
}
