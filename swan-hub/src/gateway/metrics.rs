//! `GET /metrics`: figures for those who run the hub. They tell who is how busy with what, so they are not for everybody.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::{Answer, respond};
use crate::hub::Shared;
use crate::metrics;
use crate::stages::{AuthenticateError, RequestError, bearer};
use crate::store::KeyKind;

const OPEN_METRICS: &str = "application/openmetrics-text";

/// Beside the API: for administrators, unless the settings say that everybody may.
pub(super) async fn guarded(State(hub): State<Arc<Shared>>, parts: Parts) -> Response {
    if !hub.settings.public_metrics
        && let Err(error) = administrator(&hub, &parts)
    {
        let answer = Answer::of(&RequestError::from(error));
        return respond::error(&answer, hub.request_id());
    }
    open(State(hub), parts.headers).await
}

/// On a socket of its own: for whoever reaches it.
pub(super) async fn open(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let is_open_metrics = accept.is_some_and(|accept| accept.contains(OPEN_METRICS));
    let mut response = Response::new(Body::from(metrics::write(&hub, is_open_metrics)));
    let content_type = match is_open_metrics {
        true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        false => "text/plain; version=0.0.4; charset=utf-8",
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    super::headers::stamp(headers, hub.request_id());
    response
}

fn administrator(hub: &Shared, parts: &Parts) -> Result<(), AuthenticateError> {
    let record = hub.keys.authenticate(bearer(parts)?);
    match record.map_err(|_| AuthenticateError::Unknown)?.kind {
        KeyKind::Admin => Ok(()),
        _ => Err(AuthenticateError::Forbidden(
            "figures are for administrators: send a key sk-admin-…".into(),
        )),
    }
}
