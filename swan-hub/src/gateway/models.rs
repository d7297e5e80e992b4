//! `GET /v1/models`: what can be asked for, at what price, and who is there to serve it. No key is needed.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{Modality, Model, ModelId};

use super::{Answer, respond};
use crate::hub::Shared;
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
    context_length: Option<u64>,
    max_output_tokens: u64,
    pricing: Option<Prices>,
    providers_online: usize,
    available: bool,
}

/// Prices in US dollars, as decimal strings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Prices {
    currency: &'static str,
    input_per_million_tokens: String,
    cached_input_per_million_tokens: String,
    output_per_million_tokens: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    object: &'static str,
    data: Vec<Listed>,
}

/// The list; with `?available=true` only what somebody serves now.
pub(super) async fn list(State(hub): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let mut data = listed(&hub);
    let query = query.unwrap_or_default();
    if query
        .split('&')
        .any(|pair| matches!(pair, "available=true" | "available=1"))
    {
        data.retain(|model| model.available);
    }
    answer(
        &hub,
        &List {
            object: "list",
            data,
        },
    )
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

/// The catalogue's chat models, then those outside it that somebody serves.
fn listed(hub: &Shared) -> Vec<Listed> {
    let online = hub.registry.models();
    let providers = |id: &ModelId| {
        online
            .iter()
            .find(|online| online.model.id == *id)
            .map_or(0, |online| online.providers)
    };
    let catalogue = hub
        .policy
        .models()
        .iter()
        .filter(|model| model.modality == Modality::Chat);
    let mut data: Vec<Listed> = catalogue
        .map(|model| entry(hub, model, providers(&model.id)))
        .collect();
    let is_outside = |id: &ModelId| hub.policy.model(id.as_str()).is_none();
    for online in online.iter().filter(|online| is_outside(&online.model.id)) {
        data.push(entry(hub, &online.model, online.providers));
    }
    for id in hub.external.models() {
        let listed = data.iter().any(|model| model.id == id.as_str());
        if !listed && let Ok(model) = hub.policy.classify(id.as_str()) {
            data.push(entry(hub, &model, 0));
        }
    }
    data
}

fn entry(hub: &Shared, model: &Model, providers_online: usize) -> Listed {
    Listed {
        id: model.id.to_string(),
        object: "model",
        created: hub.started.as_secs(),
        owned_by: "swan",
        tier: model.tier.letter(),
        aliases: model.aliases.iter().map(ToString::to_string).collect(),
        context_length: model.context_length,
        max_output_tokens: model.max_output_tokens,
        pricing: model.token_price().map(|price| Prices {
            currency: "USD",
            input_per_million_tokens: price.input_per_million().to_string(),
            cached_input_per_million_tokens: price.cached_per_million().to_string(),
            output_per_million_tokens: price.output_per_million().to_string(),
        }),
        providers_online,
        available: hub.serves(&model.id),
    }
}
