//! The bodies of errors, as the document shows them.

use schemars::JsonSchema;
use serde::Serialize;

/// What OpenAI's clients read when a request fails.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorBody {
    /// What went wrong.
    pub(crate) error: ErrorDetail,
}

/// What went wrong, for people and for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorDetail {
    /// In words.
    pub(crate) message: String,
    /// The kind of error, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The field that is wrong, where it is one.
    pub(crate) param: Option<String>,
    /// The error, such as `model_not_found`.
    pub(crate) code: Option<String>,
}

/// What the public network's account client reads when a request fails: the words stand in both places that it looks at.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccountError {
    /// In words.
    pub(crate) error: String,
    /// The same.
    pub(crate) message: String,
    /// The error, for programs.
    pub(crate) code: String,
    /// The field that is wrong, where it is one.
    pub(crate) param: Option<String>,
}

/// What an error status means here.
pub(crate) const fn words(status: u16) -> &'static str {
    match status {
        400 => "Something about the request is wrong; `param` names it",
        401 => "No key, or one that is not known here",
        402 => "Not enough funds",
        403 => "A key of the wrong kind, or this is not allowed to it",
        404 => "There is no such thing here",
        405 => "The path has no such method",
        408 => "The body did not arrive in time",
        409 => "It conflicts with what is there",
        413 => "The body is too large",
        415 => "Another content type is needed",
        426 => "This is a WebSocket endpoint",
        429 => "Too often; come again after `Retry-After`",
        500 => "The hub failed",
        502 => "The provider failed",
        503 => "Nobody can serve this now; come again after `Retry-After`",
        504 => "The provider took too long",
        _ => "Another answer",
    }
}
