//! How one attempt at one provider can fail, and whom that says something about.

use bytes::Bytes;

/// Whom a failed attempt speaks against: the breaker, and later slashing, read nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request itself: any provider would have refused it.
    Consumer,
    /// The provider, its model server or its line.
    Provider,
    /// This hub.
    Hub,
}

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
    /// Whom this failure speaks against.
    pub(crate) const fn fault(&self) -> Fault {
        match self {
            Self::Connect(_) | Self::Lost(_) | Self::Deadline | Self::Idle => Fault::Provider,
            Self::Provider { status, .. } => match *status {
                400 | 405 | 406 | 409 | 411..=417 | 422 | 431 => Fault::Consumer,
                _ => Fault::Provider,
            },
            Self::TooLarge { .. } | Self::Malformed(_) | Self::Overflow { .. } => Fault::Consumer,
            Self::Unsupported(_) | Self::Busy | Self::Draining | Self::TooLong => Fault::Hub,
        }
    }

    /// Whether another provider may do better, as long as the consumer has seen nothing yet.
    pub(crate) const fn is_retryable(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::Unsupported(_) | Self::Busy | Self::Draining => true,
            Self::Malformed(_) | Self::Overflow { .. } | Self::TooLong => false,
            Self::Connect(_)
            | Self::Lost(_)
            | Self::Deadline
            | Self::Idle
            | Self::Provider { .. } => matches!(self.fault(), Fault::Provider),
        }
    }

    /// The status that the provider or its model server gave, if it gave one.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Provider { status, .. } => Some(*status),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> AttemptError {
        AttemptError::Provider {
            status,
            message: String::new(),
            body: Bytes::new(),
        }
    }

    #[test]
    fn a_status_tells_whose_fault_it_was() {
        for (status, fault, retryable) in [
            (400, Fault::Consumer, false),
            (413, Fault::Consumer, false),
            (422, Fault::Consumer, false),
            (401, Fault::Provider, true),
            (404, Fault::Provider, true),
            (408, Fault::Provider, true),
            (429, Fault::Provider, true),
            (500, Fault::Provider, true),
            (503, Fault::Provider, true),
        ] {
            let error = answered(status);
            assert_eq!(
                (error.fault(), error.is_retryable()),
                (fault, retryable),
                "{status}"
            );
        }
    }

    #[test]
    fn a_frame_too_large_for_one_provider_may_fit_another() {
        let error = AttemptError::TooLarge { limit: 1, size: 2 };
        assert!(error.is_retryable());
        assert_eq!(error.fault(), Fault::Consumer);
    }
}
