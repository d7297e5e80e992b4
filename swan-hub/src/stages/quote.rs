//! What the request can cost at most. Before the hold, which sets exactly this aside, and after parsing, since the price
//! depends on model, bounds and currency. Nothing is changed by it, so that it also answers what a request would cost.

use std::collections::VecDeque;
use std::sync::Arc;

use swan_core::openai::{Asks, Generation};
use swan_core::protocol::Operation;
use swan_core::{
    Currency, Modality, Model, ModelId, Policy, PricingError, Quote, RateError, StampedRate,
    Timestamp, Usage, Work,
};

use super::parse::Asked;
use super::quoted::Quoted;
use crate::hub::Shared;

/// Why a request has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum QuoteError {
    #[error("the model {model:?} does not exist; GET /v1/models lists those that do")]
    UnknownModel { model: String },
    #[error("model: required, since there is no {modality} model here")]
    NoDefault { modality: Modality },
    #[error(
        "the model {model} does not serve /v1/{asked}: its kind ({modality}) is asked at /v1/{served}"
    )]
    OtherEndpoint {
        model: ModelId,
        modality: Modality,
        asked: Operation,
        served: Operation,
    },
    #[error("payment in {currency} is not possible at this hub", currency = .currency.code())]
    Payment { currency: Currency },
    #[error(transparent)]
    Rate(RateError),
    #[error(transparent)]
    Pricing(PricingError),
}

/// When a request is priced, and what a SWAN is worth then: asked once, so that whoever serves it in the end, there is one rate
/// for hold, charge and caps.
#[derive(Debug)]
struct Moment {
    now: Timestamp,
    rate: Option<StampedRate>,
}

/// Prices the worst case of a request, in each of the models that the consumer takes.
///
/// A model that does not exist here cannot be served, so that the next one takes its place; the first error is told when none is left.
pub(crate) fn quote(hub: &Shared, asked: &Asked) -> Result<Quoted, QuoteError> {
    let now = hub.clock.now();
    let rate = hub.oracle.usd_per_swan(now);
    let moment = Moment { now, rate };
    let first = quote_in(hub, asked, asked.model(), &moment);
    let fallbacks = &asked.head.models;
    if fallbacks.is_empty() {
        return first;
    }
    let others = fallbacks
        .iter()
        .filter_map(|name| quote_in(hub, asked, Some(name), &moment).ok());
    let mut known: VecDeque<Quoted> = VecDeque::with_capacity(fallbacks.len());
    let (first, error) = match first {
        Ok(first) => (Some(first), None),
        Err(error) => (None, Some(error)),
    };
    for quoted in first.into_iter().chain(others) {
        // Two names can mean one model.
        if known.iter().all(|other| other.model != quoted.model) {
            known.push_back(quoted);
        }
    }
    match (known.pop_front(), error) {
        (Some(mut first), _) => {
            first.others = known;
            Ok(first)
        }
        (None, Some(error)) => Err(error),
        // Cannot be: the first was known or not.
        (None, None) => Err(QuoteError::NoDefault {
            modality: Modality::Chat,
        }),
    }
}

/// Prices it in the model of this name.
fn quote_in(
    hub: &Shared,
    asked: &Asked,
    name: Option<&str>,
    moment: &Moment,
) -> Result<Quoted, QuoteError> {
    let policy = &*hub.policy;
    let classified;
    let model = match name {
        None => default_model(hub, &asked.operation)?,
        Some(name) => match policy.model(name) {
            Some(model) => model,
            None => {
                classified = outside(hub, name)?;
                &*classified
            }
        },
    };
    check_endpoint(model, &asked.operation)?;
    let (work, per_choice) = work(policy, model, asked);
    let worst = policy
        .metering()
        .worst_case_of(&work, asked.body.len() as u64);
    let own = hub.external.prices(&model.id).into_iter();
    let own = own.map(|(endpoint, price)| {
        let mut there = model.clone();
        (there.price, there.payout) = (price, None);
        Ok((endpoint, at_most(hub, asked, &there, worst, moment)?))
    });
    Ok(Quoted {
        model: model.id.clone(),
        per_choice,
        work,
        quote: at_most(hub, asked, model, worst, moment)?,
        own: own.collect::<Result<_, QuoteError>>()?,
        others: VecDeque::new(),
    })
}

/// What so much costs, by the terms of this moment.
fn at_most(
    hub: &Shared,
    asked: &Asked,
    model: &Model,
    worst: Usage,
    moment: &Moment,
) -> Result<Quote, QuoteError> {
    let rate = moment.rate.as_ref();
    let terms = hub
        .pricing
        .terms(&hub.policy, model, asked.payment, rate, moment.now)
        .map_err(|error| match error {
            PricingError::NoRate { currency } => match hub.oracle.why_not(moment.now) {
                Some(why) => QuoteError::Rate(why),
                None => QuoteError::Payment { currency },
            },
            PricingError::Rate(error) => QuoteError::Rate(error),
            other => QuoteError::Pricing(other),
        })?;
    terms.quote(worst).map_err(QuoteError::Pricing)
}

/// What is asked for at most, and how many tokens of that are one choice.
fn work(policy: &Policy, model: &Model, asked: &Asked) -> (Work, u64) {
    let measured_ms = asked.audio_ms;
    match &asked.head.asks {
        Asks::Chat(generation) | Asks::Completion(generation) => text(policy, model, generation),
        Asks::Embedding(_) => (Work::Vectors, 0),
        Asks::Images(images) => (Work::Images { n: images.n }, 0),
        Asks::Transcription(_) => (Work::Audio { measured_ms }, 0),
        // Only a new operation of the core can get here before this hub knows it; its body is charged for.
        _ => (Work::Vectors, 0),
    }
}

fn text(policy: &Policy, model: &Model, generation: &Generation) -> (Work, u64) {
    let per_choice = policy.max_output_tokens(model, generation.max_output_tokens());
    let work = Work::Text {
        max_output_tokens: per_choice.saturating_mul(generation.generated),
        choices: generation.choices,
        generated: generation.generated,
        echoed_bytes: generation.echoed_bytes,
    };
    (work, per_choice)
}

/// The model of a request that names none: the first of its kind in the catalogue that somebody serves now.
fn default_model<'a>(hub: &'a Shared, operation: &Operation) -> Result<&'a Model, QuoteError> {
    let modality = operation.modality().unwrap_or(Modality::Chat);
    let models = hub.policy.models().iter();
    let mut candidates = models.filter(|model| model.modality == modality);
    let first = candidates.clone().next();
    let served = candidates.find(|model| hub.serves(&model.id));
    served.or(first).ok_or(QuoteError::NoDefault { modality })
}

/// Outside the catalogue only what somebody serves exists: its class gives it a price.
fn outside(hub: &Shared, name: &str) -> Result<Arc<Model>, QuoteError> {
    let unknown = || QuoteError::UnknownModel {
        model: name.chars().take(200).collect(),
    };
    let id = ModelId::new(name).map_err(|_| unknown())?;
    let provided = hub.registry.model(&id);
    provided
        .or_else(|| hub.external.model(&id))
        .ok_or_else(unknown)
}

/// Whether this kind of model is asked at this endpoint.
fn check_endpoint(model: &Model, asked: &Operation) -> Result<(), QuoteError> {
    let served = Operation::of(model.modality);
    if served.contains(asked) {
        return Ok(());
    }
    Err(QuoteError::OtherEndpoint {
        model: model.id.clone(),
        modality: model.modality,
        asked: asked.clone(),
        served: served
            .first()
            .cloned()
            .unwrap_or(Operation::ChatCompletions),
    })
}
