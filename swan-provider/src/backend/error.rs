//! Why a backend gave no answer.

use thiserror::Error;

/// Why a backend gave no answer. A refusal with an HTTP status is an answer and not an error.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackendError {
    /// No connection could be made.
    #[error("{backend} cannot be reached: {reason}")]
    Unreachable {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// What the system said.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{backend} did not answer within {waited_secs} s")]
    TimedOut {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// How long was waited.
        waited_secs: u64,
    },
    /// The connection broke before the answer was complete.
    #[error("{backend} broke off its answer: {reason}")]
    Interrupted {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// What the system said.
        reason: String,
    },
    /// It answered something that cannot be an answer: HTML, a list that is no list, too much.
    #[error("{backend} answered nonsense: {reason}")]
    Nonsense {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// What was wrong with it.
        reason: String,
    },
    /// It has no such operation.
    #[error("{backend} does not offer {operation}")]
    Unsupported {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// The operation that was asked for.
        operation: String,
    },
    /// The request could not be sent as it is.
    #[error("the request is not usable: {reason}")]
    BadRequest {
        /// What was wrong with it.
        reason: String,
    },
}

impl BackendError {
    /// The HTTP status that the hub is told (public-swan.md 1.4: 502 unless something else fits).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::Unsupported { .. } => 501,
            Self::TimedOut { .. } => 504,
            Self::Unreachable { .. } | Self::Interrupted { .. } | Self::Nonsense { .. } => 502,
        }
    }

    /// Whether the same request may succeed elsewhere or later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::BadRequest { .. } | Self::Unsupported { .. })
    }

    /// Whether the backend is to blame, and not the request.
    #[must_use]
    pub const fn is_backend_fault(&self) -> bool {
        self.is_retryable()
    }
}
