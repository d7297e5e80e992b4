//! How answers of the market look: in the public network's envelope, or flat where its clients expect that.

use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::gateway::{self, Answer};
use crate::hub::Shared;
use crate::openapi::{AccountError, Errors};

/// The envelope of catalogue and statistics (public-swan.md 2.2).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Envelope<T> {
    /// 200.
    code: u16,
    /// `success`.
    msg: &'static str,
    data: T,
}

impl<T> Envelope<T> {
    pub(super) const fn of(data: T) -> Self {
        Self {
            code: 200,
            msg: "success",
            data,
        }
    }
}

/// A list in an envelope, or a page of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    /// The entries of this page.
    pub(super) list: Vec<T>,
    /// Entries on all pages.
    pub(super) total: usize,
    /// This page, from 1.
    pub(super) page: usize,
    /// Entries on a page.
    pub(super) page_size: usize,
}

impl<T> Page<T> {
    /// The same page of what `of` makes of its entries.
    pub(super) fn map<U>(self, of: impl Fn(T) -> U) -> Page<U> {
        Page {
            list: self.list.into_iter().map(of).collect(),
            total: self.total,
            page: self.page,
            page_size: self.page_size,
        }
    }
}

/// Answers 200 with what was found, or says why there is no such answer, in the shape that the clients of the route read.
pub(super) fn reply(
    hub: &Shared,
    found: Result<impl Serialize, Answer>,
    errors: Errors,
) -> Response {
    match found {
        Ok(found) => ok(hub, &found),
        Err(refusal) => refused(hub, &refusal, errors),
    }
}

/// Answers 200 with `body`.
pub(super) fn ok(hub: &Shared, body: &impl Serialize) -> Response {
    with_status(hub, StatusCode::OK, body)
}

/// Answers with `body`.
pub(super) fn with_status(hub: &Shared, status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => gateway::json_answer(status, body, hub.request_id()),
        Err(error) => {
            tracing::error!(%error, "an answer of the market cannot be written");
            let refusal = refusal(500, "server_error", "internal_error");
            gateway::error_answer(
                &refusal.saying("the answer cannot be written"),
                hub.request_id(),
            )
        }
    }
}

/// The answer to a request that was refused, in the shape that the clients of its route read (public-swan.md 2.3).
pub(super) fn refused(hub: &Shared, refusal: &Answer, errors: Errors) -> Response {
    match errors {
        Errors::OpenAi => gateway::error_answer(refusal, hub.request_id()),
        Errors::Account => {
            let body = AccountError {
                error: refusal.message.clone(),
                message: refusal.message.clone(),
                code: refusal.code.to_string(),
                param: refusal.param.as_deref().map(str::to_owned),
            };
            let body = serde_json::to_vec(&body).unwrap_or_default();
            gateway::answer_with(refusal, body, hub.request_id())
        }
    }
}

/// A refusal that has no words yet.
pub(super) const fn refusal(status: u16, kind: &'static str, code: &'static str) -> Wordless {
    Wordless {
        status,
        kind,
        code,
        param: None,
        retry_after_secs: None,
    }
}

/// See [`refusal`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Wordless {
    status: u16,
    kind: &'static str,
    code: &'static str,
    param: Option<&'static str>,
    retry_after_secs: Option<u64>,
}

impl Wordless {
    pub(super) const fn of(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    pub(super) const fn retry(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    pub(super) fn saying(self, message: impl Into<String>) -> Answer {
        Answer {
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind: self.kind.into(),
            code: self.code.into(),
            param: self.param.map(Into::into),
            message: message.into(),
            retry_after_secs: self.retry_after_secs,
            is_final: false,
        }
    }
}

const INVALID: &str = "invalid_request_error";

/// A field or parameter is wrong.
pub(super) fn invalid(param: &'static str, expected: impl Into<String>) -> Answer {
    refusal(400, INVALID, "invalid_value")
        .of(param)
        .saying(expected)
}

/// There is no such thing.
pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Answer {
    refusal(404, INVALID, code).saying(message)
}

/// It conflicts with what is there.
pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Answer {
    refusal(409, INVALID, code).saying(message)
}

/// Too often.
pub(super) fn too_often(secs: u64) -> Answer {
    refusal(429, "rate_limit_error", "too_many_attempts")
        .retry(secs.clamp(1, 120))
        .saying(format!("too many attempts; try again in {} s", secs.max(1)))
}

/// The store cannot serve now.
pub(super) fn unavailable() -> Answer {
    refusal(503, "server_error", "store_unavailable")
        .retry(5)
        .saying("accounts cannot be read or written now")
}
