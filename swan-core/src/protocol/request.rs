//! One request on a session: how it is sent, what comes back, how it ends.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::Modality;
use crate::receipt::{SignTerms, SignedStatement};

/// What a request asks of a model: the path below `/v1/` of the OpenAI API.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `chat/completions`.
    ChatCompletions,
    /// `completions`.
    Completions,
    /// `embeddings`.
    Embeddings,
    /// `images/generations`.
    ImagesGenerations,
    /// `audio/transcriptions`.
    AudioTranscriptions,
    /// Any other path of lower-case words (`a-z`, `0-9`, `-`, `_`) parted by `/`, 64 bytes at most; [`Dialect::V2`](super::Dialect::V2) only.
    Other(Box<str>),
}

impl Operation {
    /// The path below `/v1/`, without a leading slash; also the word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::ImagesGenerations => "images/generations",
            Self::AudioTranscriptions => "audio/transcriptions",
            Self::Other(path) => path,
        }
    }

    /// The operation of this name, or `None` when it could not be a plain path below `/v1/`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "chat/completions" => Self::ChatCompletions,
            "completions" => Self::Completions,
            "embeddings" => Self::Embeddings,
            "images/generations" => Self::ImagesGenerations,
            "audio/transcriptions" => Self::AudioTranscriptions,
            other => {
                let word = |word: &str| {
                    !word.is_empty()
                        && word
                            .bytes()
                            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
                };
                if other.len() > 64 || !other.split('/').all(word) {
                    return None;
                }
                Self::Other(other.into())
            }
        })
    }
}

impl Operation {
    /// What models of this kind are asked for; the first is the usual one.
    #[must_use]
    pub const fn of(modality: Modality) -> &'static [Self] {
        match modality {
            Modality::Chat => &[Self::ChatCompletions, Self::Completions],
            Modality::Embedding => &[Self::Embeddings],
            Modality::Image => &[Self::ImagesGenerations],
            Modality::Audio => &[Self::AudioTranscriptions],
        }
    }

    /// What a model must do to be asked this; `None` for operations that this family does not know.
    #[must_use]
    pub const fn modality(&self) -> Option<Modality> {
        match self {
            Self::ChatCompletions | Self::Completions => Some(Modality::Chat),
            Self::Embeddings => Some(Modality::Embedding),
            Self::ImagesGenerations => Some(Modality::Image),
            Self::AudioTranscriptions => Some(Modality::Audio),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that a hub hands to one provider.
#[expect(clippy::exhaustive_structs, reason = "hubs build it with a literal")]
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Unique per attempt on this connection, 1 to 128 bytes of printable ASCII.
    pub request_id: String,
    /// The provider's own name of the model.
    pub model: String,
    /// What is asked.
    pub operation: Operation,
    /// Whether the answer shall come as server-sent events.
    pub stream: bool,
    /// Of the body, for example `application/json`; v1 carries nothing else.
    pub content_type: String,
    /// The body in segments whose concatenation is the body; v1 wants one JSON object.
    pub body: Vec<Bytes>,
    /// Milliseconds from now after which the session gives the request up; at least 1.
    pub deadline_ms: u64,
    /// What the provider is asked to sign at the end, where it is; only v2 carries it.
    pub sign: Option<Box<SignTerms>>,
}

/// A request as a provider gets it, complete.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Request {
    /// The handle for everything that is answered.
    pub stream: super::StreamId,
    /// The hub's id, for logs.
    pub request_id: String,
    /// This provider's own name of the model.
    pub model: String,
    /// What is asked; v1 hubs that do not say mean chat.
    pub operation: Operation,
    /// Whether the hub wants server-sent events.
    pub streaming: bool,
    /// Of the body.
    pub content_type: String,
    /// The whole body.
    pub body: Bytes,
    /// Milliseconds that the hub will wait, where it said so (v2).
    pub deadline_ms: Option<u64>,
    /// What to sign beside the own figures, where the hub asks for a statement about the request (v2).
    pub sign: Option<Box<SignTerms>>,
}

