//! Why no provider gave an answer, or not a whole one: what the consumer is told.

use swan_core::health::Blame;
use swan_core::openai::ErrorBody;

use super::parse::Asked;
use crate::providers::AttemptError;

/// Why no provider gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AttemptsFailed {
    /// The model server says that the request is at fault; nobody else would take it either.
    #[error("{}", .error.message)]
    Refused { status: u16, error: Box<ErrorBody> },
    #[error("no provider could answer ({attempts} tried): {reason}")]
    Provider { attempts: u32, reason: String },
    /// The last one had no place for the request, whatever the hub had counted.
    #[error("no provider has a place for this request at the moment ({attempts} tried)")]
    Busy {
        attempts: u32,
        /// When all who could serve have asked to be left alone.
        retry_after_secs: Option<u64>,
    },
    #[error("no provider answered in time")]
    Deadline,
    #[error("the provider failed, and fallbacks are not allowed: {reason}")]
    NoFallback {
        reason: String,
        retry_after_secs: Option<u64>,
    },
    #[error("the request is larger than any provider online accepts: {limit} bytes")]
    TooLarge { limit: usize },
    /// An answer broke after its beginning had gone out.
    #[error("the provider failed in the middle of its answer: {reason}")]
    Broken { reason: String },
    /// The hub ended an answer whose beginning had gone out.
    #[error("the answer was cut off: {reason}")]
    CutOff { reason: String },
    /// A stream went on beyond what it was quoted for.
    #[error(
        "the answer is longer than the {tokens} tokens that were set aside for it; ask for more with max_tokens"
    )]
    UsedUp { tokens: u64 },
}

impl AttemptsFailed {
    /// What ended an answer whose beginning had gone out.
    pub(super) fn mid_answer(error: &AttemptError) -> Self {
        let reason = error.to_string();
        match error {
            AttemptError::TooLong | AttemptError::Overflow { .. } => Self::CutOff { reason },
            _ => Self::Broken { reason },
        }
    }
}

/// What the consumer is told about the attempt that was the last one.
pub(super) fn failed(
    error: AttemptError,
    attempts: u32,
    retry_after_secs: Option<u64>,
    request: &Asked,
) -> AttemptsFailed {
    match error {
        AttemptError::Provider {
            status,
            ref message,
            ref body,
            ..
        } if error.ending().verdict().blame == Some(Blame::Consumer) => {
            let mut error = Box::new(ErrorBody::read(body));
            if error.message.is_empty() {
                error.message = message.clone();
            }
            AttemptsFailed::Refused { status, error }
        }
        AttemptError::TooLarge { limit, .. } => AttemptsFailed::TooLarge { limit },
        AttemptError::Deadline | AttemptError::Idle if request.allow_fallbacks => {
            AttemptsFailed::Deadline
        }
        other if !request.allow_fallbacks => AttemptsFailed::NoFallback {
            reason: other.to_string(),
            retry_after_secs,
        },
        AttemptError::Busy | AttemptError::Provider { status: 429, .. } => AttemptsFailed::Busy {
            attempts,
            retry_after_secs,
        },
        // Whoever says when to come again is busy and not broken.
        _ if retry_after_secs.is_some() => AttemptsFailed::Busy {
            attempts,
            retry_after_secs,
        },
        other => AttemptsFailed::Provider {
            attempts,
            reason: other.to_string(),
        },
    }
}
