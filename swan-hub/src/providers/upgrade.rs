//! `GET /ws`: from HTTP to a provider's session.
//!
//! Whatever can be refused is refused here, before the upgrade: a public agent that is accepted and then closed
//! dials again at once (public-swan.md 1.6).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{Request, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use swan_core::protocol::{Dialect, SUBPROTOCOL_V2};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::connection::Connection;
use super::sessions::{Connected, Pass, Sessions};
use crate::store::KeyKind;

/// How long the bytes of the upgrade may take to get out.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// When to come again while the hub is draining or full.
const RETRY_SECS: u64 = 5;

/// Answers an upgrade and lets the connection go its own way.
pub(super) async fn upgrade(
    State(sessions): State<Arc<Sessions>>,
    mut request: Request<axum::body::Body>,
) -> Response {
    let accept = match check(request.headers()) {
        Ok(accept) => accept,
        Err(refusal) => return refusal.into_response(),
    };
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Refusal::new(
            StatusCode::BAD_REQUEST,
            "this connection cannot be upgraded",
        )
        .into_response();
    };
    let (pass, connected) = match sessions.let_in(request.headers()) {
        Ok(let_in) => let_in,
        Err(refusal) => return refusal.into_response(),
    };
    let offers_v2 = tokens(request.headers(), &SEC_WEBSOCKET_PROTOCOL)
        .any(|protocol| protocol == SUBPROTOCOL_V2);
    let dialect = if offers_v2 { Dialect::V2 } else { Dialect::V1 };
    sessions.start_sweeping();
    tokio::spawn(async move {
        let _connected = connected;
        converse(on_upgrade, dialect, sessions, pass).await;
    });
    switching_protocols(accept, dialect)
}

async fn converse(on_upgrade: OnUpgrade, dialect: Dialect, sessions: Arc<Sessions>, pass: Pass) {
    match tokio::time::timeout(UPGRADE_TIMEOUT, on_upgrade).await {
        Ok(Ok(upgraded)) => {
            Connection::new(TokioIo::new(upgraded), dialect, sessions, pass)
                .run()
                .await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a provider went away during the upgrade"),
        Err(_) => tracing::debug!("a provider did not finish the upgrade"),
    }
}

impl Sessions {
    fn let_in(self: &Arc<Self>, headers: &HeaderMap) -> Result<(Pass, Connected), Refusal> {
        if self.registry.is_draining() {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the hub is shutting down");
            return Err(refusal.retry_after(RETRY_SECS));
        }
        // Public agents send no key here (public-swan.md 1.1); who does can be told earlier.
        if let Some(token) = bearer(headers)
            && let Ok(record) = self.keys.authenticate(token)
            && let KeyKind::Provider(provider) = record.kind
            && let Some(wait) = self.registry.held(provider)
        {
            let words = "two machines seem to share this key and node id";
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, words);
            return Err(refusal.retry_after(wait.as_secs().max(1)));
        }
        let full =
            |words| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, words).retry_after(RETRY_SECS);
        let connected = self.connect();
        let connected = connected
            .ok_or_else(|| full("this hub has as many provider connections as it takes"))?;
        let pass = self.pass();
        let pass = pass.ok_or_else(|| full("too many providers are registering"))?;
        Ok((pass, connected))
    }
}

/// The secret of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Checks what RFC 6455, section 4.2.1 demands; the answer is the value of `Sec-WebSocket-Accept`.
fn check(headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    let asks = tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
        && tokens(headers, &UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket"));
    let version = headers
        .get(SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes);
    if !asks || version != Some(b"13") {
        let words = "this is a WebSocket endpoint for providers, version 13";
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, words));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    // 16 bytes in base64.
    if key.len() != 24 || !key.ends_with(b"==") {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "Sec-WebSocket-Key is not valid",
        ));
    }
    HeaderValue::try_from(derive_accept_key(key))
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not valid"))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn switching_protocols(accept: HeaderValue, dialect: Dialect) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if dialect == Dialect::V2 {
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL_V2),
        );
    }
    response
}

/// An upgrade that does not happen.
struct Refusal {
    status: StatusCode,
    message: &'static str,
    retry_after: Option<u64>,
}

impl Refusal {
    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self {
            status,
            message,
            retry_after: None,
        }
    }

    const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let kind = if self.status.is_server_error() {
            "server_error"
        } else {
            "invalid_request_error"
        };
        let body = serde_json::json!({
            "error": { "message": self.message, "type": kind, "param": null, "code": null }
        });
        let mut response = (self.status, Bytes::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
