//! What is asked of a provider, and the shape of what comes back.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use swan_core::RequestId;
use swan_core::protocol::Operation;
use swan_core::receipt::SignTerms;
use tokio::time::Instant;

/// One request to one provider or endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The consumer's request.
    pub(crate) request: RequestId,
    /// Which attempt at that request this is, from 0; with the request it makes the id on the wire.
    pub(crate) attempt: u32,
    /// What is asked for.
    pub(crate) operation: Operation,
    /// Whether the answer is a stream of server-sent events.
    pub(crate) streaming: bool,
    /// The content type of the body.
    pub(crate) content_type: HeaderValue,
    /// The body in segments: concatenated they are what the model server gets. Its `model` field should already say
    /// [`Slot::upstream`](super::Slot::upstream), since only the caller reads bodies.
    pub(crate) body: Vec<Bytes>,
    /// When the whole answer must be here.
    pub(crate) deadline: Instant,
    /// By when a stream must have shown its first content, as [`Reply::content_shown`](super::Reply::content_shown) says.
    pub(crate) content_by: Option<Instant>,
    /// How long the answer may be silent once its head is here.
    pub(crate) idle: Duration,
    /// What the provider shall sign, where the consumer wants a receipt with that and the provider can.
    pub(crate) sign: Option<Box<SignTerms>>,
    /// The request's place in a trace, of which servers outside the market are told.
    #[cfg(feature = "otel")]
    pub(crate) trace: Option<crate::TraceContext>,
}

impl Job {
    /// The id on the wire, which no two attempts share.
    pub(super) fn wire_id(&self) -> String {
        match self.attempt {
            0 => self.request.to_string(),
            attempt => format!("{}-{attempt}", self.request),
        }
    }
}

/// The first thing that an attempt yields: the provider has begun to answer with a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The HTTP status, 200..=299.
    pub(crate) status: u16,
    /// The content type that the model server named, if it did.
    pub(crate) content_type: Option<HeaderValue>,
    /// How long it wants to be left alone, where it refuses and says so.
    pub(crate) retry_after: Option<Duration>,
}
