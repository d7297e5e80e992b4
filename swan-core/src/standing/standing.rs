use serde::{Deserialize, Serialize};

use super::court::Court;
use super::state::{Before, Disqualified, Entry, Joining, Serving, State};
use super::{
    Change, Event, NotRouted, Penalty, Refusal, RoutingClass, SlashingPolicy, StandingKind,
};
use crate::{CaseId, Policy, ProviderId, Timestamp};

/// The most penalties that are open at once; a provider with so many is suspended until some are decided.
pub(super) const MAX_OPEN: usize = 64;
/// The cases that are remembered, so that none counts twice.
const MAX_REMEMBERED: usize = 64;

/// The standing of one provider: a state machine that takes every event in every state.
///
/// It knows no clock: `now` comes with each event, and what is due by then happens first. A clock that goes backwards counts as one
/// that stands still. It is small and can be stored as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub(super) provider: ProviderId,
    pub(super) registered_at: Timestamp,
    /// The latest time that was seen.
    pub(super) clock: Timestamp,
    pub(super) state: State,
    pub(super) funded: bool,
    /// Failed benchmarks in a row.
    pub(super) failures: u32,
    /// Counts the runs of failures, each of which a pass ends.
    pub(super) streak: u32,
    pub(super) last_result: Option<Timestamp>,
    pub(super) mismatches: u32,
    /// When the last of them was found.
    #[serde(default)]
    pub(super) mismatched_at: Option<Timestamp>,
    pub(super) open: Vec<Penalty>,
    remembered: Vec<CaseId>,
}

impl Standing {
    /// The standing of a provider that registers `now`.
    #[must_use]
    pub const fn register(provider: ProviderId, now: Timestamp) -> Self {
        Self {
            provider,
            registered_at: now,
            clock: now,
            state: State::Joining(Joining::new(false)),
            funded: false,
            failures: 0,
            streak: 0,
            last_result: None,
            mismatches: 0,
            mismatched_at: None,
            open: Vec::new(),
            remembered: Vec::new(),
        }
    }

    /// Whose standing it is.
    #[must_use]
    pub const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// When the provider first registered; its grace period counts from here, and leaving does not bring a new one.
    #[must_use]
    pub const fn registered_at(&self) -> Timestamp {
        self.registered_at
    }

    /// The standing in one word.
    #[must_use]
    pub fn kind(&self) -> StandingKind {
        match &self.state {
            State::Joining(joining) => joining.kind(),
            State::Serving(serving) if self.is_suspended(serving) => StandingKind::Suspended,
            State::Serving(serving) if serving.disqualified.is_some() => StandingKind::Unqualified,
            State::Serving(serving) if serving.slow.is_any() => StandingKind::Deprioritised,
            State::Serving(serving) if serving.probation_until.is_some() => StandingKind::Probation,
            State::Serving(_) => StandingKind::Active,
            State::Exiting(_) => StandingKind::Exiting,
            State::Left => StandingKind::Left,
            State::Removed => StandingKind::Removed,
        }
    }

    /// How the standing bears on routing, as of the last event. A hub that applies [`Event::Tick`] every minute is a minute late
    /// at most.
    #[must_use]
    pub fn routing(&self) -> RoutingClass {
        match self.kind() {
            StandingKind::Probation | StandingKind::Active => RoutingClass::Normal,
            StandingKind::Deprioritised => RoutingClass::Deprioritised,
            StandingKind::Registered | StandingKind::Benchmarking | StandingKind::Approved => {
                RoutingClass::None(NotRouted::NotAdmitted)
            }
            StandingKind::Suspended => RoutingClass::None(NotRouted::Suspended),
            StandingKind::Unqualified => RoutingClass::None(NotRouted::Unqualified),
            StandingKind::Exiting => RoutingClass::None(NotRouted::Exiting),
            StandingKind::Left => RoutingClass::None(NotRouted::Left),
            StandingKind::Removed => RoutingClass::None(NotRouted::Removed),
        }
    }

    /// Failed benchmarks in a row; only a pass or an upheld appeal takes from it.
    #[must_use]
    pub const fn failures_in_a_row(&self) -> u32 {
        self.failures
    }

    /// The penalties that are not decided for good, the oldest first.
    #[must_use]
    pub fn open_penalties(&self) -> &[Penalty] {
        &self.open
    }

    /// Since when the required uptime counts, for an admitted provider; time before it was admitted is not held against it.
    #[must_use]
    pub const fn required_since(&self) -> Option<Timestamp> {
        match &self.state {
            State::Serving(serving) => Some(serving.since),
            State::Joining(_) | State::Exiting(_) | State::Left | State::Removed => None,
        }
    }

    /// Takes an event at `now`, by the rules and the slashing of `policy`.
    pub fn apply(&mut self, event: &Event, now: Timestamp, policy: &Policy) -> Change {
        self.apply_with(event, now, policy, policy.standing().slashing())
    }

    /// The same with a slashing rule of one's own.
    pub fn apply_with(
        &mut self,
        event: &Event,
        now: Timestamp,
        policy: &Policy,
        slashing: &dyn SlashingPolicy,
    ) -> Change {
        self.clock = self.clock.max(now);
        let mut court = Court::new(self.clock, policy.standing(), policy.stamp(), slashing);
        let from = self.kind();
        self.let_time_pass(&mut court);
        let answer = self.take(event, &mut court);
        self.admit(&mut court);
        court.close(from, self.kind(), answer)
    }

