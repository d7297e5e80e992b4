use serde::{Deserialize, Serialize};

use super::Behaviour;
use crate::{Amount, Day, MoneyError, PolicyStamp};

/// How all providers of one kind fared. Money is in US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Their kind.
    pub behaviour: Behaviour,
    /// How many there were. Whoever comes back under a new name counts once.
    pub slots: u64,
    /// Under how many names they came.
    pub identities: u64,
    /// Requests that they served, by weight.
    pub served: u64,
    /// Days on which they were in normal standing, over all of them.
    pub days_in_standing: u64,
    /// What they earned.
    pub earned: Amount,
    /// What serving cost them.
    pub cost: Amount,
    /// The collateral that they lost.
    pub slashed: Amount,
    /// How many were removed.
    pub removals: u64,
    /// How many benchmarks were held against them.
    pub failed_benchmarks: u64,
    /// How often their claims were found too high.
    pub overclaims: u64,
}

impl Outcome {
    pub(super) const fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            slots: 0,
            identities: 0,
            served: 0,
            days_in_standing: 0,
            earned: Amount::ZERO,
            cost: Amount::ZERO,
            slashed: Amount::ZERO,
            removals: 0,
            failed_benchmarks: 0,
            overclaims: 0,
        }
    }

    /// What is left of what they earned.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond the largest amount of money.
    pub fn profit(&self) -> Result<Amount, MoneyError> {
        self.earned
            .checked_sub(self.cost)?
            .checked_sub(self.slashed)
    }

    /// The same for one of them, rounded towards zero to the pico-dollar.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond the largest amount of money.
    pub fn profit_per_slot(&self) -> Result<Amount, MoneyError> {
        let slots = i128::from(self.slots.max(1));
        Amount::from_pico(self.profit()?.pico() / slots)
    }
}

/// One day of the market. Money is in US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DaySample {
    /// Which day.
    pub day: Day,
    /// What consumers paid.
    pub revenue: Amount,
    /// The phase of the split at its end.
    pub phase: String,
    /// Requests that nobody could serve, by weight.
    pub unserved: u64,
    /// Profit since the start for one provider of each kind, in the order of [`Report::outcomes`].
    pub profits: Vec<Amount>,
}

/// Whether a kind of provider does better than the honest. Money is in US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The kind.
    pub behaviour: Behaviour,
    /// What one of them made.
    pub profit: Amount,
    /// What an honest one made.
    pub honest: Amount,
}

impl Verdict {
    /// Whether cheating paid.
    #[must_use]
    pub fn pays(&self) -> bool {
        self.profit > self.honest
    }
}

/// What a simulated market came to. Money is in US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The policy at the start.
    pub policy: PolicyStamp,
    /// Each kind that took part, in the order of the scenario.
    pub outcomes: Vec<Outcome>,
    /// Day by day.
    pub days: Vec<DaySample>,
    /// What consumers paid in all.
    pub revenue: Amount,
    /// What went to the growth fund.
    pub growth_fund: Amount,
    /// What went to the treasury.
    pub treasury: Amount,
    /// What was burnt of charges.
    pub burn: Amount,
    /// Requests served, by weight.
    pub served: u64,
    /// Requests that nobody could serve, by weight.
    pub unserved: u64,
}

impl Report {
    /// How this kind fared, if it took part.
    #[must_use]
    pub fn outcome(&self, behaviour: Behaviour) -> Option<&Outcome> {
        self.outcomes
            .iter()
            .find(|outcome| outcome.behaviour == behaviour)
    }

    /// Each kind of cheat against the honest; nothing without honest providers to compare with.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond the largest amount of money.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, MoneyError> {
        let Some(honest) = self.outcome(Behaviour::Honest) else {
            return Ok(Vec::new());
        };
        let honest = honest.profit_per_slot()?;
        self.outcomes
            .iter()
            .filter(|outcome| outcome.behaviour != Behaviour::Honest)
            .map(|outcome| {
                Ok(Verdict {
                    behaviour: outcome.behaviour,
                    profit: outcome.profit_per_slot()?,
                    honest,
                })
            })
            .collect()
    }
}
