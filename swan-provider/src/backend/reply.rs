//! What a backend answers.

use super::BackendError;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use std::{fmt, pin::Pin, time::Duration};

/// The bytes of an answer, piece by piece; dropping it stops the work.
pub type ReplyBody = Pin<Box<dyn Stream<Item = Result<Bytes, BackendError>> + Send>>;

/// An answer of a backend: status and content type at once, the body as it comes.
#[non_exhaustive]
pub struct Reply {
    /// HTTP status, 100..=599.
    pub status: u16,
    /// The `Content-Type` header, if there was one.
    pub content_type: Option<String>,
    /// How long the server wants to be left alone, where it refuses and says so (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: ReplyBody,
}

impl Reply {
    /// An answer with a streamed body.
    #[must_use]
    pub fn new(
        status: u16,
        content_type: Option<String>,
        body: impl Stream<Item = Result<Bytes, BackendError>> + Send + 'static,
    ) -> Self {
        Self {
            status,
            content_type,
            retry_after: None,
            body: Box::pin(body),
        }
    }

    /// The same from a server that wants to be left alone for so long. The hub sends it nothing of this model meanwhile, for five minutes at most.
    #[must_use]
    pub const fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// A whole JSON answer.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::new(
            status,
            Some("application/json".to_owned()),
            stream::iter([Ok(body)]),
        )
    }

    /// A stream of server-sent events.
    #[must_use]
    pub fn events(
        events: impl Stream<Item = Result<Bytes, BackendError>> + Send + 'static,
    ) -> Self {
        Self::new(200, Some("text/event-stream".to_owned()), events)
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Whether the content type says server-sent events.
    #[must_use]
    pub fn is_event_stream(&self) -> bool {
        self.media_type()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
    }

    /// Whether the content type says JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.media_type()
            .is_some_and(|kind| kind.to_ascii_lowercase().ends_with("json"))
    }

    fn media_type(&self) -> Option<&str> {
        Some(self.content_type.as_deref()?.split(';').next()?.trim())
    }

    /// Reads the body to its end or to `limit` bytes; the flag says whether that was all.
    ///
    /// # Errors
    /// When the body breaks off.
    pub async fn read(mut self, limit: usize) -> Result<(Bytes, bool), BackendError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.body.next().await {
            let piece = piece?;
            let room = limit - whole.len();
            whole.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.len() > room {
                return Ok((whole.into(), false));
            }
        }
        Ok((whole.into(), true))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
