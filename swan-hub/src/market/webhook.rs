//! `/webhooks/{processor}`: what a card processor sends by itself.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::Id;
use super::fields;
use super::reply::{not_found, reply};
use super::topups::answer;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::payments;

/// The largest body; Stripe's are a few kilobytes.
const BODY_MAX: usize = 256 << 10;

/// What became of a notice.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Taken {
    /// `true`.
    received: bool,
    /// `booked`, `exists`, `ignored` or `unmatched`.
    outcome: &'static str,
}

/// `POST /webhooks/{processor}`
pub(super) async fn receive(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Whoever sends it does not wait, and a part of it done is no part.
    let taken = take(Arc::clone(&hub), id, parts, body).await;
    reply(&hub, taken, Errors::OpenAi)
}

async fn take(
    hub: Arc<Shared>,
    id: Id,
    parts: Parts,
    body: axum::body::Body,
) -> Result<Taken, Answer> {
    let gateway = hub.payments.gateway().map_err(|error| answer(&error))?;
    if id.ok().is_none_or(|Path(name)| name != gateway.name()) {
        let words = "there is no such card processor here";
        return Err(not_found("processor_not_found", words));
    }
    let body = fields::within(&hub, &parts.headers, body, BODY_MAX).await?;
    let own = Arc::clone(&hub);
    let received =
        tokio::spawn(async move { payments::receive(&own, &parts.headers, &body).await });
    let received = received.await.unwrap_or(Err(payments::PayError::Busy));
    let received = received.map_err(|error| answer(&error))?;
    Ok(Taken {
        received: true,
        outcome: received.as_str(),
    })
}
