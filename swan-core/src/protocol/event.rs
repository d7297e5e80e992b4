//! What the sessions report to their shells.

use std::fmt;
use std::time::Duration;

use super::heartbeat::{Health, Heartbeat};
use super::notice::{Notice, Upgrade};
use super::registration::Registration;
use super::request::{Attestation, CancelReason, Failure, Piece, Request, StreamEnd};
use super::task::{Benchmark, Verify, Warmup};
use super::{StreamId, close_code};

/// What a hub learns from one provider.
///
/// For each dispatched stream that was not cancelled by the hub itself: at most one `Head`, then `Body` pieces, then exactly one
/// `End` or `Failed`, and nothing afterwards.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum HubEvent {
    /// The provider introduced itself (again). Answer with `accept` or `reject`.
    Register(Box<Registration>),
    /// The provider lives; already acknowledged.
    Heartbeat(Box<Heartbeat>),
    /// Health of some models changed.
    Health(Vec<(String, Health)>),
    /// The answer begins. In v1 a stream's status is 200, since failures are reported otherwise;
    /// in v2 it is the model server's own, so look at it.
    Head {
        /// Which request.
        stream: StreamId,
        /// HTTP status of the model server.
        status: u16,
        /// `Content-Type` of the model server.
        content_type: Option<String>,
        /// How long the model server wants to be left alone, where it refuses and says so (v2); a day at most.
        retry_after: Option<Duration>,
    },
    /// The answer goes on.
    Body {
        /// Which request.
        stream: StreamId,
        /// The next bytes.
        piece: Piece,
    },
    /// The answer is complete.
    End {
        /// Which request.
        stream: StreamId,
        /// The provider's own figures.
        end: StreamEnd,
        /// What it has signed, where it was asked to and something came.
        attestation: Option<Attestation>,
    },
    /// The request failed, before or after the answer began.
    Failed {
        /// Which request.
        stream: StreamId,
        /// How, and who says so.
        failure: Failure,
    },
    /// The provider wants no further requests; those that run go on.
    Draining,
    /// The conversation is over; each open stream was reported as failed before. Nothing follows.
    Lost {
        /// Why.
        reason: LostReason,
    },
    /// The provider sent something it should not have; counted, answered, and closed on when it goes on.
    Fault(Fault),
}

/// What a provider learns from its hub.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum ProviderEvent {
    /// The hub accepted the registration; send the models' health now.
    Registered(Registered),
    /// The hub refused the registration, and will close.
    Rejected {
        /// The hub's words.
        message: String,
    },
    /// Serve this. Answer with `head`, `body`, `finish` (or `finish_signed`), or with `fail`.
    Request(Box<Request>),
    /// Stop work on this request; nothing more may be sent for it.
    Cancelled {
        /// Which request.
        stream: StreamId,
        /// Why.
        reason: CancelReason,
    },
    /// More bytes may be sent for this request: see [`ProviderSession::credit`](super::ProviderSession::credit).
    Credit {
        /// Which request.
        stream: StreamId,
    },
    /// Time to call [`ProviderSession::heartbeat`](super::ProviderSession::heartbeat).
    HeartbeatDue,
    /// A word for the operator.
    Notice(Notice),
    /// Load a model.
    Warmup(Warmup),
    /// Prove something.
    Verify(Verify),
    /// Run some prompts.
    Benchmark(Benchmark),
    /// The hub reports an error that belongs to no request; for the log.
    HubError {
        /// HTTP-like code.
        code: u16,
        /// The hub's words.
        message: String,
    },
    /// The hub is shutting down: finish what runs, then connect again.
    HubDraining,
    /// The conversation is over; each open request was cancelled before. Nothing follows.
    Lost {
        /// Why.
        reason: LostReason,
    },
    /// The hub sent something it should not have; for the log.
    Fault(Fault),
}

/// A hub's acknowledgement of a registration.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Who the hub takes this provider for, where it says so.
    pub provider_id: Option<String>,
    /// What the hub will route, by its canonical names; `None` when it does not say.
    pub registered_models: Option<Vec<String>>,
    /// The hub's words; may be empty.
    pub message: String,
    /// A newer provider program, where there is one.
    pub upgrade: Option<Upgrade>,
}

/// Why a conversation is over.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// The transport ended; its own words.
    Transport(String),
    /// The other side was silent for too long.
    HeartbeatExpired,
    /// No registration in time; at the provider: no acknowledgement of it.
    RegistrationTimedOut,
    /// This hub refused the provider.
    Rejected,
    /// The other side broke the protocol too often, or beyond repair.
    ProtocolViolation(FaultKind),
    /// The other side does not read what it is sent.
    NotReading,
}

impl LostReason {
    /// The WebSocket close code that fits.
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        match self {
            Self::Transport(_) => close_code::NORMAL,
            Self::HeartbeatExpired
            | Self::RegistrationTimedOut
            | Self::Rejected
            | Self::NotReading => close_code::POLICY,
            Self::ProtocolViolation(FaultKind::TooLarge) => close_code::TOO_LARGE,
            Self::ProtocolViolation(_) => close_code::PROTOCOL,
        }
    }
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(words) => write!(f, "connection lost: {words}"),
            Self::HeartbeatExpired => f.write_str("no sign of life for too long"),
            Self::RegistrationTimedOut => f.write_str("not registered in time"),
            Self::Rejected => f.write_str("registration refused"),
            Self::ProtocolViolation(kind) => write!(f, "protocol violation: {kind}"),
            Self::NotReading => f.write_str("the peer does not read what it is sent"),
        }
    }
}

/// Something that the other side should not have sent.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// The stream it struck, where it struck one; that one has failed.
    pub stream: Option<StreamId>,
}

/// Kinds of [`Fault`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Not JSON, or not the shape that its type has.
    Malformed,
    /// A frame of a type or kind that this side does not take.
    UnknownKind,
    /// A frame that has no place at this point.
    OutOfOrder,
    /// A stream that was never opened.
    UnknownStream,
    /// More bytes than there was credit for.
    OverCredit,
    /// Larger than this side takes.
    TooLarge,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed frame",
            Self::UnknownKind => "unknown kind of frame",
            Self::OutOfOrder => "frame out of order",
            Self::UnknownStream => "unknown stream",
            Self::OverCredit => "more bytes than credit",
            Self::TooLarge => "frame too large",
        })
    }
}
