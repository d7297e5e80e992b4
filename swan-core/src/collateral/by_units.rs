//! Swan 1.0: collateral by computing units.

use super::flat::in_swan;
use super::{CollateralError, CollateralRule, Position, Requirement};
use crate::hardware::{ComputingUnits, Role};
use crate::{Amount, Fact, MoneyError};

/// `sum of N x C_base x f_k (x W_FCP)` with `C_base = C_total / max(CU, CU_0) + b` (Seed 002; public record 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByComputingUnits {
    /// `C_total`, in SWAN.
    pub(super) total: Amount,
    /// `CU_0`.
    pub(super) least_units: ComputingUnits,
    /// `b`, in SWAN.
    pub(super) floor: Amount,
    /// `W_FCP` in basis points: 12,000 is 1.2.
    pub(super) fog_weight_bps: u64,
}

impl ByComputingUnits {
    /// `C_base` in SWAN, to the last pico-unit and half to even: 3,533.333333333333 up to 3,000 computing units, 1,866.666666666667 at 6,000.
    ///
    /// # Errors
    ///
    /// [`CollateralError::Money`] when it is no amount.
    pub fn exact_base(&self, network: ComputingUnits) -> Result<Amount, CollateralError> {
        let tenths = network.max(self.least_units).tenths();
        let per_unit = self.total.scaled(10, u128::from(tenths))?;
        Ok(per_unit.checked_add(self.floor)?)
    }

    /// `C_base` as it is charged: whole SWAN, cut off, since 3,533 is what was published and charged (28 units: 98,924).
    ///
    /// # Errors
    ///
    /// [`CollateralError::Money`] when it is no amount.
    pub fn base(&self, network: ComputingUnits) -> Result<Amount, CollateralError> {
        let units = self.exact_base(network)?.pico() / Amount::PICO_PER_UNIT;
        Ok(Amount::from_pico(units * Amount::PICO_PER_UNIT)?)
    }

    /// What cards in this role weigh, in basis points.
    const fn weight_bps(&self, role: Role) -> u64 {
        match role {
            Role::Edge => 10_000,
            Role::Fog => self.fog_weight_bps,
        }
    }
}

impl CollateralRule for ByComputingUnits {
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError> {
        let currency = in_swan(position)?;
        let base = self.base(position.network_units)?;
        let mut facts = vec![
            Fact::new("base collateral", format!("{base} SWAN")),
            Fact::new("computing units of the network", position.network_units)
                .needed(format_args!("counted as {} at least", self.least_units)),
        ];
        let out_of_range = CollateralError::Money(MoneyError::OutOfRange);
        // Tenths of a unit times basis points, so that the sum is exact and rounded once.
        let mut weighed = 0_u128;
        for group in &position.cards {
            let units = group.units.ok_or_else(|| CollateralError::UnknownCard {
                card: group.name.to_string(),
            })?;
            let bps = self.weight_bps(group.role);
            weighed = u128::from(group.count)
                .checked_mul(u128::from(units.tenths()) * u128::from(bps))
                .and_then(|group| weighed.checked_add(group))
                .ok_or_else(|| out_of_range.clone())?;
            let found = format!(
                "{} of {units} units, weight {bps} basis points",
                group.count
            );
            facts.push(Fact::new(group.name.to_string(), found));
        }
        if position.cards.is_empty() {
            let what = "cards";
            return Err(CollateralError::Missing { what });
        }
        Ok(Requirement {
            rule: "Seed 002, Conditions for CP to Receive UBI: sufficient collateral",
            amount: base.scaled(weighed, 100_000)?,
            currency,
            facts,
        })
    }
}
