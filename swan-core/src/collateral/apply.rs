//! What each event does in each state.

use std::collections::VecDeque;
use std::time::Duration;

use super::CollateralError;
use super::account::{CollateralAccount, CollateralState, Deposit, End, Lock};
use super::movement::{CollateralEvent, CollateralMovement, Effect, Pocket, Source, Withdrawal};
use crate::{Amount, RequestId, Timestamp, TransferId};

pub(super) type Outcome = Result<Effect, CollateralError>;

impl CollateralAccount {
    /// Lets an event happen; `wait` is the policy's [time until a withdrawal](super::CollateralRules::withdrawal_wait).
    ///
    /// An event whose identifier is known with the same content has no effect, however often it comes.
    ///
    /// # Errors
    ///
    /// [`CollateralError`] says why it does not happen; the account is unchanged then.
    pub fn apply(&mut self, event: &CollateralEvent, now: Timestamp, wait: Duration) -> Outcome {
        if now < self.changed_at {
            let last = self.changed_at;
            return Err(CollateralError::ClockBackwards { now, last });
        }
        let effect = match *event {
            CollateralEvent::Deposit { id, amount, source } => self.deposit(id, amount, source),
            CollateralEvent::ConfirmDeposit { id } => self.confirm_deposit(id),
            CollateralEvent::FailDeposit { id } => self.fail_deposit(id),
            CollateralEvent::Lock { job, amount } => self.lock(job, amount),
            CollateralEvent::Unlock { job } => self.unlock(job),
            CollateralEvent::Impound {
                case,
                amount,
                conduct_at,
            } => self.impound(case, amount, conduct_at, now),
            CollateralEvent::Slash { case, to } => self.slash(case, to),
            CollateralEvent::Restore { case } => self.restore(case),
            CollateralEvent::Exit => self.exit(now),
            CollateralEvent::RequestWithdrawal { id, amount } => {
                self.request(Withdrawal::new(id, amount, now, wait))
            }
            CollateralEvent::CancelWithdrawal { id } => self.cancel(id),
            CollateralEvent::ConfirmWithdrawal { id, payout_pending } => {
                self.confirm(id, payout_pending, now)
            }
            CollateralEvent::FailReturn {
                withdrawal,
                deposit,
            } => self.fail_return(withdrawal, deposit),
            CollateralEvent::TakeBack {
                id,
                deposit,
                amount,
            } => self.take_back(id, deposit, amount, now),
            CollateralEvent::GiveBack { id } => self.give_back(id),
        }?;
        let Effect::Moved(mut movements) = effect else {
            return Ok(effect);
        };
        self.changed_at = now;
        self.make_good(&mut movements)?;
        Ok(Effect::Moved(movements))
    }

    fn deposit(&mut self, id: TransferId, amount: Amount, source: Source) -> Outcome {
        positive(amount)?;
        if let Some(known) = self.deposits.get(&id) {
            return match (known.amount == amount, known.source == source) {
                (true, true) => Ok(Effect::Exists),
                (false, _) => Err(conflict(id, "amount")),
                (true, false) => Err(conflict(id, "source")),
            };
        }
        room(self.deposits.len(), Self::DEPOSITS_MAX, "deposits")?;
        // All that may ever arrive is an amount, and so is each part of it.
        Amount::checked_sum([self.deposited(), self.pending(), amount])?;
        let arrived = None;
        let deposit = Deposit {
            amount,
            source,
            arrived,
            nth: 0,
            left: Amount::ZERO,
            is_deaf: false,
        };
        self.deposits.insert(id, deposit);
        Ok(moved([]))
    }

    fn confirm_deposit(&mut self, id: TransferId) -> Outcome {
        let arrivals = self.deposits.values().filter(|one| one.nth > 0).count();
        let Some(deposit) = self.deposits.get_mut(&id) else {
            return Err(unknown(id));
        };
        match deposit.arrived {
            Some(true) => return Ok(Effect::Exists),
            Some(false) => return Err(over(id, "it failed")),
            None => {}
        }
        let amount = deposit.amount;
        self.free = self.free.checked_add(amount)?;
        deposit.arrived = Some(true);
        (deposit.nth, deposit.left) = (arrivals + 1, amount);
        self.open();
        Ok(moved([(Pocket::Origin(id), Pocket::Free, amount)]))
    }

