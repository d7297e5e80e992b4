//! Amounts that the policy names outright.

use std::collections::BTreeMap;

use super::{CollateralError, CollateralRule, Position, Requirement};
use crate::hardware::HardwareTier;
use crate::{Amount, Currency, Fact};

/// One amount a provider, by its hardware tier and currency: how Swan 2.0 is practised (public record 3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByTier {
    pub(super) amounts: BTreeMap<(HardwareTier, Currency), Amount>,
}

impl CollateralRule for ByTier {
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError> {
        let what = "a hardware tier";
        let tier = position.tier.ok_or(CollateralError::Missing { what })?;
        let currency = position.currency;
        let amount = self.amounts.get(&(tier, currency)).copied();
        Ok(Requirement {
            rule: "Public record 3.7, Collateral as now practised",
            amount: amount.ok_or(CollateralError::Currency { currency })?,
            currency,
            facts: vec![Fact::new("hardware tier", tier)],
        })
    }
}

/// An amount in SWAN for each card, by its class: SIP-002's draft (public record 3.5).
///
/// The draft names amounts beside cards; that each card counts is our reading, as in Swan 1.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByCard {
    /// By the card's family.
    pub(super) amounts: BTreeMap<String, Amount>,
}

impl CollateralRule for ByCard {
    fn required(&self, position: &Position) -> Result<Requirement, CollateralError> {
        let currency = in_swan(position)?;
        let mut sum = Amount::ZERO;
        let mut facts = Vec::with_capacity(position.cards.len());
        for group in &position.cards {
            let each = self.amounts.get(group.name.family()).copied();
            let each = each.ok_or_else(|| CollateralError::UnknownCard {
                card: group.name.to_string(),
            })?;
            sum = sum.checked_add(each.times(group.count)?)?;
            let found = format!("{} at {each} SWAN each", group.count);
            facts.push(Fact::new(group.name.to_string(), found));
        }
        if position.cards.is_empty() {
            let what = "cards";
            return Err(CollateralError::Missing { what });
        }
        Ok(Requirement {
            rule: "SIP-002, collateral by class of card (public record 3.5)",
            amount: sum,
            currency,
            facts,
        })
    }
}

/// The older rules are in SWAN alone.
pub(super) const fn in_swan(position: &Position) -> Result<Currency, CollateralError> {
    match position.currency {
        Currency::Swan => Ok(Currency::Swan),
        currency @ Currency::Usd => Err(CollateralError::Currency { currency }),
    }
}
