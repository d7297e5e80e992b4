//! `GET /api/v1/provider/status`: what a public agent asks before it dials (public-swan.md 1.2).
//!
//! The body is flat and complete in every case, since an agent reads any other JSON as "your key is invalid" and
//! refuses to start. When the hub cannot decide it answers something that is not JSON, and the agent dials anyway.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use schemars::JsonSchema;
use serde::Serialize;

use super::sessions::Sessions;
use super::upgrade::bearer;
use crate::store::{AuthError, KeyKind};

/// The whole answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    provider_id: String,
    name: String,
    status: &'static str,
    can_connect: bool,
    api_key_valid: bool,
    message: String,
    warning: String,
    next_steps: Vec<&'static str>,
    step: u32,
    total_steps: u32,
    step_label: &'static str,
    earnings_enabled: bool,
}

/// Answers for the key in `Authorization`.
pub(super) async fn status(State(sessions): State<Arc<Sessions>>, headers: HeaderMap) -> Response {
    if sessions.registry.is_draining() {
        let mut response =
            (StatusCode::SERVICE_UNAVAILABLE, "the hub is restarting\n").into_response();
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("5"));
        return response;
    }
    let Some(secret) = bearer(&headers) else {
        return invalid("no provider key was sent");
    };
    let record = match sessions.keys.authenticate(secret) {
        Ok(record) => record,
        Err(AuthError::Revoked) => return invalid("this provider key has been revoked"),
        Err(_) => return invalid("this provider key is not known here"),
    };
    let KeyKind::Provider(provider) = record.kind else {
        return invalid("this is not a provider key; provider keys begin with sk-prov-");
    };
    let warning = match sessions.registry.held(provider) {
        Some(_) => "another machine keeps connecting with this key and node id",
        None => "",
    };
    let body = Status {
        provider_id: provider.to_string(),
        name: record.name.clone(),
        status: "active",
        can_connect: true,
        api_key_valid: true,
        message: "ready to connect".to_owned(),
        warning: warning.to_owned(),
        next_steps: Vec::new(),
        step: 1,
        total_steps: 1,
        step_label: "active",
        earnings_enabled: true,
    };
    flat(StatusCode::OK, &body)
}

fn invalid(message: &str) -> Response {
    let body = Status {
        provider_id: String::new(),
        name: String::new(),
        status: "rejected",
        can_connect: false,
        api_key_valid: false,
        message: message.to_owned(),
        warning: String::new(),
        next_steps: vec!["ask whoever runs this hub for a provider key (sk-prov-...)"],
        step: 0,
        total_steps: 1,
        step_label: "key",
        earnings_enabled: false,
    };
    flat(StatusCode::UNAUTHORIZED, &body)
}

fn flat(status: StatusCode, body: &Status) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the status cannot be written\n",
        )
            .into_response();
    };
    let mut response = (status, Bytes::from(body)).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
