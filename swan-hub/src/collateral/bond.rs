//! One provider's collateral in one currency, as its records say.

use std::collections::BTreeMap;
use std::time::Duration;

use swan_core::collateral::{
    CollateralAccount, CollateralEvent, CollateralMovement, Effect, Source,
};
use swan_core::standing::{Destination, PenaltyEvent, PenaltyState};
use swan_core::{Amount, CaseId, Currency, ProviderId, Timestamp, TopupId, TransferId};

use super::record::{Act, Record};
use super::{CollateralError, Wallet, WithdrawalStage};

/// A provider's collateral in one currency.
#[derive(Clone, Debug)]
pub(crate) struct Bond {
    pub(crate) provider: ProviderId,
    pub(crate) account: CollateralAccount,
    pub(crate) deposits: BTreeMap<TransferId, Origin>,
    pub(crate) penalties: BTreeMap<CaseId, Penalty>,
    pub(crate) withdrawals: Vec<Withdrawal>,
}

/// How a deposit came in.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) at: Timestamp,
    pub(crate) topup: Option<TopupId>,
    pub(crate) reference: String,
    /// Where it has come from, of a deposit by chain.
    pub(crate) wallet: Option<Wallet>,
}

/// A penalty.
#[derive(Clone, Debug)]
pub(crate) struct Penalty {
    pub(crate) case: CaseId,
    pub(crate) amount: Amount,
    pub(crate) destination: Destination,
    pub(crate) rule: String,
    pub(crate) reason: String,
    /// What it was, as whoever decided it has named it.
    pub(crate) offence: Option<String>,
    /// When it was done.
    pub(crate) conduct: Timestamp,
    pub(crate) by: String,
    pub(crate) at: Timestamp,
    pub(crate) state: PenaltyState,
    /// What the provider said against it.
    pub(crate) appeal: Option<String>,
    /// What was decided about that.
    pub(crate) decision: Option<String>,
}

/// A withdrawal.
#[derive(Clone, Debug)]
pub(crate) struct Withdrawal {
    pub(crate) id: TransferId,
    pub(crate) requested: Amount,
    pub(crate) at: Timestamp,
    pub(crate) ready: Timestamp,
    pub(crate) stage: WithdrawalStage,
    pub(crate) ended: Option<Timestamp>,
    /// Why a part of it came back.
    pub(crate) problem: Option<String>,
}

/// What a record has moved.
#[derive(Debug)]
pub(crate) enum Happened {
    Moved(Vec<CollateralMovement>),
    Exists,
}

impl Bond {
    pub(crate) const fn new(provider: ProviderId, currency: Currency) -> Self {
        Self {
            provider,
            account: CollateralAccount::new(currency),
            deposits: BTreeMap::new(),
            penalties: BTreeMap::new(),
            withdrawals: Vec::new(),
        }
    }

    /// Lets it happen; the same records in the same order come to the same, whoever reads them.
    pub(crate) fn apply(&mut self, record: &Record) -> Result<Happened, CollateralError> {
        let mut next = self.clone();
        // A clock that goes back delays nothing and forbids nothing.
        let at = record.at.max(self.account.changed_at());
        let happened = next.happen(record, at)?;
        *self = next;
        Ok(happened)
    }

