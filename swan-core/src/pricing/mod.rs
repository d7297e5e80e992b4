//! From a model's price to what one request costs.

mod terms;

pub use terms::{Quote, Terms};

use std::fmt;

use crate::catalogue::Modality;
use crate::{BasisPoints, Currency, ExchangeRate, Model, ModelId, Policy};

/// Why a request has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PricingError {
    /// The model is not paid per token.
    #[error("{model} is an {modality} model, which is not paid per token")]
    NotPerToken {
        /// The model.
        model: ModelId,
        /// What it does.
        modality: Modality,
    },
    /// Payment in SWAN without an exchange rate.
    #[error("there is no exchange rate for {currency}")]
    NoRate {
        /// The currency that payment was asked in.
        currency: Currency,
    },
    /// The price is beyond the largest amount of money.
    #[error("the price of this request is beyond 10^15 units")]
    TooLarge,
}

/// The rule that sets the terms of a request.
///
/// Terms are stamped when a request is admitted: its charge follows them even if the policy or the exchange rate changes
/// while it runs.
pub trait Pricing: fmt::Debug + Send + Sync {
    /// The terms for a request of `model`, paid in `payment`; `rate` is the exchange rate of the moment, if there is one.
    ///
    /// # Errors
    ///
    /// [`PricingError`] when the model is not paid per token or the currency has no rate.
    fn terms(
        &self,
        policy: &Policy,
        model: &Model,
        payment: Currency,
        rate: Option<ExchangeRate>,
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
        rate: Option<ExchangeRate>,
    ) -> Result<Terms, PricingError> {
        let price = model
            .token_price()
            .ok_or_else(|| PricingError::NotPerToken {
                model: model.id.clone(),
                modality: model.modality,
            })?;
        let stamp = policy.stamp().clone();
        match payment {
            Currency::Usd => Ok(Terms::in_usd(stamp, *price, BasisPoints::ZERO)),
            Currency::Swan => {
                let rate = rate.ok_or(PricingError::NoRate { currency: payment })?;
                Ok(Terms::in_swan(stamp, *price, policy.swan_discount(), rate))
            }
        }
    }
}
