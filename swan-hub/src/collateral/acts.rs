//! What people and the hub do with collateral, as the record of it that is to be written down.

use swan_core::collateral::{CollateralError as Refusal, CollateralState, Source};
use swan_core::hardware::Role;
use swan_core::standing::{Offence, SlashingPolicy as _, Stake};
use swan_core::{
    Amount, CaseId, Currency, Policy, ProviderId, RequestId, Timestamp, TopupId, TransferId,
};

use super::bond::Bond;
use super::record::{Act, Record};
use super::{CollateralError, Wallet};

/// Who does something to whose collateral, when, and under which policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    pub(crate) by: &'a str,
}

/// What has come in.
#[derive(Debug, Clone)]
pub(crate) struct Deposit {
    /// Derived from the payment, the transaction or the request, so that it counts once.
    pub(crate) id: TransferId,
    pub(crate) amount: Amount,
    pub(crate) source: Source,
    /// The order that a card has paid.
    pub(crate) topup: Option<TopupId>,
    /// The payment, the transaction, or an administrator's words.
    pub(crate) reference: String,
    /// Where it has come from, of a deposit by chain.
    pub(crate) wallet: Option<Wallet>,
}

/// What a provider is found to have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misconduct {
    /// It failed so many benchmarks in a row.
    Failures(u32),
    /// It failed a task, by its own fault.
    Task(Role),
    /// It cut prompts short, and was found to so often.
    Context(u32),
    /// It cheated: at stake was this, or what is locked for the job.
    Fraud(Option<Amount>, Option<RequestId>),
}

/// What it is called where it is accused of.
fn named(conduct: Misconduct) -> String {
    match conduct {
        Misconduct::Failures(2) => "second_failure".to_owned(),
        Misconduct::Failures(3) => "third_failure".to_owned(),
        Misconduct::Failures(in_a_row) => format!("{in_a_row} failures in a row"),
        Misconduct::Task(Role::Fog) => "failed_fog_task".to_owned(),
        Misconduct::Task(_) => "failed_task".to_owned(),
        Misconduct::Context(_) => "context_misstated".to_owned(),
        Misconduct::Fraud(Some(stake), _) => format!("fraud, with {stake} at stake"),
        Misconduct::Fraud(None, Some(job)) => format!("fraud, with what was locked for job {job}"),
        Misconduct::Fraud(None, None) => "fraud".to_owned(),
    }
}

/// A penalty that somebody decides.
#[derive(Debug, Clone)]
pub(crate) struct Accusation {
    pub(crate) case: CaseId,
    pub(crate) conduct: Misconduct,
    pub(crate) reason: String,
    /// When it was done; now unless somebody says otherwise.
    pub(crate) conduct_at: Option<Timestamp>,
}

