//! The market itself: hour by hour, day by day.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use super::participant::{Numbers, Participant};
use super::pledge::Pledge;
use super::totals::Totals;
use super::{Report, Scenario, SimulationError, demand};
use crate::claims::ClaimAudit;
use crate::collateral::{Position, Requirement};
use crate::hardware::HardwareTier;
use crate::routing::{Candidate, RoutingStrategy};
use crate::split::{PhaseTransition, RevenueWindow};
use crate::standing::RoutingClass;
use crate::{
    Currency, Day, Modality, Policy, PolicyChange, PolicyVersion, Pricing, SeedPricing, SeededRng,
    Terms, Tier, Timestamp,
};

/// A scenario under a policy, ready to be played.
#[derive(Debug)]
pub struct Simulation {
    scenario: Scenario,
    policy: Policy,
    terms: Terms,
    requirement: Requirement,
}

impl Simulation {
    /// Checks that the scenario can be played under the policy.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] names the number that is absurd, or what the policy lacks.
    pub fn new(scenario: Scenario, policy: Policy) -> Result<Self, SimulationError> {
        scenario.check()?;
        let model = policy.classify(&scenario.model).ok();
        let model = model
            .filter(|model| model.modality == Modality::Chat)
            .ok_or_else(|| SimulationError::UnknownModel {
                model: scenario.model.clone(),
            })?;
        let terms = SeedPricing::new().terms(
            &policy,
            &model,
            Currency::Usd,
            None,
            scenario.start.start(),
        )?;
        let mut position = Position::new(Currency::Usd);
        position.tier = Some(hardware(model.tier));
        let requirement = policy.collateral()?.rule()?.required(&position)?;
        Ok(Self {
            scenario,
            policy,
            terms,
            requirement,
        })
    }

    /// Plays it. The same scenario and policy give the same report on every machine.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] when an amount leaves the range of money.
    pub fn run(self) -> Result<Report, SimulationError> {
        let stamp = self.policy.stamp().clone();
        let days = self.scenario.days;
        let mut market = Market::open(self)?;
        for number in 0..days {
            market.day(number)?;
        }
        Ok(market.totals.report(stamp, &market.people)?)
    }
}

/// The card that a model of this tier needs.
const fn hardware(tier: Tier) -> HardwareTier {
    match tier {
        Tier::S => HardwareTier::S,
        Tier::A => HardwareTier::A,
        Tier::B => HardwareTier::B,
        Tier::C => HardwareTier::C,
    }
}

#[derive(Debug)]
pub(super) struct Market {
    pub(super) scenario: Scenario,
    pub(super) policy: Policy,
    pub(super) terms: Terms,
    /// How long a withdrawal of collateral takes.
    pub(super) wait: Duration,
    pub(super) rng: SeededRng,
    pub(super) numbers: Numbers,
    pub(super) people: Vec<Participant>,
    /// The same people as routing sees them, in the same order.
    pub(super) candidates: Vec<Candidate>,
    pub(super) strategy: Arc<dyn RoutingStrategy>,
    /// When which of the people ends a request.
    pub(super) ends: BinaryHeap<Reverse<(Timestamp, usize)>>,
    pub(super) claims: ClaimAudit,
    revenue: RevenueWindow,
    /// A vote on a change of phase, and when it takes effect.
    vote: Option<(Day, PhaseTransition)>,
    pub(super) totals: Totals,
    a_day: u64,
}

/// Seven days of voting and two of delay (Seed 001; public record 3.5): here every vote passes.
const VOTE_DAYS: u32 = 9;
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

