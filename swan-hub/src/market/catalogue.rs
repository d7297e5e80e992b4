//! Models, who serves them, and their files.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::query::Query;
use super::reply::{Envelope, not_found, ok, refused};
use super::rows::{ModelRow, ProviderRow};
use super::snapshot::{Snapshot, snapshot};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;

/// The path's id, or why it is none.
pub(super) type Id = Result<Path<String>, PathRejection>;

/// The providers of one model.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Providers {
    /// The model.
    model_id: String,
    /// Those that are there now, in the order of their ids.
    list: Vec<ProviderRow>,
    /// How many.
    total: usize,
}

/// The weights of models that this hub can name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Catalogue {
    /// Each model of the policy.
    models: Vec<Catalogued>,
    /// How many.
    total: usize,
}

/// One model of the policy, and where its weights are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Catalogued {
    /// The model.
    model_id: String,
    /// Its name without its organisation.
    name: String,
    /// `text-generation`, `embedding`, `image` or `audio`.
    category: &'static str,
    /// Files that this hub knows; the policy names none.
    file_count: usize,
    /// Their bytes.
    total_size_bytes: u64,
    /// Where the weights can be had; null, since the policy does not say.
    weight_source_url: Option<String>,
}

/// The files of one model.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Files {
    /// The model.
    model_id: String,
    /// The format that was asked for.
    format: Option<String>,
    /// Those that this hub knows; the policy names none, and none are made up.
    files: Vec<File>,
    /// How many.
    file_count: usize,
    /// Their bytes.
    total_size_bytes: u64,
}

/// One file of a model's weights.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct File {
    /// Its name.
    filename: String,
    /// Its fingerprint in hex.
    hash: String,
    /// Made by this algorithm.
    algorithm: String,
    /// Its bytes.
    size_bytes: u64,
    /// Where it can be had.
    url: Option<String>,
}

/// `GET /api/v1/models`
pub(super) async fn models(State(hub): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let snapshot = snapshot(&hub);
    let listed = Query::parse(query.as_deref()).and_then(|query| {
        let category = query.text("category");
        let active = matches!(query.text("active"), Some("true" | "1"));
        let chosen = snapshot.models.iter().filter(|model| {
            category.is_none_or(|category| model.category == category) && (model.active || !active)
        });
        let chosen: Vec<&ModelRow> = chosen.collect();
        let page = query.page(&chosen)?;
        Ok(ok(&hub, &Envelope::of(page)))
    });
    listed.unwrap_or_else(|refusal| refused(&hub, &refusal, Errors::OpenAi))
}

/// `GET /api/v1/models/{id}`
pub(super) async fn model(State(hub): State<Arc<Shared>>, id: Id) -> Response {
    let snapshot = snapshot(&hub);
    match find(&hub, &snapshot, id) {
        Ok(model) => ok(&hub, &Envelope::of(model)),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `GET /api/v1/models/{id}/providers`
pub(super) async fn providers(State(hub): State<Arc<Shared>>, id: Id) -> Response {
    let snapshot = snapshot(&hub);
    match find(&hub, &snapshot, id) {
        Ok(model) => {
            let list = snapshot.providers.get(&model.id).cloned();
            let list = list.unwrap_or_default();
            let providers = Providers {
                model_id: model.id.clone(),
                total: list.len(),
                list,
            };
            ok(&hub, &Envelope::of(providers))
        }
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `GET /api/v1/models/catalog`
pub(super) async fn catalog(State(hub): State<Arc<Shared>>) -> Response {
    let snapshot = snapshot(&hub);
    let catalogued = |model: &ModelRow| Catalogued {
        model_id: model.id.clone(),
        name: model.name.clone(),
        category: model.category,
        file_count: 0,
        total_size_bytes: 0,
        weight_source_url: None,
    };
    let known = |model: &&ModelRow| hub.policy.model(&model.id).is_some();
    let models: Vec<_> = snapshot
        .models
        .iter()
        .filter(known)
        .map(catalogued)
        .collect();
    let total = models.len();
    ok(&hub, &Envelope::of(Catalogue { models, total }))
}

/// `GET /api/v1/models/{id}/files`
pub(super) async fn files(
    State(hub): State<Arc<Shared>>,
    id: Id,
    RawQuery(query): RawQuery,
) -> Response {
    let snapshot = snapshot(&hub);
    let found = Query::parse(query.as_deref()).and_then(|query| {
        let model = find(&hub, &snapshot, id)?;
        let format = query.text("format");
        Ok(Files {
            model_id: model.id.clone(),
            format: format.map(|format| format.chars().take(40).collect()),
            files: Vec::new(),
            file_count: 0,
            total_size_bytes: 0,
        })
    });
    match found {
        Ok(files) => ok(&hub, &Envelope::of(files)),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

fn find<'a>(hub: &Shared, snapshot: &'a Snapshot, id: Id) -> Result<&'a ModelRow, Answer> {
    // A name that is no text is the name of no model.
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    snapshot.model(hub, &id).ok_or_else(|| {
        let shown: String = id.chars().take(200).collect();
        not_found(
            "model_not_found",
            format!("there is no model {shown:?} here"),
        )
    })
}
