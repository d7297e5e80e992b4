//! Answers without a provider: errors, and paths that are not there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use swan_core::RequestId;

use super::body::linger;
use super::{Answer, headers};
use crate::hub::Shared;
use crate::idempotency::{Outcome, REPLAYED};
use crate::segments::Segments;
use crate::stages::RequestError;

/// What was answered before, once more.
pub(crate) fn replay(outcome: &Outcome) -> Response {
    let mut response = Response::new(Body::new(Segments::new(outcome.body.clone())));
    *response.status_mut() = outcome.status;
    response.headers_mut().clone_from(&outcome.headers);
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    response
}

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>, request: RequestId) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers::stamp(headers, request);
    response
}

/// The answer to a request that failed.
pub(crate) fn error(answer: &Answer, request: RequestId) -> Response {
    with_body(answer, answer.body(), request)
}

/// The same with a body of another shape.
pub(crate) fn with_body(answer: &Answer, body: impl Into<Body>, request: RequestId) -> Response {
    let mut response = json(answer.status, body, request);
    if let Some(secs) = answer.retry_after_secs {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(secs));
    }
    if answer.is_final {
        let no = HeaderValue::from_static("false");
        response.headers_mut().insert(headers::SHOULD_RETRY, no);
    }
    response
}

/// The answer to a path that no route has.
pub(super) async fn unknown_url(hub: Arc<Shared>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight(&hub, &request);
    }
    let method = request.method().to_string();
    let path = request.uri().path().chars().take(200).collect();
    let (parts, body) = request.into_parts();
    linger(&parts.headers, body);
    error(
        &Answer::of(&RequestError::UnknownUrl { method, path }),
        hub.request_id(),
    )
}

/// The answer to a method that a route does not have; browsers ask with OPTIONS before they send a request.
pub(super) async fn method_not_allowed(hub: Arc<Shared>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight(&hub, &request);
    }
    let method = request.method().to_string();
    error(
        &Answer::of(&RequestError::MethodNotAllowed { method }),
        hub.request_id(),
    )
}

fn preflight(hub: &Shared, request: &Request) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    headers::stamp(response.headers_mut(), hub.request_id());
    headers::preflight(request.headers(), response.headers_mut());
    response
}