    fn happen(&mut self, record: &Record, at: Timestamp) -> Result<Happened, CollateralError> {
        match &record.act {
            Act::Deposited { .. } => self.deposit(&record.act, at),
            Act::Locked { job, amount } => {
                let (job, amount) = (*job, *amount);
                self.on(&CollateralEvent::Lock { job, amount }, at)
            }
            Act::Unlocked { job } => self.on(&CollateralEvent::Unlock { job: *job }, at),
            Act::Penalised { .. }
            | Act::Appealed { .. }
            | Act::Decided { .. }
            | Act::Lapsed { .. } => self.judge(record, at),
            Act::Requested {
                id,
                amount,
                wait_secs,
            } => self.request(*id, *amount, Duration::from_secs(*wait_secs), at),
            Act::Cancelled { id } => {
                let happened = self.on(&CollateralEvent::CancelWithdrawal { id: *id }, at)?;
                self.ended(*id, WithdrawalStage::Cancelled, at);
                Ok(happened)
            }
            Act::Confirmed { id } => {
                let (id, payout_pending) = (*id, false);
                let event = CollateralEvent::ConfirmWithdrawal { id, payout_pending };
                let happened = self.on(&event, at)?;
                self.ended(id, WithdrawalStage::Returned, at);
                Ok(happened)
            }
            Act::Unsent {
                withdrawal,
                deposit,
                reason,
            } => {
                self.trouble(*withdrawal, reason);
                self.come_back(*withdrawal, &[*deposit], at)
            }
            Act::Unpaid { withdrawal, reason } => {
                self.trouble(*withdrawal, reason);
                let parts = self.account.parts();
                let by_hand = parts.filter(|part| part.withdrawal == *withdrawal && !part.to_card);
                let deposits: Vec<_> = by_hand.map(|part| part.deposit).collect();
                self.come_back(*withdrawal, &deposits, at)
            }
            Act::TakenBack {
                id,
                deposit,
                amount,
                ..
            } => {
                let (id, deposit, amount) = (*id, *deposit, *amount);
                let event = CollateralEvent::TakeBack {
                    id,
                    deposit,
                    amount,
                };
                self.on(&event, at)
            }
            Act::GivenBack { taken, .. } => self.on(&CollateralEvent::GiveBack { id: *taken }, at),
        }
    }

    fn deposit(&mut self, act: &Act, at: Timestamp) -> Result<Happened, CollateralError> {
        let Act::Deposited {
            id,
            amount,
            source,
            topup,
            reference,
            wallet,
        } = act
        else {
            return Ok(Happened::Exists);
        };
        let (id, amount, source) = (*id, *amount, *source);
        let event = CollateralEvent::Deposit { id, amount, source };
        let _announced = self.on(&event, at)?;
        let origin = Origin {
            at,
            topup: *topup,
            reference: reference.clone(),
            wallet: wallet.clone(),
        };
        self.deposits.entry(id).or_insert(origin);
        self.on(&CollateralEvent::ConfirmDeposit { id }, at)
    }

    /// Only withdrawals wait, and theirs is what was in force when they were asked for.
    pub(super) fn on(
        &mut self,
        event: &CollateralEvent,
        at: Timestamp,
    ) -> Result<Happened, CollateralError> {
        Ok(match self.account.apply(event, at, Duration::ZERO)? {
            Effect::Moved(movements) => Happened::Moved(movements),
            Effect::Exists => Happened::Exists,
        })
    }

    fn request(
        &mut self,
        id: TransferId,
        amount: Amount,
        wait: Duration,
        at: Timestamp,
    ) -> Result<Happened, CollateralError> {
        let event = CollateralEvent::RequestWithdrawal { id, amount };
        let Effect::Moved(movements) = self.account.apply(&event, at, wait)? else {
            return Ok(Happened::Exists);
        };
        if self.withdrawals.len() >= CollateralAccount::REMEMBERED {
            self.withdrawals.remove(0);
        }
        self.withdrawals.push(Withdrawal {
            id,
            requested: amount,
            at,
            ready: at.after(wait),
            stage: WithdrawalStage::Waiting,
            ended: None,
            problem: None,
        });
        Ok(Happened::Moved(movements))
    }

    fn ended(&mut self, id: TransferId, stage: WithdrawalStage, at: Timestamp) {
        let mut known = self.withdrawals.iter_mut();
        if let Some(one) = known.find(|one| one.id == id && one.ended.is_none()) {
            (one.stage, one.ended) = (stage, Some(at));
        }
    }

    fn trouble(&mut self, id: TransferId, reason: &str) {
        if let Some(one) = self.withdrawals.iter_mut().find(|one| one.id == id) {
            one.problem.get_or_insert_with(|| reason.to_owned());
        }
    }

