use std::collections::{BTreeMap, BTreeSet};

use super::audit::plus;
use super::{
    Account, AccountKey, Applied, Breach, ChargeRecord, Detail, Entry, Kind, Ledger, Rule,
    TrialRow, bonus, collateral, deposit, exchange, payment,
};
use crate::{Amount, RequestId, Timestamp};

/// Rebuilds a ledger from its journal and checks each entry against the rules of DESIGN sections 2 and 5.
///
/// It believes nothing that the entries say about themselves: amounts that moved are compared with the record of the
/// charge, and the record with its own sum.
#[derive(Debug)]
pub struct JournalAudit {
    ledger: Ledger,
    next_seq: u64,
    last: Timestamp,
    charged: BTreeSet<RequestId>,
    groups: BTreeMap<Rule, u64>,
    transfers: u64,
    holds: u64,
    breaches: Vec<Breach>,
    more: u64,
}

/// What an audit found.
#[derive(Debug)]
#[non_exhaustive]
pub struct AuditReport {
    /// The number of the journal's last entry.
    pub entries: u64,
    /// How many transfers they hold.
    pub transfers: u64,
    /// How many groups each rule caused.
    pub groups: BTreeMap<Rule, u64>,
    /// How many holds were opened; one that is extended stays one.
    pub holds: u64,
    /// How many of them have not ended.
    pub pending: usize,
    /// Both sides of every currency.
    pub trial_balance: Vec<TrialRow>,
    /// Everything that is wrong, in the order of the journal; the first [`JournalAudit::BREACHES_MAX`].
    pub breaches: Vec<Breach>,
    /// How many more breaches there are.
    pub more_breaches: u64,
    /// The ledger as rebuilt.
    pub ledger: Ledger,
}

impl AuditReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.breaches.is_empty()
    }
}

impl Default for JournalAudit {
    fn default() -> Self {
        Self::new()
    }
}

impl JournalAudit {
    /// How many breaches are listed.
    pub const BREACHES_MAX: usize = 1_000;

