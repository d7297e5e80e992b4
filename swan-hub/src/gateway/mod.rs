//! The HTTP surface: routes, headers, and the one table from errors to answers.

mod answer;
mod body;
mod chat;
mod headers;
mod health;
mod models;
mod respond;
mod server;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use answer::Answer;
pub(crate) use server::serve;

use crate::hub::Shared;
use crate::providers;

/// Every route of the hub, without answers to paths that do not exist.
pub(crate) fn routes(hub: &Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::one))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(Arc::clone(hub))
}

/// The routes that providers use.
pub(crate) fn provider_routes(hub: &Arc<Shared>) -> Router {
    providers::router(Arc::clone(&hub.sessions))
}

/// The routes, and an answer of the one shape to everything else.
pub(crate) fn with_fallbacks(routes: Router, hub: &Arc<Shared>) -> Router {
    let (unknown, method) = (Arc::clone(hub), Arc::clone(hub));
    routes
        .fallback(move |request| respond::unknown_url(Arc::clone(&unknown), request))
        .method_not_allowed_fallback(move |request| {
            respond::method_not_allowed(Arc::clone(&method), request)
        })
}