    fn fail_deposit(&mut self, id: TransferId) -> Outcome {
        let Some(deposit) = self.deposits.get_mut(&id) else {
            return Err(unknown(id));
        };
        match deposit.arrived {
            Some(false) => Ok(Effect::Exists),
            Some(true) => Err(over(id, "it arrived")),
            None => {
                deposit.arrived = Some(false);
                Ok(moved([]))
            }
        }
    }

    fn lock(&mut self, job: RequestId, amount: Amount) -> Outcome {
        positive(amount)?;
        if let Some(lock) = self.locks.get(&job) {
            return if lock.asked == amount {
                Ok(Effect::Exists)
            } else {
                Err(conflict(job, "amount"))
            };
        }
        if self.unlocked.contains(&job) {
            return Err(over(job, "it was unlocked"));
        }
        if self.state != CollateralState::Open {
            return Err(self.wrong("a lock"));
        }
        room(self.locks.len(), Self::LOCKS_MAX, "locks")?;
        self.free = self.taken_from_free(amount)?;
        let (asked, left) = (amount, amount);
        self.locks.insert(job, Lock { asked, left });
        Ok(moved([(Pocket::Free, Pocket::Locked(job), amount)]))
    }

    fn unlock(&mut self, job: RequestId) -> Outcome {
        let Some(amount) = self.locks.get(&job).map(|lock| lock.left) else {
            let known = self.unlocked.contains(&job);
            return if known {
                Ok(Effect::Exists)
            } else {
                Err(unknown(job))
            };
        };
        self.free = self.free.checked_add(amount)?;
        self.locks.remove(&job);
        remember(&mut self.unlocked, job);
        Ok(moved([(Pocket::Locked(job), Pocket::Free, amount)]))
    }

    /// Something has come in.
    pub(super) const fn open(&mut self) {
        if matches!(
            self.state,
            CollateralState::Empty | CollateralState::Refunded
        ) {
            self.state = CollateralState::Open;
        }
    }

    pub(super) fn taken_from_free(&self, needed: Amount) -> Result<Amount, CollateralError> {
        let free = self.free;
        if needed > free {
            return Err(CollateralError::NotEnough { needed, free });
        }
        Ok(free.checked_sub(needed)?)
    }

    pub(super) const fn wrong(&self, event: &'static str) -> CollateralError {
        let state = self.state.as_str();
        CollateralError::WrongState { event, state }
    }
}

pub(super) fn positive(amount: Amount) -> Result<(), CollateralError> {
    if amount > Amount::ZERO {
        Ok(())
    } else {
        Err(CollateralError::NotPositive { amount })
    }
}

pub(super) const fn room(
    there: usize,
    most: usize,
    what: &'static str,
) -> Result<(), CollateralError> {
    if there < most {
        Ok(())
    } else {
        Err(CollateralError::Full { what, most })
    }
}

/// Movements of nothing are left out.
pub(super) fn moved<const N: usize>(movements: [(Pocket, Pocket, Amount); N]) -> Effect {
    let movements = movements
        .into_iter()
        .filter(|(.., amount)| !amount.is_zero());
    let movements = movements.map(|(from, to, amount)| CollateralMovement { from, to, amount });
    Effect::Moved(movements.collect())
}

pub(super) fn remember<T>(over: &mut VecDeque<T>, entry: T) {
    if over.len() >= CollateralAccount::REMEMBERED {
        over.pop_front();
    }
    over.push_back(entry);
}

pub(super) fn ended<Id: PartialEq>(over: &VecDeque<(Id, End)>, id: &Id) -> Option<End> {
    over.iter()
        .find(|(known, _)| known == id)
        .map(|(_, end)| *end)
}

pub(super) fn unknown(id: impl ToString + Copy) -> CollateralError {
    let id = id.to_string();
    CollateralError::Unknown { id }
}

pub(super) fn conflict(id: impl ToString + Copy, field: &'static str) -> CollateralError {
    let id = id.to_string();
    CollateralError::Conflict { id, field }
}

pub(super) fn over(id: impl ToString + Copy, how: &'static str) -> CollateralError {
    let id = id.to_string();
    CollateralError::Over { id, how }
}
