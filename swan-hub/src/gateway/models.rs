//! `GET /v1/models`: what can be asked for, at what price, and who is there to serve it. No key is needed.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::protocol::Operation;
use swan_core::{Model, ModelId, ModelPrice};

use super::{Answer, respond};
use crate::hub::Shared;
use crate::providers::OnlineModel;
use crate::stages::RequestError;

/// One model as OpenAI's clients read it, with what a market adds.
#[derive(Serialize, JsonSchema)]
pub(super) struct Listed {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
    tier: &'static str,
    aliases: Vec<String>,
    /// `chat`, `embedding`, `image` or `audio`.
    modality: String,
    /// The paths at which it is asked.
    operations: Vec<String>,
    context_length: Option<u64>,
    /// Of models that write.
    max_output_tokens: Option<u64>,
    pricing: Prices,
    /// The request parameters that those who serve it declare to honour; empty where nobody says.
    supported_parameters: Vec<&'static str>,
    providers_online: usize,
    available: bool,
}

/// Prices in US dollars, as decimal strings, in the unit by which the model is paid.
#[derive(Serialize, JsonSchema)]
pub(super) struct Prices {
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_per_million_tokens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input_per_million_tokens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_per_million_tokens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_minute: Option<String>,
}

impl Prices {
    fn of(price: &ModelPrice) -> Self {
        let mut prices = Self {
            currency: "USD",
            input_per_million_tokens: None,
            cached_input_per_million_tokens: None,
            output_per_million_tokens: None,
            per_image: None,
            per_minute: None,
        };
        match price {
            ModelPrice::Tokens(price) => {
                prices.input_per_million_tokens = Some(price.input_per_million().to_string());
                prices.cached_input_per_million_tokens =
                    Some(price.cached_per_million().to_string());
                prices.output_per_million_tokens = Some(price.output_per_million().to_string());
            }
            ModelPrice::PerImage(price) => prices.per_image = Some(price.usd().to_string()),
            ModelPrice::PerMinute(price) => prices.per_minute = Some(price.usd().to_string()),
            // A unit that this hub does not know is not shown as another.
            _ => {}
        }
        prices
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    object: &'static str,
    data: Vec<Listed>,
}

/// The list; with `?available=true` only what somebody serves now.
pub(super) async fn list(State(hub): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut pairs = query.split('&');
    let is_filtered = pairs.any(|pair| matches!(pair, "available=true" | "available=1"));
    answer_list(&hub, is_filtered)
}

/// What somebody serves now.
pub(super) async fn available(State(hub): State<Arc<Shared>>) -> Response {
    answer_list(&hub, true)
}

fn answer_list(hub: &Shared, only_available: bool) -> Response {
    let mut data = listed(hub);
    data.retain(|model| model.available || !only_available);
    let object = "list";
    answer(hub, &List { object, data })
}

/// One model by its name or an alias, with plain or encoded slashes.
pub(super) async fn one(
    State(hub): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    // A name that is no text is the name of no model.
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    let canonical = hub
        .policy
        .model(&id)
        .map_or(id.as_str(), |model| model.id.as_str());
    match listed(&hub).into_iter().find(|model| model.id == canonical) {
        Some(model) => answer(&hub, &model),
        None => {
            let model = id.chars().take(200).collect();
            respond::error(
                &Answer::of(&RequestError::UnknownModel { model }),
                hub.request_id(),
            )
        }
    }
}

fn answer(hub: &Shared, body: &impl Serialize) -> Response {
    // Strings and numbers always serialise.
    let body = serde_json::to_vec(body).unwrap_or_default();
    respond::json(StatusCode::OK, body, hub.request_id())
}

/// The catalogue's models, then those outside it that somebody serves.
fn listed(hub: &Shared) -> Vec<Listed> {
    let online = hub.registry.models();
    let served = |id: &ModelId| online.iter().find(|online| online.model.id == *id);
    let catalogue = hub.policy.models().iter();
    let mut data: Vec<Listed> = catalogue
        .map(|model| entry(hub, model, served(&model.id)))
        .collect();
    let is_outside = |id: &ModelId| hub.policy.model(id.as_str()).is_none();
    for online in online.iter().filter(|online| is_outside(&online.model.id)) {
        data.push(entry(hub, &online.model, Some(online)));
    }
    for model in hub.external.models() {
        if data.iter().all(|listed| listed.id != model.id.as_str()) {
            data.push(entry(hub, &model, None));
        }
    }
    data
}

fn entry(hub: &Shared, model: &Model, online: Option<&OnlineModel>) -> Listed {
    let operations = Operation::of(model.modality).iter();
    let writes = Operation::of(model.modality).contains(&Operation::ChatCompletions);
    let declared = online.and_then(|online| online.context_tokens);
    Listed {
        id: model.id.to_string(),
        object: "model",
        created: hub.started.as_secs(),
        owned_by: "swan",
        tier: model.tier.letter(),
        aliases: model.aliases.iter().map(ToString::to_string).collect(),
        modality: model.modality.to_string(),
        operations: operations
            .map(|operation| format!("/v1/{operation}"))
            .collect(),
        context_length: model.context_length.or(declared),
        max_output_tokens: writes.then_some(model.max_output_tokens),
        pricing: Prices::of(&model.price),
        supported_parameters: online.map_or_else(Vec::new, |online| online.parameters.clone()),
        providers_online: online.map_or(0, |online| online.providers),
        available: hub.serves(&model.id),
    }
}
