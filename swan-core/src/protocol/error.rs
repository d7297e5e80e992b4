//! What a session's own caller can get wrong, or has to route around.

use thiserror::Error;

/// Why a hub's session did not take a request; nothing was sent, and another provider may take it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DispatchError {
    /// The request does not fit into the largest frame that this agent survives.
    #[error("the request needs a frame of {size} bytes, this provider takes {limit}")]
    FrameTooLarge {
        /// What the agent takes.
        limit: usize,
        /// What it would have been.
        size: usize,
    },
    /// This agent does not know the operation.
    #[error("this provider does not take this operation")]
    OperationUnsupported,
    /// The provider is not registered (any more).
    #[error("the provider is not registered")]
    NotRegistered,
    /// The provider, or this hub, takes no further requests on this connection.
    #[error("the provider is draining")]
    Draining,
    /// v1 carries one JSON object, and the body is something else.
    #[error("the body is not a JSON object, which is all that this provider takes")]
    NotJson,
    /// The id is in use on this connection, or is not 1 to 128 bytes of printable ASCII.
    #[error("the request id is not usable")]
    RequestId,
    /// As many requests run on this connection as a session allows, or too many bytes wait for the socket.
    #[error("too much is under way on this connection")]
    Busy,
    /// The conversation is over.
    #[error("the connection is lost")]
    Lost,
}

impl DispatchError {
    /// Whether another provider may well take the same request.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::RequestId)
    }
}

/// Why a provider's session did not take a part of an answer.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StreamError {
    /// The request is over: answered, cancelled, or its connection lost. Stop the work.
    #[error("the request is over")]
    Closed,
    /// The call has no place at this point, for example a body before its head.
    #[error("the call is out of order")]
    OutOfOrder,
    /// Too many bytes wait for credit; wait for `Credit` and offer them again.
    #[error("too many bytes wait for credit")]
    Full,
    /// The model server's answer cannot be carried in this dialect; the request has been failed with 502.
    #[error("the answer of the model server cannot be carried")]
    Unusable,
}

impl StreamError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Full)
    }
}