    fn take(&mut self, event: &Event, court: &mut Court<'_>) -> Result<(), Refusal> {
        match event {
            Event::Tick => Ok(()),
            Event::Registered => self.registered(court),
            Event::BenchmarkStarted => self.benchmark_started(),
            Event::BenchmarkPassed { case } => self.passed(*case, court),
            Event::BenchmarkFailed { case, evidence } => self.failed(*case, evidence, court),
            Event::BenchmarkUndecided { case } => self.undecided(*case),
            Event::Approved => self.approved(court),
            Event::CollateralSufficient => self.funded(),
            Event::CollateralInsufficient { evidence } => self.unfunded(evidence, court),
            Event::Measured(measured) => self.measured(measured, court),
            Event::TaskFailed {
                case,
                role,
                evidence,
            } => self.task_failed(*case, *role, evidence, court),
            Event::FraudProven {
                case,
                stake,
                evidence,
            } => self.fraud(*case, *stake, evidence, court),
            Event::ContextMisstated {
                case,
                model,
                measured_tokens,
                evidence,
            } => self.context(*case, (model, *measured_tokens), evidence, court),
            Event::AppealFiled { case } => self.appeal(*case, super::PenaltyEvent::Appeal, court),
            Event::AppealUpheld { case } => self.appeal(*case, super::PenaltyEvent::Uphold, court),
            Event::AppealDenied { case } => self.appeal(*case, super::PenaltyEvent::Deny, court),
            Event::ExitRequested => self.exit_requested(),
            Event::ExitCancelled => self.exit_cancelled(),
            Event::ExitFinished => self.exit_finished(),
            Event::Stopped { evidence } => self.stopped(evidence, court),
            Event::Reinstated => self.reinstated(court),
        }
    }

    pub(super) fn is_suspended(&self, serving: &Serving) -> bool {
        serving.suspended.is_some()
            || serving.stopped.is_some()
            || !self.funded
            || self.removal_is_held()
            || self.open.len() >= MAX_OPEN
    }

    /// Whether a removal waits for the end of an appeal; until then the provider gets no requests.
    #[must_use]
    pub fn removal_is_held(&self) -> bool {
        self.open.iter().any(|penalty| penalty.removal)
    }

    /// Notes a case against the provider, unless it is known already, brings no evidence, or there is no room for its penalty.
    pub(super) fn remember_charge(
        &mut self,
        case: CaseId,
        evidence: &[crate::Fact],
    ) -> Result<(), Refusal> {
        if evidence.is_empty() {
            return Err(Refusal::NoEvidence);
        }
        if self.open.len() >= MAX_OPEN {
            return Err(Refusal::TooManyOpen);
        }
        self.remember(case)
    }

    /// Notes a case, unless it is known already.
    pub(super) fn remember(&mut self, case: CaseId) -> Result<(), Refusal> {
        if self.remembered.contains(&case) || self.open.iter().any(|penalty| penalty.id == case) {
            return Err(Refusal::Duplicate);
        }
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.remove(0);
        }
        self.remembered.push(case);
        Ok(())
    }

    /// The conditions of a provider that is admitted, also while it is on its way out.
    pub(super) const fn serving_mut(&mut self) -> Option<&mut Serving> {
        match &mut self.state {
            State::Serving(serving) | State::Exiting(Before::Serving(serving)) => Some(serving),
            State::Joining(_)
            | State::Exiting(Before::Joining(_))
            | State::Left
            | State::Removed => None,
        }
    }

    /// What a provider has done on its way in, also while it is on its way out again.
    pub(super) const fn joining_mut(&mut self) -> Option<&mut Joining> {
        match &mut self.state {
            State::Joining(joining) | State::Exiting(Before::Joining(joining)) => Some(joining),
            State::Serving(_)
            | State::Exiting(Before::Serving(_))
            | State::Left
            | State::Removed => None,
        }
    }

    /// Refuses for a provider that is gone.
    pub(super) const fn present(&self) -> Result<(), Refusal> {
        match self.state {
            State::Left => Err(Refusal::Left),
            State::Removed => Err(Refusal::Removed),
            State::Joining(_) | State::Serving(_) | State::Exiting(_) => Ok(()),
        }
    }

    /// Whether the results of the last benchmark still hold.
    pub(super) fn results_expired(&self, court: &Court<'_>) -> bool {
        self.last_result
            .is_some_and(|at| court.now.since(at) > court.rules.results_expire)
    }

    /// Lets in who has done everything.
    fn admit(&mut self, court: &mut Court<'_>) {
        let State::Joining(Joining {
            benchmark: Entry::Passed,
            approved: true,
        }) = self.state
        else {
            return;
        };
        if !self.funded {
            return;
        }
        let _: crate::Grounds = court.decide(
            "Seed 001, Registration Flow: benchmark passed, approved, and collateral deposited",
            &[],
        );
        self.state = State::Serving(Serving::new(court.now, Self::probation(court)));
    }

    pub(super) fn probation(court: &Court<'_>) -> Option<Timestamp> {
        Some(court.now.after(court.rules.probation)).filter(|until| *until > court.now)
    }

    pub(super) fn disqualify(&mut self, why: Disqualified) {
        if let Some(serving) = self.serving_mut() {
            serving.disqualified = Some(why);
        }
    }
}
