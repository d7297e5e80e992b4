//! What the request can cost at most. Before the hold, which sets exactly this aside, and after parsing, since the price
//! depends on model, bounds and currency.

use swan_core::{Currency, ModelId};
use swan_core::{PricingError, Quote, RateError};

use std::sync::Arc;

use super::parse::ChatRequest;
use crate::hub::Shared;

/// Why a request has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum QuoteError {
    #[error(
        "the model {model:?} does not exist, or is not a chat model; GET /v1/models lists those that do"
    )]
    UnknownModel { model: String },
    #[error("payment in {currency} is not possible at this hub", currency = .currency.code())]
    Payment { currency: Currency },
    #[error(transparent)]
    Rate(RateError),
    #[error(transparent)]
    Pricing(PricingError),
}

/// A request with its price.
#[derive(Debug)]
pub(crate) struct Quoted {
    /// The canonical name.
    pub(crate) model: ModelId,
    /// The most tokens that one choice may have.
    pub(crate) per_choice: u64,
    /// How many choices there are to be.
    pub(crate) choices: u64,
    pub(crate) quote: Quote,
}

impl Quoted {
    /// The most tokens that the whole answer may have.
    pub(crate) const fn max_output_tokens(&self) -> u64 {
        self.per_choice.saturating_mul(self.choices)
    }
}

/// Prices the worst case of a request.
pub(crate) fn quote(hub: &Shared, request: &ChatRequest) -> Result<Quoted, QuoteError> {
    let policy = &*hub.policy;
    let name = request.head.model.as_str();
    let unknown = || QuoteError::UnknownModel {
        model: name.chars().take(200).collect(),
    };
    let classified;
    let model = match policy.model(name) {
        Some(model) if is_chat(model) => model,
        Some(_) => return Err(unknown()),
        // Outside the catalogue only what somebody serves exists: its class gives it a price.
        None => {
            let id = ModelId::new(name).map_err(|_| unknown())?;
            classified = match hub.registry.model(&id) {
                Some(model) => model,
                None if hub.serves(&id) => Arc::new(policy.classify(name).map_err(|_| unknown())?),
                None => return Err(unknown()),
            };
            &*classified
        }
    };
    let now = hub.clock.now();
    let rate = hub.oracle.usd_per_swan(now);
    let terms = hub
        .pricing
        .terms(policy, model, request.payment, rate.as_ref(), now)
        .map_err(|error| match error {
            PricingError::NoRate { currency } => QuoteError::Payment { currency },
            PricingError::Rate(error) => QuoteError::Rate(error),
            other => QuoteError::Pricing(other),
        })?;
    let per_choice = policy.max_output_tokens(model, request.head.max_output_tokens());
    let choices = request.head.n;
    let worst = policy.metering().worst_case(
        request.body.len() as u64,
        per_choice.saturating_mul(choices),
    );
    let quote = terms.quote(worst).map_err(QuoteError::Pricing)?;
    Ok(Quoted {
        model: model.id.clone(),
        per_choice,
        choices,
        quote,
    })
}

fn is_chat(model: &swan_core::Model) -> bool {
    model.modality == swan_core::Modality::Chat && model.token_price().is_some()
}
