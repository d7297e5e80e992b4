//! How one attempt at one provider can fail; what that says, and about whom, is in the core's table ([`Ending::verdict`]).

use std::time::Duration;

use bytes::Bytes;
use swan_core::health::Ending;

/// Why an attempt did not bring an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AttemptError {
    /// An external endpoint could not be reached.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The connection ended while the request was under way.
    #[error("the connection to the provider was lost: {0}")]
    Lost(String),
    /// The whole attempt, or the wait for its first byte, took too long.
    #[error("the provider did not answer in time")]
    Deadline,
    /// The answer flowed until the time that the hub gives a stream was over.
    #[error("it took longer than an answer may take")]
    TooLong,
    /// Nothing came for too long in the middle of an answer.
    #[error("the provider fell silent in the middle of its answer")]
    Idle,
    /// The provider or its model server answered with a status that is no success.
    #[error("the provider answered {status}: {message}")]
    Provider {
        /// The HTTP status; any but 200..=299.
        status: u16,
        /// The failure in words.
        message: String,
        /// The body as it came, at most [`MAX_ERROR_BODY`] bytes; empty when there was none.
        body: Bytes,
        /// How long it wants to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// The request does not fit a frame of this provider (public-swan.md 1.6); another may take it.
    #[error("the request of {size} bytes is larger than the {limit} which this provider accepts")]
    TooLarge {
        /// The largest frame in bytes.
        limit: usize,
        /// The frame that it would have been.
        size: usize,
    },
    /// This provider cannot serve such a request (public-swan.md 1.7, item 9).
    #[error("this provider cannot serve the request: {0}")]
    Unsupported(String),
    /// The request is not what its operation demands.
    #[error("the request cannot be sent to a provider: {0}")]
    Malformed(String),
    /// As much is under way on the provider's connection as it can carry.
    #[error("the provider's connection is busy")]
    Busy,
    /// The provider is about to go and takes nothing new.
    #[error("the provider is draining")]
    Draining,
    /// The consumer read so slowly that the bound on what the hub buffers was reached.
    #[error("the consumer read too slowly: more than {limit} bytes were waiting")]
    Overflow {
        /// The bound in bytes.
        limit: usize,
    },
}

/// The most of an error body that is kept.
pub(crate) const MAX_ERROR_BODY: usize = 64 << 10;

impl AttemptError {
    /// The row of the core's table that this failure is.
    pub(crate) const fn ending(&self) -> Ending {
        match self {
            Self::Connect(_) => Ending::Unreachable,
            Self::Lost(_) => Ending::Lost,
            Self::Deadline => Ending::NoFirstByte,
            Self::TooLong => Ending::TooLong,
            Self::Idle => Ending::Idle,
            Self::Provider { status, .. } => Ending::Status { code: *status },
            Self::TooLarge { .. } => Ending::TooLarge,
            Self::Unsupported(_) => Ending::Unsupported,
            // What any provider would have said.
            Self::Malformed(_) => Ending::Status { code: 400 },
            Self::Busy => Ending::LineBusy,
            Self::Draining => Ending::Draining,
            Self::Overflow { .. } => Ending::SlowConsumer,
        }
    }

    /// Whether another provider may do better, as long as the consumer has seen nothing yet.
    pub(crate) const fn is_retryable(&self) -> bool {
        self.ending().verdict().retry
    }

    /// The status that the provider or its model server gave, if it gave one.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Provider { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether a model server called the request itself wrong, which is worth one other opinion.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Provider { .. }) && self.ending().is_refusal()
    }

    /// Whether it would end the same everywhere.
    pub(crate) const fn is_final(&self) -> bool {
        !self.is_retryable() && !self.is_refusal()
    }

    /// How long whoever is too busy wants to be left alone, where it says so.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Provider {
                status: 429 | 503,
                retry_after,
                ..
            } => *retry_after,
            _ => None,
        }
    }
}

/// The human part of an error body, in either of the shapes that model servers use.
pub(super) fn message_of(body: &Bytes, status: u16) -> String {
    #[derive(serde::Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        error: Option<Inner<'a>>,
        message: Option<std::borrow::Cow<'a, str>>,
        detail: Option<std::borrow::Cow<'a, str>>,
    }
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Inner<'a> {
        Text(std::borrow::Cow<'a, str>),
        Object { message: std::borrow::Cow<'a, str> },
    }
    let parsed = serde_json::from_slice::<Outer<'_>>(body).ok();
    let text = parsed.and_then(|outer| match outer.error {
        Some(Inner::Text(text) | Inner::Object { message: text }) => Some(text),
        None => outer.message.or(outer.detail),
    });
    match text {
        Some(text) => text.chars().take(1_000).collect(),
        None => format!("status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use swan_core::health::Blame;

    use super::*;

    #[test]
    fn every_failure_has_its_row_in_the_table_of_blame() {
        let answered = |status| AttemptError::Provider {
            status,
            message: String::new(),
            body: Bytes::new(),
            retry_after: None,
        };
        let text = String::new;
        let (consumer, provider, hub) = (Blame::Consumer, Blame::Provider, Blame::Hub);
        for (error, blame, retryable) in [
            (answered(400), consumer, false),
            (answered(413), consumer, false),
            (answered(422), consumer, false),
            (answered(401), provider, true),
            (answered(404), provider, true),
            (answered(429), provider, true),
            (answered(500), provider, true),
            (AttemptError::Connect(text()), provider, true),
            (AttemptError::Lost(text()), provider, true),
            (AttemptError::Deadline, provider, true),
            (AttemptError::Idle, provider, true),
            (AttemptError::TooLong, hub, false),
            // A frame too large for one provider may fit another.
            (AttemptError::TooLarge { limit: 1, size: 2 }, consumer, true),
            (AttemptError::Unsupported(text()), hub, true),
            (AttemptError::Malformed(text()), consumer, false),
            (AttemptError::Busy, hub, true),
            (AttemptError::Draining, hub, true),
            (AttemptError::Overflow { limit: 1 }, consumer, false),
        ] {
            assert_eq!(
                (error.ending().verdict().blame, error.is_retryable()),
                (Some(blame), retryable),
                "{error:?}"
            );
        }
    }
}
