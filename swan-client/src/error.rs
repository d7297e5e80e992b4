//! What can go wrong with a call, told apart the way a caller has to react.

use std::time::Duration;

use swan_core::openai::ErrorBody;

use crate::metadata::Metadata;
use crate::transport::{TransportError, TransportErrorKind};

/// Why a call failed.
///
/// Ask the predicates rather than the variants when deciding what to do next; the variants are for those who want
/// the detail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting of the builder or of the call is unusable; nothing was sent.
    #[error("{field}: {reason}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What is wrong with it; never contains a secret.
        reason: String,
    },
    /// No connection to the server; it has seen nothing of the call.
    #[error("cannot reach the server: {source}")]
    Connect {
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer ended before its end: a broken connection, or a stream without `[DONE]`.
    #[error("the answer was cut off: {reason}")]
    Interrupted {
        /// How it ended.
        reason: String,
        /// The request, when the server had named it.
        request_id: Option<String>,
    },
    /// A deadline of the client passed.
    #[error("no {awaited} within {after:?}")]
    Timeout {
        /// What did not come.
        awaited: &'static str,
        /// The deadline.
        after: Duration,
        /// The request, when the server had named it.
        request_id: Option<String>,
    },
    /// The server answered with an error, at once or in the middle of a stream.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The server answered with something that is not what was asked for.
    #[error("unexpected answer: {reason}")]
    Decode {
        /// What was wrong with it.
        reason: String,
        /// The request, when the server had named it.
        request_id: Option<String>,
    },
}

/// An error as the server told it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status; 200 when the error came inside of an answer that had begun well.
    pub status: u16,
    /// The error, read from whatever shape the server writes.
    pub body: ErrorBody,
    /// What the head of the answer told.
    pub metadata: Metadata,
    /// Whether the answer had begun; such an error is never retried by the client.
    pub mid_stream: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) should_retry: Option<bool>,
}

impl std::error::Error for ApiError {}

impl std::fmt::Display for ApiError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.status)?;
        if let Some(code) = &self.body.code {
            write!(out, " {code}")?;
        }
        if !self.body.message.is_empty() {
            write!(out, ": {}", self.body.message)?;
        }
        match &self.metadata.request_id {
            Some(id) => write!(out, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl ApiError {
    pub(crate) fn new(status: u16, body: ErrorBody, metadata: Metadata) -> Self {
        Self {
            status,
            body,
            metadata,
            mid_stream: false,
            retry_after: None,
            should_retry: None,
        }
    }

    /// The status that counts: an error inside of a begun answer can only name one, as its code or by its type.
    pub(crate) fn effective_status(&self) -> u16 {
        if self.status >= 400 {
            return self.status;
        }
        let named = self.body.code.as_deref().and_then(|code| code.parse().ok());
        named
            .filter(|code| (400..600).contains(code))
            .unwrap_or(match self.body.kind.as_str() {
                "rate_limit_error" | "rate_limit_exceeded" => 429,
                "server_error" | "internal_server_error" | "api_error" | "overloaded_error" => 500,
                "provider_error" => 502,
                _ => self.status,
            })
    }

    fn code_is_one_of(&self, codes: &[&str]) -> bool {
        let names = [self.body.code.as_deref(), Some(self.body.kind.as_str())];
        names.iter().flatten().any(|name| codes.contains(name))
    }

    fn is_insufficient_funds(&self) -> bool {
        // OpenAI itself answers 429 with this code when the money is gone, which no waiting heals.
        self.effective_status() == 402
            || self.code_is_one_of(&[
                "insufficient_quota",
                "insufficient_funds",
                "insufficient_balance",
            ])
    }

    /// Whether the same call may succeed later without a change; the server's own word comes first.
    fn is_retryable(&self) -> bool {
        if self.is_insufficient_funds() {
            return false;
        }
        self.should_retry
            .unwrap_or_else(|| match self.effective_status() {
                408 | 429 | 500 | 502 | 503 | 504 | 520..=599 => true,
                // A conflict lasts while another call with the same key runs, and then the server says how long.
                409 => self.retry_after.is_some(),
                _ => false,
            })
    }
}

impl Error {
    pub(crate) fn from_transport(error: TransportError, request_id: Option<&str>) -> Self {
        match error.kind() {
            TransportErrorKind::Connect => Self::Connect {
                source: Box::new(error),
            },
            TransportErrorKind::Invalid => Self::Config {
                field: "request",
                reason: error.to_string(),
            },
            TransportErrorKind::Interrupted => Self::Interrupted {
                reason: error.to_string(),
                request_id: request_id.map(str::to_owned),
            },
        }
    }

    /// What the server said, if the error is its answer.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the same call may succeed if it is made again.
    ///
    /// The client has by then used up its own retries. Money is safe where the server honours idempotency keys and the
    /// caller repeats the key ([`crate::Chat::with_idempotency_key`]).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Config { .. } | Self::Decode { .. } => false,
            Self::Connect { .. } | Self::Interrupted { .. } | Self::Timeout { .. } => true,
            Self::Api(error) => error.is_retryable(),
        }
    }

    /// Whether a deadline passed, here or at the server (408, 504).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
            || self
                .api()
                .is_some_and(|error| matches!(error.effective_status(), 408 | 504))
    }

    /// Whether the server asks for patience (429); money that has run out is not that.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.api()
            .is_some_and(|error| error.effective_status() == 429 && !error.is_insufficient_funds())
    }

    /// Whether the account cannot pay for the call (402, or OpenAI's `insufficient_quota`).
    #[must_use]
    pub fn is_insufficient_funds(&self) -> bool {
        self.api().is_some_and(ApiError::is_insufficient_funds)
    }

    /// Whether the key is missing, wrong, revoked, or not allowed to do this (401, 403).
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.api()
            .is_some_and(|error| matches!(error.effective_status(), 401 | 403))
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.api().map(|error| error.status)
    }

    /// The server's name for the error, such as `insufficient_funds`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.api()?.body.code.as_deref()
    }

    /// How long the server asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.api()?.retry_after
    }

    /// The request's id at the server, to be quoted to whoever runs it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Config { .. } | Self::Connect { .. } => None,
            Self::Interrupted { request_id, .. }
            | Self::Timeout { request_id, .. }
            | Self::Decode { request_id, .. } => request_id.as_deref(),
            Self::Api(error) => error.metadata.request_id.as_deref(),
        }
    }
}
