//! One provider of the simulated market: what it does, and what it has come to.

use std::time::Duration;

use super::pledge::Pledge;
use super::windows::Windows;
use super::{Behaviour, Cohort, Conduct, Outcome, SimulationError};
use crate::benchmark::{BenchmarkRules, Due, ItemId, Outcome as Graded, Sample, Schedule};
use crate::standing::{Event, RoutingClass, Standing};
use crate::{Amount, CaseId, MoneyError, Policy, ProviderId, Rng, Timestamp};

/// A provider: the person behind it, and the name under which it serves now.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) behaviour: Behaviour,
    pub(super) conduct: Conduct,
    pub(super) id: ProviderId,
    pub(super) standing: Standing,
    pub(super) pledge: Pledge,
    pub(super) schedule: Schedule,
    pub(super) samples: Vec<Sample>,
    pub(super) windows: Windows,
    pub(super) is_online: bool,
    pub(super) is_gone: bool,
    pub(super) identities: u64,
    pub(super) earned: Amount,
    pub(super) cost: Amount,
    pub(super) served: u64,
    pub(super) days_in_standing: u64,
    pub(super) removals: u64,
    pub(super) failed_benchmarks: u64,
    pub(super) overclaims: u64,
}

impl Participant {
    pub(super) fn new(
        cohort: Cohort,
        pledge: Pledge,
        id: ProviderId,
        now: Timestamp,
        policy: &Policy,
        rng: &mut dyn Rng,
    ) -> Self {
        Self {
            behaviour: cohort.behaviour,
            conduct: cohort.conduct,
            id,
            standing: Standing::register(id, now),
            pledge,
            schedule: Schedule::start(now, policy.benchmark(), rng),
            samples: Vec::new(),
            windows: Windows::new(),
            is_online: true,
            is_gone: false,
            identities: 1,
            earned: Amount::ZERO,
            cost: Amount::ZERO,
            served: 0,
            days_in_standing: 0,
            removals: 0,
            failed_benchmarks: 0,
            overclaims: 0,
        }
    }

    /// Comes back as somebody that nobody knows.
    pub(super) fn rename(
        &mut self,
        id: ProviderId,
        now: Timestamp,
        policy: &Policy,
        rng: &mut dyn Rng,
    ) -> Result<(), MoneyError> {
        self.id = id;
        self.standing = Standing::register(id, now);
        self.schedule = Schedule::start(now, policy.benchmark(), rng);
        self.samples.clear();
        self.windows = Windows::new();
        self.identities += 1;
        self.pledge.renew()
    }

    /// Deposits and applies. The administrator approves of everybody, so that only the benchmark decides who gets in.
    pub(super) fn join(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        wait: Duration,
        numbers: &mut Numbers,
    ) -> Result<(), SimulationError> {
        self.pledge.fill(now, wait, numbers)?;
        for event in [
            Event::CollateralSufficient,
            Event::Approved,
            Event::BenchmarkStarted,
        ] {
            // Nothing but joining follows from these.
            drop(self.standing.apply(&event, now, policy));
        }
        Ok(())
    }

    /// Comes and goes so that it is there for the share of hours that its conduct says.
    pub(super) fn come_and_go(&mut self, rng: &mut dyn Rng) {
        let hours_away = u64::from(self.conduct.outage_hours.max(1));
        let there = u64::from(self.conduct.online_bps);
        let away = 10_000_u64.saturating_sub(there);
        self.is_online = if self.is_online {
            // It leaves as often as it comes back: away / (there * hours_away) of its hours.
            rng.below(there.saturating_mul(hours_away)) >= away
        } else {
            rng.below(hours_away) == 0
        };
    }

    /// Answers one benchmark item, as it is graded.
    pub(super) fn answer(&self, due: &Due, rng: &mut dyn Rng) -> Sample {
        let mut chance = |bps: u16| rng.below(10_000) < u64::from(bps);
        let conduct = &self.conduct;
        let is_served = chance(conduct.served_bps);
        // Whatever comes to a provider that gets no traffic is a benchmark.
        let is_alone = matches!(self.standing.routing(), RoutingClass::None(_));
        let is_right = if is_alone || chance(conduct.recognises_bps) {
            chance(conduct.right_when_recognised_bps)
        } else {
            chance(conduct.right_bps)
        };
        let outcome = match (self.is_online, is_served, is_right) {
            // The hub sends nothing to who is not there.
            (false, _, _) => Graded::Lost,
            (true, false, _) => Graded::Failed,
            (true, true, true) => Graded::Right,
            (true, true, false) => Graded::Wrong,
        };
        let is_answered = matches!(outcome, Graded::Right | Graded::Wrong);
        Sample {
            item: ItemId::from_bytes(u128::from(due.seed.get()).to_be_bytes()),
            kind: due.kind,
            outcome,
            first_content_ms: is_answered.then_some(conduct.first_content_ms),
            whole_ms: None,
        }
    }

    /// Keeps a sample for the next judgement, and no more than that can need.
    pub(super) fn keep(&mut self, sample: Sample, rules: &BenchmarkRules) {
        let most = usize::try_from(rules.samples_most().saturating_mul(8)).unwrap_or(usize::MAX);
        if self.samples.len() >= most {
            self.samples.remove(0);
        }
        self.samples.push(sample);
    }

    pub(super) fn add_to(&self, sum: &mut Outcome) -> Result<(), MoneyError> {
        sum.slots += 1;
        sum.identities += self.identities;
        sum.served = sum.served.saturating_add(self.served);
        sum.days_in_standing += self.days_in_standing;
        sum.earned = sum.earned.checked_add(self.earned)?;
        sum.cost = sum.cost.checked_add(self.cost)?;
        sum.slashed = sum.slashed.checked_add(self.pledge.lost()?)?;
        sum.removals += self.removals;
        sum.failed_benchmarks += self.failed_benchmarks;
        sum.overclaims += self.overclaims;
        Ok(())
    }
}

/// Numbers for cases, deposits and providers, each used once.
#[derive(Debug, Default)]
pub(super) struct Numbers(u128);

impl Numbers {
    pub(super) fn next(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }

    pub(super) fn case(&mut self) -> CaseId {
        CaseId::from_u128(self.next())
    }

    pub(super) fn provider(&mut self) -> ProviderId {
        ProviderId::from_u128(self.next())
    }
}
