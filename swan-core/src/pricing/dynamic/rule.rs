use std::collections::BTreeMap;

use super::{Demand, DynamicError, DynamicPriceRules};
use crate::pricing::{Pricing, PricingError, Terms, agree};
use crate::{Currency, Model, ModelId, ModelPrice, Policy, StampedRate, Timestamp};

/// Prices that follow demand, model by model, as an alternative to [`SeedPricing`](crate::SeedPricing).
///
/// It is a snapshot: the shell makes a new one whenever it has counted demand again, and requests that run keep the terms
/// they were quoted. Discount, conversion and payout are those of fixed prices.
#[derive(Clone, Debug, Default)]
pub struct DynamicPricing {
    prices: BTreeMap<ModelId, ModelPrice>,
}

impl DynamicPricing {
    /// The rule without any demand, by which nothing has a price yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            prices: BTreeMap::new(),
        }
    }

    /// Sets the price of `model` to `base` times the factor of `demand`.
    ///
    /// # Errors
    ///
    /// [`DynamicError`] when the demand makes no sense or the price is absurd; the model keeps the price it had.
    pub fn set(
        &mut self,
        rules: &DynamicPriceRules,
        model: ModelId,
        base: &ModelPrice,
        demand: &Demand,
    ) -> Result<ModelPrice, DynamicError> {
        let price = rules.factor(demand)?.times(base)?;
        self.prices.insert(model, price);
        Ok(price)
    }
}

impl Pricing for DynamicPricing {
    fn terms(
        &self,
        policy: &Policy,
        model: &Model,
        payment: Currency,
        rate: Option<&StampedRate>,
        now: Timestamp,
    ) -> Result<Terms, PricingError> {
        let price = self.prices.get(&model.id);
        let price = price.filter(|price| price.unit() == model.price.unit());
        let price = *price.ok_or_else(|| PricingError::NoDemand {
            model: model.id.clone(),
        })?;
        agree(policy, model, price, payment, rate, now)
    }
}