    /// An audit that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_ledger(Ledger::new())
    }

    /// An audit that rebuilds into `ledger`, which must be empty.
    #[must_use]
    pub fn with_ledger(ledger: Ledger) -> Self {
        Self {
            ledger,
            next_seq: 1,
            last: Timestamp::EPOCH,
            charged: BTreeSet::new(),
            groups: BTreeMap::new(),
            transfers: 0,
            holds: 0,
            breaches: Vec::new(),
            more: 0,
        }
    }

    /// An audit of what follows entry `seq`, after which the ledger was `ledger`.
    ///
    /// What it finds is all that can be wrong from there on; a request that was charged before and is charged again is
    /// found as far as the ledger remembers.
    #[must_use]
    pub fn resume(ledger: Ledger, seq: u64) -> Self {
        let last = ledger.now();
        Self {
            next_seq: seq.saturating_add(1),
            last,
            ..Self::with_ledger(ledger)
        }
    }

    /// The ledger as rebuilt so far.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes in the next entry of the journal.
    pub fn observe(&mut self, entry: &Entry) {
        let seq = entry.seq;
        if seq != self.next_seq {
            self.breach(Breach::SequenceBroken {
                expected: self.next_seq,
                found: seq,
            });
        }
        if entry.at < self.last {
            self.breach(Breach::TimeWentBack { seq });
        }
        self.next_seq = seq.saturating_add(1);
        self.last = entry.at;
        *self.groups.entry(entry.group.cause.rule).or_default() += 1;
        for transfer in &entry.group.transfers {
            self.transfers += 1;
            let is_placed = matches!(transfer.kind, Kind::Pending { .. })
                && entry.group.cause.rule != Rule::Extension;
            self.holds += u64::from(is_placed);
        }
        self.check_cause(entry);
        match self.ledger.apply(&entry.group, entry.at) {
            Ok(Applied::Created) => {}
            Ok(Applied::Exists) => self.breach(Breach::EntryRepeated { seq }),
            Err(rejected) => {
                self.breach(Breach::EntryRejected {
                    seq,
                    reason: rejected.reason,
                });
            }
        }
    }

    /// Checks the state at the end and sums up.
    #[must_use]
    pub fn finish(mut self) -> AuditReport {
        for breach in self.ledger.audit() {
            self.breach(breach);
        }
        AuditReport {
            entries: self.next_seq - 1,
            transfers: self.transfers,
            groups: self.groups,
            holds: self.holds,
            pending: self.ledger.pending_count(),
            trial_balance: self.ledger.trial_balance(),
            breaches: self.breaches,
            more_breaches: self.more,
            ledger: self.ledger,
        }
    }

    fn breach(&mut self, breach: Breach) {
        if self.breaches.len() < Self::BREACHES_MAX {
            self.breaches.push(breach);
        } else {
            self.more += 1;
        }
    }

    /// Whether the transfers are of the kind that their rule makes.
    fn check_cause(&mut self, entry: &Entry) {
        let group = &entry.group;
        let only = |wanted: fn(&Kind) -> bool| {
            group
                .transfers
                .iter()
                .all(|transfer| wanted(&transfer.kind))
        };
        let fits = match group.cause.rule {
            rule if rule.is_collateral() => collateral::fits(group),
            Rule::Grant
            | Rule::Draw
            | Rule::Return
            | Rule::Payout
            | Rule::PayoutPaid
            | Rule::PayoutReturned
            | Rule::EarningsCredit => only(|kind| matches!(kind, Kind::Posted)),
            Rule::Hold => only(|kind| matches!(kind, Kind::Pending { .. })),
            Rule::Release | Rule::Recovery => only(|kind| matches!(kind, Kind::Void { .. })),
            Rule::Expiry => only(|kind| matches!(kind, Kind::Expire { .. })),
            Rule::Extension => return self.check_extension(entry),
            Rule::Charge => match &group.cause.detail {
                Detail::Charge(record) => {
                    self.check_charge(entry, record);
                    true
                }
                _ => false,
            },
            Rule::Topup
            | Rule::Refund
            | Rule::RefundReturned
            | Rule::Reversal
            | Rule::ReversalReturned
            | Rule::Collection => payment::fits(group),
            Rule::Deposit | Rule::DepositReversed => deposit::fits(group),
            Rule::DepositBonus | Rule::DepositBonusReversed => bonus::fits(group),
            Rule::Exchange | Rule::ExchangeFunded | Rule::ExchangeEmptied => exchange::fits(group),
            // What is collateral was asked above.
            _ => false,
        };
        if !fits {
            self.breach(Breach::Malformed { seq: entry.seq });
        }
    }

    /// Whether a hold of the same request gave way to one that is no smaller.
    fn check_extension(&mut self, entry: &Entry) {
        let seq = entry.seq;
        let [ended, placed] = entry.group.transfers.as_slice() else {
            return self.breach(Breach::Malformed { seq });
        };
        let (Kind::Void { pending }, Kind::Pending { .. }) = (ended.kind, placed.kind) else {
            return self.breach(Breach::Malformed { seq });
        };
        let sides = (placed.debit, placed.credit) == (ended.debit, ended.credit);
        if !sides || placed.amount < ended.amount {
            self.breach(Breach::Malformed { seq });
        }
        let request = entry.group.cause.request;
        let hold = self.ledger.hold(pending);
        if request.is_none() || hold.is_none_or(|hold| hold.request != request) {
            self.breach(Breach::ForeignHold { seq });
        }
    }

    fn check_charge(&mut self, entry: &Entry, record: &ChargeRecord) {
        let seq = entry.seq;
        let Some(request) = entry.group.cause.request else {
            return self.breach(Breach::ForeignHold { seq });
        };
        if !self.charged.insert(request) {
            self.breach(Breach::ChargedTwice { seq, request });
        }
        if record.parts() != Some(record.gross) {
            self.breach(Breach::SplitDiffers { seq });
        }
        let mut ends = entry
            .group
            .transfers
            .iter()
            .filter_map(|transfer| transfer.kind.ends());
        let own = ends
            .next()
            .and_then(|id| self.ledger.hold(id))
            .is_some_and(|hold| {
                hold.request == Some(request) && matches!(hold.debit.account, Account::Consumer(_))
            });
        if !own || ends.next().is_some() {
            self.breach(Breach::ForeignHold { seq });
        }
        let Some(currency) = entry
            .group
            .transfers
            .first()
            .map(|first| first.debit.currency)
        else {
            return;
        };
        // What each account received must be what the record says, and nobody else received anything.
        let mut moved: BTreeMap<AccountKey, Amount> = BTreeMap::new();
        for transfer in &entry.group.transfers {
            if !matches!(transfer.kind, Kind::Void { .. } | Kind::Expire { .. }) {
                let sum = moved.entry(transfer.credit).or_default();
                *sum = plus(*sum, transfer.amount);
            }
        }
        let mut recorded: BTreeMap<AccountKey, Amount> = BTreeMap::new();
        let payee = record
            .provider
            .map_or(Account::Treasury, Account::ProviderEarnings);
        for (account, amount) in [
            (Account::Clearing, record.gross),
            (payee, record.provider_share),
            (Account::GrowthFund, record.growth_fund),
            (Account::Treasury, record.treasury),
            (Account::Burn, record.burn),
        ] {
            let sum = recorded.entry(account.in_currency(currency)).or_default();
            *sum = plus(*sum, amount);
        }
        let accounts: BTreeSet<_> = moved.keys().chain(recorded.keys()).copied().collect();
        for account in accounts {
            let moved = moved.get(&account).copied().unwrap_or_default();
            let recorded = recorded.get(&account).copied().unwrap_or_default();
            if moved != recorded {
                self.breach(Breach::MovedDiffers {
                    seq,
                    account,
                    moved,
                    recorded,
                });
            }
        }
    }
}
