//! Whether the hub lives, and whether it should get requests.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{Phase, respond};
use crate::hub::Shared;

/// `GET /healthz`: the process serves HTTP.
pub(super) async fn live(State(hub): State<Arc<Shared>>) -> Response {
    respond::json(StatusCode::OK, r#"{"status":"ok"}"#, hub.request_id())
}

/// `GET /readyz`: 503 from the moment at which the hub is told to stop, and while its ledger takes nothing new, so that a balancer looks elsewhere.
pub(super) async fn ready(State(hub): State<Arc<Shared>>) -> Response {
    let (status, body) = if hub.gate.is_leaving() || *hub.phase.borrow() > Phase::Serving {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"draining"}"#)
    } else if !hub.books.is_available() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"ledger_unavailable"}"#,
        )
    } else {
        (StatusCode::OK, r#"{"status":"ready"}"#)
    };
    respond::json(status, body, hub.request_id())
}
