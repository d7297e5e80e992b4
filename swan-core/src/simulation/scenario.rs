use serde::{Deserialize, Serialize};

use super::{Behaviour, Conduct, SimulationError};
use crate::Day;

/// Providers of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever runs a simulation writes it down"
)]
pub struct Cohort {
    /// Their kind.
    pub behaviour: Behaviour,
    /// How many there are.
    pub providers: u32,
    /// What they do.
    pub conduct: Conduct,
}

impl Cohort {
    /// Providers that do what is assumed of their kind.
    #[must_use]
    pub const fn new(behaviour: Behaviour, providers: u32) -> Self {
        Self {
            behaviour,
            providers,
            conduct: behaviour.conduct(),
        }
    }
}

/// What is assumed about a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever runs a simulation writes it down"
)]
pub struct Scenario {
    /// The same seed gives the same year.
    pub seed: u64,
    /// The first day.
    pub start: Day,
    /// How many days are played.
    pub days: u32,
    /// The model that everybody declares, by a name that the policy knows.
    pub model: String,
    /// Who takes part.
    pub cohorts: Vec<Cohort>,
    /// Requests played a day at the start.
    pub requests_a_day: u64,
    /// How demand grows from one day to the next, in millionths.
    pub growth_ppm: u32,
    /// How many real requests each played one stands for.
    pub weight: u64,
    /// What serving costs an honest provider, as a share of what it earns for it, in basis points.
    pub serving_cost_bps: u16,
    /// Requests that a provider takes at once.
    pub capacity: u32,
}

impl Scenario {
    /// A thousand providers, of which 700 are honest, over a year.
    #[must_use]
    pub fn year(seed: u64) -> Self {
        Self {
            seed,
            // The day on which Swan 2.0's taper ended (Seed 001, UBI Sunset).
            start: Day::from_date(2026, 6, 10).unwrap_or_default(),
            days: 365,
            model: "qwen3-32b".into(),
            cohorts: Behaviour::ALL
                .map(|kind| Cohort::new(kind, if kind == Behaviour::Honest { 700 } else { 60 }))
                .to_vec(),
            requests_a_day: 6_000,
            growth_ppm: 1_000,
            weight: 500,
            serving_cost_bps: 5_000,
            capacity: 10,
        }
    }

    /// A twentieth of [`year`](Self::year) over 60 days, for tests and examples.
    #[must_use]
    pub fn small(seed: u64) -> Self {
        let year = Self::year(seed);
        Self {
            days: 60,
            cohorts: Behaviour::ALL
                .map(|kind| Cohort::new(kind, if kind == Behaviour::Honest { 35 } else { 3 }))
                .to_vec(),
            requests_a_day: 300,
            ..year
        }
    }

    pub(super) fn check(&self) -> Result<(), SimulationError> {
        let bound = |field: &'static str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(SimulationError::OutOfRange {
                    field,
                    value,
                    least,
                    most,
                })
            }
        };
        bound("days", self.days.into(), 1, 3_650)?;
        bound("requests_a_day", self.requests_a_day, 1, 10_000_000)?;
        bound("growth_ppm", self.growth_ppm.into(), 0, 100_000)?;
        bound("weight", self.weight, 1, 1_000_000_000)?;
        bound("serving_cost_bps", self.serving_cost_bps.into(), 0, 10_000)?;
        bound("capacity", self.capacity.into(), 1, 1_000_000)?;
        let providers: u64 = self
            .cohorts
            .iter()
            .map(|cohort| u64::from(cohort.providers))
            .sum();
        bound("cohorts: providers", providers, 1, 1_000_000)?;
        for Cohort { conduct, .. } in &self.cohorts {
            bound("conduct.right_bps", conduct.right_bps.into(), 0, 10_000)?;
            bound(
                "conduct.recognises_bps",
                conduct.recognises_bps.into(),
                0,
                10_000,
            )?;
            bound(
                "conduct.right_when_recognised_bps",
                conduct.right_when_recognised_bps.into(),
                0,
                10_000,
            )?;
            bound("conduct.served_bps", conduct.served_bps.into(), 0, 10_000)?;
            bound("conduct.online_bps", conduct.online_bps.into(), 1, 10_000)?;
            bound(
                "conduct.outage_hours",
                conduct.outage_hours.into(),
                1,
                10_000,
            )?;
            bound(
                "conduct.claims_permille",
                conduct.claims_permille.into(),
                0,
                1_000_000,
            )?;
            bound(
                "conduct.first_content_ms",
                conduct.first_content_ms,
                0,
                600_000,
            )?;
        }
        Ok(())
    }
}
