//! `GET /v1/provider/explain/{id}`: why a provider's money moved.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::admin::administrator;
use super::catalogue::Id;
use super::identity;
use super::reply::reply;
use crate::gateway::{Answer, explained};
use crate::hub::Shared;
use crate::ledger::{Asker, Explanation};
use crate::openapi::Errors;

/// `GET /v1/provider/explain/{id}`
pub(super) async fn explain(
    State(hub): State<Arc<Shared>>,
    id: Id,
    headers: HeaderMap,
) -> Response {
    reply(&hub, find(&hub, id, &headers).await, Errors::OpenAi)
}

async fn find(hub: &Shared, id: Id, headers: &HeaderMap) -> Result<Explanation, Answer> {
    let is_admin = identity::bearer(headers).is_ok_and(|secret| secret.starts_with("sk-admin-"));
    let asker = if is_admin {
        administrator(hub, headers)?;
        Asker::Administrator
    } else {
        Asker::Provider(identity::provider(hub, headers).await?)
    };
    let id = id.ok().map(|Path(id)| id);
    let told = explained(hub, id.as_deref(), asker).await;
    told.map_err(|error| Answer::of(&error))
}
