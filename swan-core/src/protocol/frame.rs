//! What goes over the WebSocket, and which of the two dialects is spoken on it.

use bytes::Bytes;

/// The WebSocket sub-protocol under which both sides speak [`Dialect::V2`].
pub const SUBPROTOCOL_V2: &str = "swan.v2";

/// Close codes that a session asks for (RFC 6455, section 7.4.1).
pub mod close_code {
    /// The conversation is over and nothing went wrong.
    pub const NORMAL: u16 = 1000;
    /// This side is going away, for example because the hub is being restarted.
    pub const GOING_AWAY: u16 = 1001;
    /// The other side broke the protocol beyond repair.
    pub const PROTOCOL: u16 = 1002;
    /// The other side was refused, was silent for too long, or does not read what it is sent.
    pub const POLICY: u16 = 1008;
    /// A frame was larger than this side accepts.
    pub const TOO_LARGE: u16 = 1009;
}

/// Which form of the conversation a connection speaks; decided once, at the WebSocket upgrade.
#[expect(
    clippy::exhaustive_enums,
    reason = "a third dialect has to be handled everywhere"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The JSON dialect of the public Swan agent (public-swan.md, chapter 1); no sub-protocol.
    V1,
    /// The same control messages, with requests and responses in binary frames; [`SUBPROTOCOL_V2`].
    V2,
}

impl Dialect {
    /// The name used in logs and status pages: `v1` or `v2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }

    /// The dialect of a connection whose upgrade chose this sub-protocol (`None` when it chose none).
    #[must_use]
    pub fn from_subprotocol(chosen: Option<&str>) -> Self {
        match chosen {
            Some(SUBPROTOCOL_V2) => Self::V2,
            _ => Self::V1,
        }
    }
}

/// One WebSocket message. Pings and pongs are answered by the WebSocket library and never get here.
#[expect(
    clippy::exhaustive_enums,
    reason = "WebSocket has these two kinds of message"
)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Frame {
    /// A text message; UTF-8 as the WebSocket library guarantees, its content hostile.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
}

impl Frame {
    /// Size of the message in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether the message is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for Frame {
    /// Prints kind and size only: a `register` frame carries a secret, a request somebody's prompt.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(bytes) => write!(f, "Text({} bytes)", bytes.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// What a session wants done to its socket, in order.
#[expect(
    clippy::exhaustive_enums,
    reason = "a shell must be able to carry out all of them"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Send this message.
    Frame(Frame),
    /// Close the WebSocket; nothing follows.
    Close {
        /// One of [`close_code`].
        code: u16,
        /// At most 123 bytes, for the other side's log.
        reason: String,
    },
}

/// A session's handle of one request; unique on its connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(crate) u64);

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
