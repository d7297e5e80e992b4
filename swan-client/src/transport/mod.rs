//! The one seam of the client: how a request becomes an answer.

mod reqwest;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;

pub(crate) use self::reqwest::ReqwestTransport;

/// Sends one HTTP request.
///
/// The default speaks HTTP/1.1 with rustls. Implement it to go through a proxy of your own, to sign requests, or to
/// record them; for tests there is the `mock` feature.
///
/// Contract: one call is one request on the wire, never a hidden second one, since the client above decides about
/// retries; redirects are handed back as they are. Dropping the future, or the body of the answer, ends the request
/// and closes or frees its connection. The client above watches the clock.
#[async_trait]
pub trait HttpTransport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and returns when the head of the answer is there.
    ///
    /// # Errors
    /// [`TransportError`] when no answer came; an answer of any status is not an error.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError>;
}

const _: fn(&dyn HttpTransport) = |_| {}; // object safety is part of the contract

/// The body of an answer, as it arrives.
pub struct Body(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>);

impl Body {
    /// A body that arrives in pieces.
    pub fn new(pieces: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static) -> Self {
        Self(Box::pin(pieces))
    }

    /// A body that is there already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(futures::stream::iter(
            (!bytes.is_empty()).then_some(Ok(bytes)),
        ))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Body")
    }
}

/// Why no answer, or no whole answer, came.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    kind: TransportErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// How far a failed request came, which decides whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: the server has seen nothing.
    Connect,
    /// The connection ended too early: the server may have done the work.
    Interrupted,
    /// The request cannot be sent at all, such as one with an impossible address.
    Invalid,
}

impl TransportError {
    /// An error of this kind.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Names the cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// How far the request came.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}
