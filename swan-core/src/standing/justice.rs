//! Offences, penalties and appeals.

use super::court::Court;
use super::state::{Before, State, Suspension};
use super::{Notice, Offence, Penalty, PenaltyEvent, PenaltyState, Refusal, Stake, Standing};
use crate::hardware::Role;
use crate::{CaseId, Fact, ModelId};

impl Standing {
    pub(super) fn task_failed(
        &mut self,
        case: CaseId,
        role: Role,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.present()?;
        if self.serving_mut().is_none() {
            return Err(Refusal::NotAdmitted);
        }
        let offence = Offence::TaskFailed { role };
        // A rule that does not punish tasks must not push the cases that count out of memory.
        if court.slashing.measure(&offence).is_some() {
            self.remember_charge(case, evidence)?;
            self.punish(case, &offence, evidence, court);
        }
        Ok(())
    }

    /// Fraud is punished whenever it is proven: leaving does not help.
    pub(super) fn fraud(
        &mut self,
        case: CaseId,
        stake: Stake,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.remember_charge(case, evidence)?;
        self.punish(case, &Offence::FraudProven { stake }, evidence, court);
        Ok(())
    }

    pub(super) fn context(
        &mut self,
        case: CaseId,
        (model, tokens): (&ModelId, u64),
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.present()?;
        self.remember_charge(case, evidence)?;
        let forgotten = self
            .mismatched_at
            .zip(court.rules.context_forgotten)
            .is_some_and(|(last, after)| court.now.since(last) >= after);
        if forgotten {
            self.mismatches = 0;
        }
        self.mismatches = self.mismatches.saturating_add(1);
        self.mismatched_at = Some(court.now);
        court.notice = Some(Notice::CapContext {
            model: model.clone(),
            tokens,
        });
        let times = self.mismatches;
        self.punish(case, &Offence::ContextMisstated { times }, evidence, court);
        Ok(())
    }

    /// Opens the penalty that the slashing policy has for this, if it has one.
    pub(super) fn punish(
        &mut self,
        case: CaseId,
        offence: &Offence,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) {
        let Some(measure) = court.slashing.measure(offence) else {
            return;
        };
        let in_a_row = match offence {
            Offence::BenchmarkFailed { in_a_row } => Some(*in_a_row),
            Offence::TaskFailed { .. }
            | Offence::FraudProven { .. }
            | Offence::ContextMisstated { .. } => None,
        };
        let penalty = Penalty {
            id: case,
            provider: self.provider,
            grounds: court.decide(measure.rule, evidence),
            slash: measure.slash,
            destination: measure.destination,
            suspended_until: measure.suspension.map(|span| court.now.after(span)),
            removal: measure.removal,
            in_a_row,
            streak: self.streak,
            decided_at: court.now,
            state: PenaltyState::Held {
                until: court.now.after(court.rules.appeal),
            },
        };
        court.tell(&penalty);
        self.open.push(penalty);
        self.suspend_by_penalties();
        // A policy without appeals carries out at once.
        if court.rules.appeal.is_zero() {
            self.let_time_pass(court);
        }
    }

    pub(super) fn appeal(
        &mut self,
        case: CaseId,
        event: PenaltyEvent,
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        let found = self.open.iter().position(|penalty| penalty.id == case);
        let place = found.ok_or(Refusal::UnknownCase)?;
        let penalty = self.open.get_mut(place).ok_or(Refusal::UnknownCase)?;
        penalty.state = penalty
            .state
            .on(event, court.now, court.rules.appeal_decision)?;
        if penalty.is_open() {
            court.tell(penalty);
        } else {
            let penalty = self.open.remove(place);
            self.conclude(&penalty, court);
        }
        Ok(())
    }

    /// Puts the standing where it would be without `lifted`: the counter, the suspension, and the step of every later failure of
    /// the same run that is still open.
    pub(super) fn restore(&mut self, lifted: &Penalty, court: &mut Court<'_>) {
        if let (Some(number), true) = (lifted.in_a_row, lifted.streak == self.streak) {
            self.failures = self.failures.saturating_sub(1);
            for later in &mut self.open {
                let Some(in_a_row) = later
                    .in_a_row
                    .filter(|n| later.streak == lifted.streak && *n > number)
                else {
                    continue;
                };
                let in_a_row = in_a_row - 1;
                let Some(measure) = court
                    .slashing
                    .measure(&Offence::BenchmarkFailed { in_a_row })
                else {
                    continue;
                };
                later.in_a_row = Some(in_a_row);
                later.grounds.rule = measure.rule;
                later.slash = measure.slash;
                later.destination = measure.destination;
                later.removal = measure.removal;
                later.suspended_until = measure.suspension.map(|span| later.decided_at.after(span));
                court.tell(later);
            }
        }
        let open = &self.open;
        let is_void = |suspension: &Suspension| {
            suspension.case == lifted.id
                || open.iter().any(|penalty| {
                    penalty.id == suspension.case && penalty.suspended_until.is_none()
                })
        };
        let void = self.suspension().filter(is_void).is_some();
        if let (true, Some(serving)) = (void, self.serving_mut()) {
            serving.suspended = None;
        }
        self.suspend_by_penalties();
    }

    const fn suspension(&self) -> Option<Suspension> {
        match &self.state {
            State::Serving(serving) | State::Exiting(Before::Serving(serving)) => serving.suspended,
            State::Joining(_)
            | State::Exiting(Before::Joining(_))
            | State::Left
            | State::Removed => None,
        }
    }

    /// The suspension is the longest that an open penalty asks for.
    fn suspend_by_penalties(&mut self) {
        let clock = self.clock;
        let longest = self
            .open
            .iter()
            .filter_map(|penalty| {
                Some(Suspension {
                    until: penalty.suspended_until.filter(|until| *until > clock)?,
                    case: penalty.id,
                })
            })
            .max_by_key(|suspension| suspension.until);
        if let (Some(serving), Some(longest)) = (self.serving_mut(), longest)
            && serving
                .suspended
                .is_none_or(|now| now.until < longest.until)
        {
            serving.suspended = Some(longest);
        }
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.state, State::Left | State::Removed)
    }
}