impl Market {
    fn open(simulation: Simulation) -> Result<Self, SimulationError> {
        let Simulation {
            scenario,
            policy,
            terms,
            requirement,
        } = simulation;
        let mut rng = SeededRng::new(scenario.seed);
        let mut numbers = Numbers::default();
        let now = scenario.start.start();
        let wait = policy.collateral()?.withdrawal_wait();
        let mut people = Vec::new();
        for cohort in &scenario.cohorts {
            for _ in 0..cohort.providers {
                let pledge = Pledge::new(&requirement);
                let id = numbers.provider();
                let mut one = Participant::new(*cohort, pledge, id, now, &policy, &mut rng);
                one.join(now, &policy, wait, &mut numbers)?;
                people.push(one);
            }
        }
        let candidates = people
            .iter()
            .map(|one| Candidate::new(one.id, scenario.capacity))
            .collect();
        Ok(Self {
            revenue: RevenueWindow::new(policy.split_schedule().window_days()),
            strategy: policy.routing().strategy(),
            a_day: scenario.requests_a_day,
            totals: Totals::new(&scenario.cohorts),
            claims: ClaimAudit::new(),
            ends: BinaryHeap::new(),
            vote: None,
            scenario,
            policy,
            terms,
            wait,
            rng,
            numbers,
            people,
            candidates,
        })
    }

    fn day(&mut self, number: u32) -> Result<(), SimulationError> {
        let day = self.scenario.start.plus(number);
        let mut now = day.start();
        for hour in 0..24 {
            self.providers(now)?;
            let count = demand::in_hour(self.a_day, hour, &mut self.rng);
            for request in 0..count {
                let request = demand::Request::draw(now, request, count, &mut self.rng);
                self.serve(&request)?;
            }
            now = now.after(HOUR);
        }
        self.measure(now)?;
        if number % 7 == 6 {
            self.audit_claims(now)?;
        }
        self.close_day(day)
    }

    /// What providers do in an hour that has nothing to do with requests.
    fn providers(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        for position in 0..self.people.len() {
            let Some(one) = self.people.get_mut(position) else {
                break;
            };
            if one.is_gone {
                continue;
            }
            one.come_and_go(&mut self.rng);
            if one.is_online {
                one.windows.present(now, now.after(HOUR));
            }
            self.benchmark(position, now)?;
            self.show(position, now);
        }
        Ok(())
    }

    /// Shows a provider to routing as it is now.
    pub(super) fn show(&mut self, position: usize, now: Timestamp) {
        let (Some(one), Some(candidate)) =
            (self.people.get(position), self.candidates.get_mut(position))
        else {
            return;
        };
        candidate.provider = one.id;
        candidate.draining = !one.is_online || one.is_gone;
        candidate.class = one.standing.routing();
        candidate.success_permille = one.windows.success_permille(now);
        candidate.ewma_ttft_ms = Some(one.conduct.first_content_ms);
    }

    fn close_day(&mut self, day: Day) -> Result<(), SimulationError> {
        let today = day.plus(1);
        for one in &mut self.people {
            one.days_in_standing += u64::from(one.standing.routing() == RoutingClass::Normal);
        }
        let revenue = self.totals.take_day();
        self.revenue.report(day, revenue, today)?;
        self.follow_votes(today)?;
        let phase = self.policy.split_schedule().in_force().name().to_owned();
        self.totals.close_day(day, revenue, phase, &self.people)?;
        let growth = u128::from(self.a_day) * u128::from(self.scenario.growth_ppm);
        // The fraction left over is drawn, so that a small market grows too.
        let drawn = u128::from(self.rng_below(1_000_000)) < growth % 1_000_000;
        let more = u64::try_from(growth / 1_000_000).unwrap_or(0);
        self.a_day = self
            .a_day
            .saturating_add(more)
            .saturating_add(u64::from(drawn));
        Ok(())
    }

    fn rng_below(&mut self, bound: u64) -> u64 {
        crate::Rng::below(&mut self.rng, bound)
    }

    /// Puts what the numbers ask for to the vote, and what was voted on into force.
    fn follow_votes(&mut self, today: Day) -> Result<(), SimulationError> {
        match self.vote.take() {
            Some((day, transition)) if day <= today => {
                let version = format!("simulated-{today}");
                let Some(version) = PolicyVersion::new(&version) else {
                    return Ok(());
                };
                let change = PolicyChange::new("split.phase", transition.to);
                self.policy = self.policy.amended(version, &[change])?;
            }
            Some(waiting) => self.vote = Some(waiting),
            None => {
                let schedule = self.policy.split_schedule();
                let due = schedule.proposal_due(&self.revenue, today, self.policy.stamp())?;
                self.vote = due.map(|transition| (today.plus(VOTE_DAYS), transition));
            }
        }
        Ok(())
    }
}
