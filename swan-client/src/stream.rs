//! A streamed answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use eventsource_stream::{Event, EventStream, EventStreamError};
use futures::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use swan_core::openai::{ChatChunk, CompletionResponse, ErrorBody, Usage};

use crate::answer::{Opened, error_inside};
use crate::body::read_whole;
use crate::error::{ApiError, Error};
use crate::metadata::Metadata;
use crate::watched::{Fault, Watched};

/// A chunk of a streamed answer.
pub trait Chunk: DeserializeOwned + Unpin + Send + sealed::Sealed + 'static {
    /// The usage that it tells, which the last one may.
    fn usage(&self) -> Option<&Usage>;
}

mod sealed {
    use swan_core::openai::{ChatChunk, CompletionResponse};

    #[expect(unnameable_types, reason = "nobody else can say what a chunk is")]
    pub trait Sealed {}

    impl Sealed for ChatChunk {}
    impl Sealed for CompletionResponse {}
}

impl Chunk for ChatChunk {
    fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }
}

impl Chunk for CompletionResponse {
    fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }
}

/// A streamed chat completion.
pub type ChatStream = ChunkStream<ChatChunk>;

/// A streamed text completion.
pub type CompletionStream = ChunkStream<CompletionResponse>;

/// A streamed answer: a [`Stream`] of chunks that ends after the server's `[DONE]`, or with an error.
///
/// Pull-based: nothing is read unless it is polled. Dropping it closes the request, and the model server stops.
///
/// ```no_run
/// # async fn run(client: swan_client::Client, request: swan_client::openai::ChatRequest) -> Result<(), swan_client::Error> {
/// use futures::StreamExt;
///
/// let mut stream = client.chat().stream(&request.with_usage_in_stream()).await?;
/// while let Some(chunk) = stream.next().await {
///     print!("{}", chunk?.text().unwrap_or_default());
/// }
/// println!("\ncost: {:?}", stream.metadata().cost);
/// # Ok(())
/// # }
/// ```
pub struct ChunkStream<C> {
    /// `None` after the end.
    events: Option<EventStream<Watched>>,
    /// The first chunk, which was waited for when the stream was opened.
    first: Option<C>,
    /// Whether the consumer has been given, or will be given, a chunk.
    begun: bool,
    usage: Option<Usage>,
    metadata: Metadata,
    idle_timeout: Duration,
    stream_timeout: Duration,
}

impl<C: Chunk> ChunkStream<C> {
    pub(crate) async fn open(
        opened: Opened,
        idle_timeout: Duration,
        stream_timeout: Duration,
    ) -> Result<Self, Error> {
        let Opened {
            metadata,
            content_type,
            body,
        } = opened;
        // Servers that name no type at all do exist; one that names another has not understood `stream`.
        if !content_type.is_empty() && !content_type.starts_with("text/event-stream") {
            return Err(not_a_stream(body, &content_type, metadata).await);
        }
        let mut this = Self {
            events: Some(EventStream::new(Watched::new(
                body,
                idle_timeout,
                stream_timeout,
            ))),
            first: None,
            begun: false,
            usage: None,
            metadata,
            idle_timeout,
            stream_timeout,
        };
        this.first = this.next().await.transpose()?;
        Ok(this)
    }

    /// What is known about the answer; the cost is there when the usage chunk has come.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The usage, when its chunk has come ([`swan_core::openai::ChatRequest::with_usage_in_stream`]).
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// What an event means: a chunk, the end, or nothing.
    fn read(&mut self, event: &Event) -> Option<Result<Option<C>, Error>> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return Some(Ok(None));
        }
        if event.event == "error" || error_inside(data.as_bytes()).is_some() {
            let mut error =
                ApiError::new(200, ErrorBody::read(data.as_bytes()), self.metadata.clone());
            error.mid_stream = self.begun;
            return Some(Err(Error::Api(Box::new(error))));
        }
        if data.is_empty() {
            return None;
        }
        match serde_json::from_str::<C>(data) {
            Ok(chunk) => {
                self.note(&chunk);
                Some(Ok(Some(chunk)))
            }
            Err(error) => Some(Err(
                self.decode(format!("an event that is no chunk: {error}"))
            )),
        }
    }

    fn note(&mut self, chunk: &C) {
        self.begun = true;
        if let Some(usage) = chunk.usage() {
            self.metadata.cost = usage.amount().or(self.metadata.cost);
            self.usage = Some(usage.clone());
        }
    }

    fn fault(&self, fault: EventStreamError<Fault>) -> Error {
        let request_id = self.metadata.request_id.clone();
        match fault {
            EventStreamError::Transport(Fault::Transport(error)) => {
                Error::from_transport(error, request_id.as_deref())
            }
            EventStreamError::Transport(Fault::Idle) => Error::Timeout {
                awaited: "further piece of the stream",
                after: self.idle_timeout,
                request_id,
            },
            EventStreamError::Transport(Fault::TooLong) => Error::Timeout {
                awaited: "end of the stream",
                after: self.stream_timeout,
                request_id,
            },
            EventStreamError::Transport(Fault::EventTooLarge) => {
                self.decode("an event of the stream is too large".to_owned())
            }
            EventStreamError::Transport(Fault::NotUtf8) | EventStreamError::Utf8(_) => {
                self.decode("the stream is not valid UTF-8".to_owned())
            }
            EventStreamError::Parser(_) => {
                self.decode("the stream is not a stream of events".to_owned())
            }
        }
    }

    fn decode(&self, reason: String) -> Error {
        Error::Decode {
            reason,
            request_id: self.metadata.request_id.clone(),
        }
    }
}

impl<C: Chunk> Stream for ChunkStream<C> {
    type Item = Result<C, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let last = loop {
            let Some(events) = &mut this.events else {
                return Poll::Ready(None);
            };
            match Pin::new(events).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(event))) => match this.read(&event) {
                    Some(Ok(Some(chunk))) => return Poll::Ready(Some(Ok(chunk))),
                    Some(Ok(None)) => {
                        // If the end of the body is here already, reading it lets the connection be used again.
                        let events = this.events.as_mut();
                        let _ = events.map(|events| Pin::new(events).poll_next(cx));
                        break None;
                    }
                    Some(Err(error)) => break Some(Err(error)),
                    None => {}
                },
                Poll::Ready(Some(Err(fault))) => break Some(Err(this.fault(fault))),
                Poll::Ready(None) => {
                    let reason = "the stream ended without [DONE]".to_owned();
                    let request_id = this.metadata.request_id.clone();
                    break Some(Err(Error::Interrupted { reason, request_id }));
                }
            }
        };
        this.events = None;
        Poll::Ready(last)
    }
}

impl<C: Chunk> futures::stream::FusedStream for ChunkStream<C> {
    fn is_terminated(&self) -> bool {
        self.first.is_none() && self.events.is_none()
    }
}

impl<C> fmt::Debug for ChunkStream<C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ChunkStream")
            .field("metadata", &self.metadata)
            .field("ended", &self.events.is_none())
            .finish_non_exhaustive()
    }
}

async fn not_a_stream(
    body: crate::transport::Body,
    content_type: &str,
    metadata: Metadata,
) -> Error {
    let request_id = metadata.request_id.clone();
    match read_whole(body, request_id.as_deref())
        .await
        .map(|bytes| error_inside(&bytes))
    {
        Ok(Some(body)) => Error::Api(Box::new(ApiError::new(200, body, metadata))),
        Ok(None) => Error::Decode {
            reason: format!("expected a stream of events, got {content_type}"),
            request_id,
        },
        Err(error) => error,
    }
}
