use std::fmt;

use super::CollateralError;
use crate::hardware::{ComputingUnits, GpuName, HardwareTier, Role};
use crate::{Amount, Currency, Fact, Grounds, PolicyStamp};

/// Equal cards in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct CardGroup {
    /// What they are called.
    pub name: GpuName,
    /// What one of them counts, `f_k`; `None` when the policy's table lacks it.
    pub units: Option<ComputingUnits>,
    /// How many.
    pub count: u64,
    /// What they work as.
    pub role: Role,
}

/// Jobs of one complexity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct JobGroup {
    /// Which job complexity factor counts, by its name in the policy.
    pub complexity: String,
    /// How many are handled at once.
    pub count: u64,
}

/// What a provider brings that its collateral follows from; a rule takes what it needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The currency that it would deposit.
    pub currency: Currency,
    /// Its hardware tier.
    pub tier: Option<HardwareTier>,
    /// Its cards.
    pub cards: Vec<CardGroup>,
    /// The computing units of the whole network, fog providers weighted.
    pub network_units: ComputingUnits,
    /// The jobs that it handles.
    pub jobs: Vec<JobGroup>,
    /// The volume of transactions that a market provider handles, in its currency.
    pub volume: Amount,
}

impl Position {
    /// A provider who brings nothing yet and would deposit this currency.
    #[must_use]
    pub const fn new(currency: Currency) -> Self {
        Self {
            currency,
            tier: None,
            cards: Vec::new(),
            network_units: ComputingUnits::from_tenths(0),
            jobs: Vec::new(),
            volume: Amount::ZERO,
        }
    }
}

/// The collateral that a provider must hold, and why that much.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "rules of one's own build it")]
pub struct Requirement {
    /// The rule, named by its source.
    pub rule: &'static str,
    /// How much, in `currency`.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// What it follows from.
    pub facts: Vec<Fact>,
}

impl Requirement {
    /// The decision as it is recorded.
    #[must_use]
    pub fn grounds(&self, policy: &PolicyStamp) -> Grounds {
        let mut grounds = Grounds::new(self.rule, policy.clone());
        grounds.evidence.clone_from(&self.facts);
        grounds
    }
}

/// How much collateral a provider must hold.
pub trait CollateralRule: fmt::Debug + Send + Sync {
    /// The requirement for this position.
    ///
    /// # Errors
    ///
    /// [`CollateralError`] names what the position or the policy lacks.
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError>;
}

const _: fn(&dyn CollateralRule) = |_| {};