/// A piece of an answer, in order, nothing missing and nothing twice.
#[expect(
    clippy::exhaustive_enums,
    reason = "a relay must handle both forms of a body"
)]
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the HTTP body as they came: v2, and v1 replies that are not streamed.
    Raw(Bytes),
    /// The data of one server-sent event, valid JSON: v1 stream chunks. The hub writes the event around it, and `[DONE]` at the end.
    Event(Bytes),
}

impl Piece {
    /// The bytes, whichever form they have.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        match self {
            Self::Raw(bytes) | Self::Event(bytes) => bytes,
        }
    }

    /// How many bytes; what to give back through [`HubSession::credit`](super::HubSession::credit).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(bytes) => write!(f, "Raw({} bytes)", bytes.len()),
            Self::Event(bytes) => write!(f, "Event({} bytes)", bytes.len()),
        }
    }
}

/// How an answer ended that was not a failure. The figures are the provider's word and need bounding.
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..StreamEnd::default()`"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamEnd {
    /// Prompt tokens, where told.
    pub tokens_input: Option<u64>,
    /// Completion tokens, where told.
    pub tokens_output: Option<u64>,
    /// Time that the provider needed; a provider session fills it in when `None`.
    pub latency_ms: Option<u64>,
}

/// What came with the end of an answer for which a signature was asked.
#[expect(
    clippy::exhaustive_enums,
    reason = "a hub has to say of each what it makes of it"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// A statement in form; whether its signature fits, and what it is about, is not looked at here.
    Signed(Box<SignedStatement>),
    /// Something too long, or in no such form.
    Malformed,
}

/// How a request failed.
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it with a literal"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status that fits: the model server's own where there was one; 100 to 599.
    pub status: u16,
    /// For people; at most 4 KiB on the wire.
    pub message: String,
    /// Who says so.
    pub origin: FailureOrigin,
    /// The model server's own error body, where it came along.
    pub body: Option<Bytes>,
    /// How long the provider wants to be left alone, where it says so; v2 carries it, up to a day.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that a provider reports about its own work.
    #[must_use]
    pub fn provider(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            origin: FailureOrigin::Provider,
            body: None,
            retry_after: None,
        }
    }

    /// The same, saying how long the provider wants to be left alone.
    #[must_use]
    pub const fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    pub(crate) fn new(origin: FailureOrigin, status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            origin,
            body: None,
            retry_after: None,
        }
    }
}

/// Who says that a request failed.
#[expect(
    clippy::exhaustive_enums,
    reason = "blame decides money and standing: handle each"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureOrigin {
    /// The provider reported it.
    Provider,
    /// The provider broke the protocol on this stream.
    Protocol,
    /// The connection ended with the request unanswered.
    Lost,
    /// This hub gave up: the deadline passed.
    Deadline,
    /// This hub gave up: the answer came faster than it was taken, and the peer has no flow control (v1).
    Overflow,
}

/// Why a request is no longer wanted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// `consumer_disconnected`: nobody is listening any more.
    ConsumerDisconnected,
    /// `attempt_timeout`: it took too long.
    AttemptTimeout,
    /// `hub_draining`: the hub is shutting down.
    HubDraining,
    /// `protocol_violation`: the provider's answer broke the protocol.
    ProtocolViolation,
    /// `connection_lost`: never on the wire; what a provider is told about requests of a dead connection.
    ConnectionLost,
    /// Any other word, at most 64 bytes.
    Other(Box<str>),
}

impl CancelReason {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ConsumerDisconnected => "consumer_disconnected",
            Self::AttemptTimeout => "attempt_timeout",
            Self::HubDraining => "hub_draining",
            Self::ProtocolViolation => "protocol_violation",
            Self::ConnectionLost => "connection_lost",
            Self::Other(word) => word,
        }
    }

    pub(crate) fn from_wire(word: &str) -> Self {
        match word {
            "consumer_disconnected" => Self::ConsumerDisconnected,
            "attempt_timeout" => Self::AttemptTimeout,
            "hub_draining" => Self::HubDraining,
            "protocol_violation" => Self::ProtocolViolation,
            other => Self::Other(super::wire::text::clip(other, 64).into()),
        }
    }
}
