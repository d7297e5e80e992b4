//! `POST /v1/chat/completions` and its siblings: one handler, which knows of the operation only its name.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use swan_core::protocol::Operation;

use super::body::linger;
use super::{Answer, headers, respond};
use crate::admission::{Access, headers::write as limits_left};
use crate::hub::Shared;
use crate::segments::Segments;
use crate::stages::{self, Bill, Reached, Relay, Served};

pub(super) async fn chat(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::ChatCompletions, request).await
}

pub(super) async fn completions(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::Completions, request).await
}

pub(super) async fn embeddings(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::Embeddings, request).await
}

pub(super) async fn images(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::ImagesGenerations, request).await
}

/// The operation that a request asks for, when it is one of those above.
pub(super) fn asked<B>(request: &http::Request<B>) -> Option<Operation> {
    if request.method() != Method::POST {
        return None;
    }
    match request.uri().path() {
        "/v1/chat/completions" => Some(Operation::ChatCompletions),
        "/v1/completions" => Some(Operation::Completions),
        "/v1/embeddings" => Some(Operation::Embeddings),
        "/v1/images/generations" => Some(Operation::ImagesGenerations),
        _ => None,
    }
}

/// Serves one request for inference, from authentication to the last header.
pub(super) async fn serve(hub: Arc<Shared>, operation: Operation, request: Request) -> Response {
    let id = hub.request_id();
    let mut bill = Bill::open(&hub, id);
    let (parts, mut body) = request.into_parts();
    let (served, reached) = match stages::serve(&hub, operation, &parts, &mut body, &mut bill).await
    {
        Ok(reached) => reached,
        Err(error) => {
            let answer = Answer::of(&error);
            bill.answered(&answer);
            linger(&parts.headers, body);
            let mut response = respond::error(&answer, id);
            trace(response.headers_mut(), bill.take_trace());
            left(&hub, response.headers_mut(), bill.access());
            return response;
        }
    };
    let latency = bill.elapsed();
    let decision = bill.take_trace();
    let (access, is_free) = (bill.access().cloned(), bill.is_free());
    let (body, content_type, cost) = match reached {
        Reached::Whole { body, cost } => (
            Body::new(Segments::new(body)),
            "application/json",
            Some(cost),
        ),
        Reached::Stream(begun) => (
            Body::new(Relay::new(*begun, bill)),
            "text/event-stream; charset=utf-8",
            None,
        ),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.reserve(16);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers::stamp(headers, id);
    name(headers, &served, latency, is_free);
    left(&hub, headers, access.as_ref());
    if let Some(cost) = cost {
        put(headers, headers::COST, &cost);
    }
    trace(headers, decision);
    response
}

/// Names who served.
fn name(headers: &mut HeaderMap, served: &Served, latency: Duration, is_free: bool) {
    put(headers, headers::PROVIDER_ID, &served.provider);
    put(headers, headers::PROVIDER_NAME, &served.provider_name);
    put(headers, headers::MODEL, &served.model);
    headers.insert(
        headers::CONNECTION_MODE,
        HeaderValue::from_static(served.mode.as_str()),
    );
    let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    headers.insert(headers::LATENCY_MS, HeaderValue::from(millis));
    headers.insert(
        headers::BILLING_TYPE,
        HeaderValue::from_static(if is_free { "free" } else { "pay_as_you_go" }),
    );
    // Of a stream, too, whose cost comes with its last chunk: amounts never carry their currency.
    headers.insert(
        headers::COST_CURRENCY,
        HeaderValue::from_static(served.currency.code()),
    );
    let mode = if served.pin.is_some() {
        "explicit"
    } else {
        "auto"
    };
    headers.insert(headers::ROUTE_MODE, HeaderValue::from_static(mode));
    if let Some(pin) = &served.pin {
        put(headers, headers::REQUESTED_PROVIDER, pin);
    }
    if let Some(reason) = served.fallback {
        headers.insert(
            headers::FALLBACK_REASON,
            HeaderValue::from_static(reason.as_str()),
        );
    }
}

/// Says what is left of the limits of key and account.
fn left(hub: &Shared, headers: &mut HeaderMap, access: Option<&Arc<Access>>) {
    if let Some(access) = access {
        limits_left(headers, access, hub.clock.now());
    }
}

/// Says why this provider was chosen, to those who have asked.
fn trace(headers: &mut HeaderMap, decision: Option<String>) {
    if let Some(value) = decision.and_then(|json| HeaderValue::try_from(json).ok()) {
        headers.insert(headers::TRACE, value);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Some(value) = headers::readable(text) {
        headers.insert(name, value);
    }
}