    fn come_back(
        &mut self,
        withdrawal: TransferId,
        deposits: &[TransferId],
        at: Timestamp,
    ) -> Result<Happened, CollateralError> {
        let mut all = Vec::new();
        for deposit in deposits {
            let event = CollateralEvent::FailReturn {
                withdrawal,
                deposit: *deposit,
            };
            if let Happened::Moved(movements) = self.on(&event, at)? {
                all.extend(movements);
            }
        }
        Ok(if all.is_empty() {
            Happened::Exists
        } else {
            Happened::Moved(all)
        })
    }

    fn judge(&mut self, record: &Record, at: Timestamp) -> Result<Happened, CollateralError> {
        match &record.act {
            Act::Penalised {
                case,
                amount,
                destination,
                rule,
                reason,
                conduct_ms,
                until_ms,
                offence,
            } => {
                let event = CollateralEvent::Impound {
                    case: *case,
                    amount: *amount,
                    conduct_at: *conduct_ms,
                };
                let happened = self.on(&event, at)?;
                self.forget();
                self.penalties.entry(*case).or_insert_with(|| Penalty {
                    case: *case,
                    amount: *amount,
                    destination: *destination,
                    rule: rule.clone(),
                    reason: reason.clone(),
                    offence: offence.clone(),
                    conduct: *conduct_ms,
                    by: record.by.clone(),
                    at,
                    state: PenaltyState::Held { until: *until_ms },
                    appeal: None,
                    decision: None,
                });
                Ok(happened)
            }
            Act::Appealed {
                case,
                reason,
                decide_secs,
            } => {
                let within = Duration::from_secs(*decide_secs);
                let happened = self.step(*case, PenaltyEvent::Appeal, at, within)?;
                if let Some(penalty) = self.penalties.get_mut(case) {
                    penalty.appeal = Some(reason.clone());
                }
                Ok(happened)
            }
            Act::Decided {
                case,
                is_upheld,
                reason,
            } => {
                let event = if *is_upheld {
                    PenaltyEvent::Uphold
                } else {
                    PenaltyEvent::Deny
                };
                let happened = self.step(*case, event, at, Duration::ZERO)?;
                if let Some(penalty) = self.penalties.get_mut(case) {
                    penalty.decision = Some(reason.clone());
                }
                Ok(happened)
            }
            Act::Lapsed { case } => self.step(*case, PenaltyEvent::Tick, at, Duration::ZERO),
            _ => Ok(Happened::Exists),
        }
    }

    /// Keeps the list of penalties within a bound; those that are open stay.
    fn forget(&mut self) {
        if self.penalties.len() < CollateralAccount::REMEMBERED {
            return;
        }
        let over = self.penalties.values().filter(|one| !one.state.is_open());
        let oldest = over.min_by_key(|one| one.at).map(|one| one.case);
        if let Some(oldest) = oldest {
            self.penalties.remove(&oldest);
        }
    }

    fn step(
        &mut self,
        case: CaseId,
        event: PenaltyEvent,
        at: Timestamp,
        within: Duration,
    ) -> Result<Happened, CollateralError> {
        let unknown = || CollateralError::UnknownCase(case);
        let penalty = self.penalties.get_mut(&case).ok_or_else(unknown)?;
        if !penalty.state.is_open() && event == PenaltyEvent::Tick {
            return Ok(Happened::Exists);
        }
        penalty.state = penalty.state.on(event, at, within)?;
        let (state, to) = (penalty.state, penalty.destination);
        match state {
            PenaltyState::Held { .. } | PenaltyState::Appealed { .. } => {
                Ok(Happened::Moved(Vec::new()))
            }
            PenaltyState::CarriedOut { .. } => self.on(&CollateralEvent::Slash { case, to }, at),
            PenaltyState::Lifted { .. } => self.on(&CollateralEvent::Restore { case }, at),
        }
    }

    /// How this deposit came in.
    pub(crate) fn source(&self, deposit: TransferId) -> Option<Source> {
        let mut arrived = self.account.arrived().into_iter();
        arrived.find(|one| one.0 == deposit).map(|one| one.2)
    }
}
