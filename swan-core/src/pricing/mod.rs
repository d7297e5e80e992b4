//! From a model's price to what one request costs.

mod deposit_bonus;
pub(crate) mod dynamic;
mod fraction;
mod payout;
mod quote;
pub(crate) mod section;
mod terms;

pub use deposit_bonus::{Credit, DepositBonus};
pub use dynamic::{
    Demand, DynamicError, DynamicPriceRules, DynamicPricing, PriceFactor, ProviderPrice,
};
pub use payout::PayoutSplit;
pub use quote::Quote;
pub use section::{PaymentRules, SwanIncentive};
pub use terms::Terms;

use std::fmt;

use crate::{
    BasisPoints, Currency, Model, ModelId, ModelPrice, Policy, RateError, StampedRate, Timestamp,
};

/// Why a request has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PricingError {
    /// Payment in SWAN without an exchange rate.
    #[error("there is no exchange rate for {currency}")]
    NoRate {
        /// The currency that payment was asked in.
        currency: Currency,
    },
    /// The exchange rate is too old to be used.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// The price is beyond the largest amount of money.
    #[error("the price of this request is beyond 10^15 units")]
    TooLarge,
    /// The policy's prices follow demand, and this rule does not, or knows no demand for the model.
    #[error("the price of {model} follows demand, which is not known")]
    NoDemand {
        /// The model.
        model: ModelId,
    },
}

/// The rule that sets the terms of a request.
///
/// Terms are stamped when a request is admitted: its charge follows them even if the policy or the exchange rate changes
/// while it runs.
pub trait Pricing: fmt::Debug + Send + Sync {
    /// The terms for a request of `model`, paid in `payment`; `rate` is the last exchange rate that is known, if any.
    ///
    /// # Errors
    ///
    /// [`PricingError`] when the currency has no rate, or none that is young enough.
    fn terms(
        &self,
        policy: &Policy,
        model: &Model,
        payment: Currency,
        rate: Option<&StampedRate>,
        now: Timestamp,
    ) -> Result<Terms, PricingError>;
}

const _: fn(&dyn Pricing) = |_| {};

/// The seeds' rule: the catalogue price, and with SWAN the policy's discount, converted at the rate of the moment
/// (Seed 001, "Dual Payment Options").
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SeedPricing;

impl SeedPricing {
    /// The rule.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Pricing for SeedPricing {
    fn terms(
        &self,
        policy: &Policy,
        model: &Model,
        payment: Currency,
        rate: Option<&StampedRate>,
        now: Timestamp,
    ) -> Result<Terms, PricingError> {
        if policy.dynamic_price().enabled() {
            return Err(PricingError::NoDemand {
                model: model.id.clone(),
            });
        }
        agree(policy, model, model.price, payment, rate, now)
    }
}

/// Terms for `model` at `price`: discounted and converted when paid in SWAN, with the model's payout.
fn agree(
    policy: &Policy,
    model: &Model,
    price: ModelPrice,
    payment: Currency,
    rate: Option<&StampedRate>,
    now: Timestamp,
) -> Result<Terms, PricingError> {
    let stamp = policy.stamp().clone();
    let terms = match payment {
        Currency::Usd => Terms::in_usd(stamp, price, BasisPoints::ZERO),
        Currency::Swan => {
            let rate = rate.ok_or(PricingError::NoRate { currency: payment })?;
            policy.payment().fresh(rate, now)?;
            Terms::in_swan(stamp, price, policy.swan_discount(), rate.clone())
        }
    };
    Ok(match model.payout {
        Some(payout) => terms.with_payout(payout),
        None => terms,
    })
}