impl Scene<'_> {
    fn record(&self, act: Act) -> Record {
        Record {
            provider: self.provider,
            currency: self.currency,
            at: self.now,
            by: self.by.to_owned(),
            policy: Some(self.policy.stamp().clone()),
            act,
        }
    }

    /// It has come in.
    pub(crate) fn deposit(&self, deposit: Deposit) -> Record {
        let Deposit {
            id,
            amount,
            source,
            topup,
            reference,
            wallet,
        } = deposit;
        self.record(Act::Deposited {
            id,
            amount,
            source,
            topup,
            reference,
            wallet,
        })
    }

    /// It is bound to a job.
    pub(crate) fn lock(&self, job: RequestId, amount: Amount) -> Record {
        self.record(Act::Locked { job, amount })
    }

    /// The job is over.
    pub(crate) fn unlock(&self, job: RequestId) -> Record {
        self.record(Act::Unlocked { job })
    }

    /// A provider wants free collateral back; all of it unless it says how much.
    pub(crate) fn request(
        &self,
        bond: &Bond,
        id: TransferId,
        amount: Option<Amount>,
    ) -> Result<Record, CollateralError> {
        let rules = self.policy.collateral().map_err(CollateralError::None)?;
        let known = bond.withdrawals.iter().find(|known| known.id == id);
        let available = bond.account.free();
        let amount = match (amount, known) {
            (Some(amount), _) => amount,
            (None, Some(known)) => known.requested,
            (None, None) => available,
        };
        if known.is_none() {
            if let CollateralState::Withdrawing { .. } = bond.account.state() {
                let (event, state) = ("a request to withdraw", "being withdrawn");
                return Err(Refusal::WrongState { event, state }.into());
            }
            if available.is_zero() {
                return Err(CollateralError::Nothing(self.currency));
            }
            if amount > available {
                return Err(CollateralError::TooLittle {
                    available,
                    wanted: amount,
                    currency: self.currency,
                });
            }
        }
        let wait_secs = rules.withdrawal_wait().as_secs();
        Ok(self.record(Act::Requested {
            id,
            amount,
            wait_secs,
        }))
    }

    /// The provider would rather keep it there.
    pub(crate) fn cancel(&self, id: TransferId) -> Record {
        self.record(Act::Cancelled { id })
    }

    /// The wait is over.
    pub(super) fn confirm(&self, id: TransferId) -> Record {
        self.record(Act::Confirmed { id })
    }

    /// What went to a card did not arrive.
    pub(super) fn unsent(&self, withdrawal: TransferId, deposit: TransferId, why: &str) -> Record {
        self.record(Act::Unsent {
            withdrawal,
            deposit,
            reason: why.to_owned(),
        })
    }

    /// What was to be paid by hand was not.
    pub(super) fn unpaid(&self, withdrawal: TransferId, why: &str) -> Record {
        self.record(Act::Unpaid {
            withdrawal,
            reason: why.to_owned(),
        })
    }

    /// The card processor has taken it back, or it is no longer on the chain.
    pub(crate) fn taken_back(
        &self,
        id: TransferId,
        (deposit, amount): (TransferId, Amount),
        object: &str,
    ) -> Record {
        self.record(Act::TakenBack {
            id,
            deposit,
            amount,
            object: object.to_owned(),
        })
    }

    /// The card processor has given that back.
    pub(super) fn given_back(&self, taken: TransferId, id: TransferId, object: &str) -> Record {
        self.record(Act::GivenBack {
            taken,
            id,
            object: object.to_owned(),
        })
    }

    /// A penalty by the policy's table, set aside until it can no longer be appealed.
    pub(crate) fn penalise(
        &self,
        bond: &Bond,
        accusation: &Accusation,
    ) -> Result<Record, CollateralError> {
        let _rules = self.policy.collateral().map_err(CollateralError::None)?;
        let case = accusation.case;
        // Once more it is the penalty that it was, whatever has become of the collateral since.
        let known = bond.penalties.get(&case).map(|known| known.amount);
        let offence = self.offence(bond, accusation)?;
        let standing = self.policy.standing();
        let measure = standing.slashing().measure(&offence);
        let measure = measure.filter(|measure| !measure.slash.is_nothing());
        let unpunished = || CollateralError::Unpunished(accusation.reason.clone());
        let measure = measure.ok_or_else(unpunished)?;
        let amount = match (known, measure.slash) {
            (Some(known), _) => known,
            (None, slash) => bond.account.extent(slash).map_err(Refusal::Money)?,
        };
        if amount.is_zero() {
            return Err(CollateralError::Nothing(self.currency));
        }
        let removal = if measure.removal { ", and removal" } else { "" };
        Ok(self.record(Act::Penalised {
            case,
            amount,
            destination: measure.destination,
            rule: format!("{}: {}{removal}", measure.rule, measure.slash),
            reason: accusation.reason.clone(),
            conduct_ms: accusation.conduct_at.unwrap_or(self.now),
            until_ms: self.now.after(standing.appeal()),
            offence: Some(named(accusation.conduct)),
        }))
    }

    fn offence(&self, bond: &Bond, of: &Accusation) -> Result<Offence, CollateralError> {
        let currency = self.currency;
        Ok(match of.conduct {
            Misconduct::Failures(in_a_row) => Offence::BenchmarkFailed { in_a_row },
            Misconduct::Task(role) => Offence::TaskFailed { role },
            Misconduct::Context(times) => Offence::ContextMisstated { times },
            Misconduct::Fraud(stake, job) => {
                let locked = job.and_then(|job| bond.account.locked_for(job));
                let amount = stake.or(locked).filter(|stake| *stake > Amount::ZERO);
                // A repeat comes after the penalty has taken what was locked.
                let known = bond.penalties.contains_key(&of.case);
                let amount = amount.or(known.then_some(Amount::MAX));
                let amount = amount.ok_or(CollateralError::NoStake)?;
                Offence::FraudProven {
                    stake: Stake { amount, currency },
                }
            }
        })
    }

    /// The provider says something against a penalty.
    pub(crate) fn appeal(&self, case: CaseId, reason: &str) -> Record {
        let within = self.policy.standing().appeal_decision();
        self.record(Act::Appealed {
            case,
            reason: reason.to_owned(),
            decide_secs: within.as_secs(),
        })
    }

    /// An appeal is decided.
    pub(crate) fn decide(&self, case: CaseId, is_upheld: bool, reason: &str) -> Record {
        self.record(Act::Decided {
            case,
            is_upheld,
            reason: reason.to_owned(),
        })
    }

    /// The time in which something could be said is over.
    pub(super) fn lapse(&self, case: CaseId) -> Record {
        self.record(Act::Lapsed { case })
    }
}
