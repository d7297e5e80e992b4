//! Why a body is refused, in words that name the member.

use serde_json::value::RawValue;
use thiserror::Error;

use crate::multipart::FormError;
use crate::routing::PreferenceError;

/// Why a body is not a request of its operation; the message names the field and what was expected of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The body is not UTF-8 text.
    #[error("the body is not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// The first byte that does not belong.
        at: usize,
    },
    /// The body is not JSON.
    #[error("the body is not valid JSON: {reason}")]
    NotJson {
        /// What the parser met, with line and column.
        reason: String,
    },
    /// The body is JSON, but not an object.
    #[error("expected a JSON object, found {found}")]
    NotAnObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// A member that must be there is not.
    #[error("{field}: required, and missing")]
    Missing {
        /// The member.
        field: &'static str,
    },
    /// A member that decides about money or routing stands twice, and servers differ in which one they take.
    #[error("{field}: given more than once")]
    Duplicate {
        /// The member.
        field: &'static str,
    },
    /// A member has a wrong type or value.
    #[error("{field}: expected {expected}, found {found}")]
    Wrong {
        /// The member.
        field: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// What was there, shortened.
        found: String,
    },
    /// The body is not a form that everybody reads alike.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The `provider` object asks for something that there is not.
    #[error(transparent)]
    Provider(#[from] PreferenceError),
}

impl HeadError {
    /// The member at fault, as OpenAI's `param`.
    #[must_use]
    pub fn param(&self) -> Option<&'static str> {
        match self {
            Self::NotUtf8 { .. }
            | Self::NotJson { .. }
            | Self::NotAnObject { .. }
            | Self::Form(_) => None,
            Self::Provider(_) => Some("provider"),
            Self::Missing { field } | Self::Duplicate { field } | Self::Wrong { field, .. } => {
                Some(field)
            }
        }
    }
}

pub(super) fn wrong(field: &'static str, expected: &'static str, value: &RawValue) -> HeadError {
    let text = value.get();
    let found = match text.bytes().next() {
        Some(b'"' | b'{' | b'[') if text.len() > 2 => {
            kind(text.bytes().next().unwrap_or(b' ')).to_owned()
        }
        _ => text.chars().take(40).collect(),
    };
    HeadError::Wrong {
        field,
        expected,
        found,
    }
}

pub(super) fn kind(first: u8) -> &'static str {
    match first {
        b'"' => "a string",
        b'{' => "an object",
        b'[' => "an array",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        b'-' | b'0'..=b'9' => "a number",
        _ => "something that is not JSON",
    }
}
