//! Seed 003: collateral by jobs, and that of market providers.

use std::collections::BTreeMap;

use super::flat::in_swan;
use super::{CollateralError, CollateralRule, Position, Requirement};
use crate::{Amount, Fact};

/// `sum of J x JCF`: so much SWAN for each job, by its complexity (Seed 003, "Formulas for Collateral").
///
/// No job complexity factor is public (public record 3.4), so the policy must name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByJob {
    pub(super) factors: BTreeMap<String, Amount>,
}

impl CollateralRule for ByJob {
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError> {
        let currency = in_swan(position)?;
        let mut sum = Amount::ZERO;
        let mut facts = Vec::with_capacity(position.jobs.len());
        for group in &position.jobs {
            let factor = self.factors.get(&group.complexity).copied();
            let factor = factor.ok_or_else(|| CollateralError::UnknownComplexity {
                complexity: group.complexity.chars().take(40).collect(),
            })?;
            sum = sum.checked_add(factor.times(group.count)?)?;
            let found = format!("{} at {factor} SWAN each", group.count);
            facts.push(Fact::new(
                format!("jobs of complexity {}", group.complexity),
                found,
            ));
        }
        Ok(Requirement {
            rule: "Seed 003, Formulas for Collateral: sum of J x JCF",
            amount: sum,
            currency,
            facts,
        })
    }
}

/// `200 x (BC + CF)` for market providers, with the volume that they handle as `CF` (Seed 003, "Market Provider Formula").
///
/// No base collateral `BC` is public (public record 3.4), so the policy must name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketProviderCollateral {
    pub(super) multiplier: u64,
    pub(super) base: Amount,
}

impl CollateralRule for MarketProviderCollateral {
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError> {
        let currency = in_swan(position)?;
        if position.volume.is_negative() {
            let amount = position.volume;
            return Err(CollateralError::NotPositive { amount });
        }
        let sum = self.base.checked_add(position.volume)?;
        Ok(Requirement {
            rule: "Seed 003, Market Provider Formula: 200 x (BC + CF)",
            amount: sum.times(self.multiplier)?,
            currency,
            facts: vec![
                Fact::new("base collateral", self.base),
                Fact::new("transaction volume", position.volume),
            ],
        })
    }
}
