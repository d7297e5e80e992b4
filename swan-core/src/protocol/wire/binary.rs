//! The binary frames of v2: eight bytes of header, then the payload up to the end of the message.
//!
//! ```text
//!  0      1      2      3      4      5      6      7      8
//! +------+------+------+------+------+------+------+------+---- - -
//! | kind | flags| reserved, 0 |     stream id, big endian | payload
//! +------+------+------+------+------+------+------+------+---- - -
//! ```

use std::time::Duration;

use bytes::{Buf, Bytes};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{MAX_DATA_PAYLOAD, MIN_DATA_COST};
use super::lenient::{is_zero, unsigned};

/// Bytes of the header.
pub(crate) const HEADER: usize = 8;
/// Largest binary message.
pub(crate) const MAX_BINARY: usize = HEADER + MAX_DATA_PAYLOAD;
/// Flag on `Request` and `RequestData`: the body ends with this frame.
pub(crate) const END_OF_BODY: u8 = 0x01;

/// Kinds of binary frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Hub to provider: a request begins; JSON.
    Request = 0x01,
    /// Hub to provider: bytes of its body.
    RequestData = 0x02,
    /// Provider to hub: the answer begins; JSON.
    Response = 0x03,
    /// Provider to hub: bytes of its body.
    ResponseData = 0x04,
    /// Provider to hub: the answer is complete; JSON.
    End = 0x05,
    /// Provider to hub: the request failed; JSON.
    Fail = 0x06,
    /// Hub to provider: the request is no longer wanted; JSON.
    Cancel = 0x07,
    /// Either way: more bytes may be sent; 32 bits, big endian.
    Credit = 0x08,
}

impl Kind {
    const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::Request,
            0x02 => Self::RequestData,
            0x03 => Self::Response,
            0x04 => Self::ResponseData,
            0x05 => Self::End,
            0x06 => Self::Fail,
            0x07 => Self::Cancel,
            0x08 => Self::Credit,
            _ => return None,
        })
    }
}

/// A decoded binary frame; the payload is a slice of the message.
#[derive(Debug)]
pub(crate) struct BinaryFrame {
    /// `None` for a kind that this version does not know, which is to be ignored.
    pub(crate) kind: Option<Kind>,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Bytes,
}

impl BinaryFrame {
    /// The frame in a binary message, or `None` when it is shorter than a header.
    pub(crate) fn decode(mut message: Bytes) -> Option<Self> {
        if message.len() < HEADER {
            return None;
        }
        let kind = Kind::from_byte(message.get_u8());
        let flags = message.get_u8();
        let _reserved = message.get_u16();
        let stream = message.get_u32();
        Some(Self {
            kind,
            flags,
            stream,
            payload: message,
        })
    }

    /// The number in a `Credit` frame.
    pub(crate) fn credit(&self) -> Option<u32> {
        let mut payload = self.payload.clone();
        (payload.len() == 4).then(|| payload.get_u32())
    }

    /// The JSON in the payload; an empty payload is `{}`.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        let payload: &[u8] = if self.payload.is_empty() {
            b"{}"
        } else {
            &self.payload
        };
        super::envelope::object(payload)
    }
}

/// The header of a frame, with room for a payload behind it.
pub(crate) fn begin(kind: Kind, flags: u8, stream: u32, room: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + room);
    frame.extend_from_slice(&[kind as u8, flags, 0, 0]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame
}

/// A frame with this payload.
pub(crate) fn encode(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Bytes {
    let mut frame = begin(kind, flags, stream, payload.len());
    frame.extend_from_slice(payload);
    frame.into()
}

/// What a data frame with this payload costs.
pub(crate) const fn cost(payload: usize) -> usize {
    if payload < MIN_DATA_COST {
        MIN_DATA_COST
    } else {
        payload
    }
}

/// Payload of `Request`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestHead {
    pub(crate) request_id: String,
    pub(crate) model: String,
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    pub(crate) content_type: String,
    #[serde(default)]
    pub(crate) body_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deadline_ms: Option<u64>,
    /// Read by [`super::sign::terms`], so that nonsense in it costs no request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sign: Option<Box<RawValue>>,
}

/// Payload of `Response`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(
        default,
        deserialize_with = "unsigned",
        skip_serializing_if = "is_zero"
    )]
    pub(crate) retry_after_ms: u64,
}

/// Payload of `End`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct EndHint<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_input: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_output: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latency_ms: Option<u64>,
    /// Read by [`super::sign::attestation`].
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<&'a RawValue>,
}

/// Payload of `Fail`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FailNote {
    #[serde(default)]
    pub(crate) status: u64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(
        default,
        deserialize_with = "unsigned",
        skip_serializing_if = "is_zero"
    )]
    pub(crate) retry_after_ms: u64,
}

/// The longest time that is sent or believed; nobody means more than a day.
const LATEST_MS: u64 = 86_400_000;

/// How long a refusal asks to be left alone; a 0 asks for nothing.
pub(crate) fn retry_after(ms: u64) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms.min(LATEST_MS)))
}

/// The same on the wire.
pub(crate) fn retry_after_ms(after: Option<Duration>) -> u64 {
    let ms = after.map_or(0, |after| {
        u64::try_from(after.as_millis()).unwrap_or(LATEST_MS)
    });
    ms.min(LATEST_MS)
}

/// Payload of `Cancel`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelNote {
    #[serde(default)]
    pub(crate) reason: String,
}
