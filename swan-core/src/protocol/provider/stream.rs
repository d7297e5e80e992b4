//! One request under way, as its provider sees it.

use bytes::{Bytes, BytesMut};

use super::super::Operation;
use super::super::outbox::{Inbound, Outbound};
use super::super::wire::binary::RequestHead;
use crate::Timestamp;
use crate::sse::EventSplitter;

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) received: Timestamp,
    pub(super) wire: Wire,
}

/// What differs between the dialects.
#[derive(Debug)]
pub(super) enum Wire {
    V1(V1),
    V2(V2),
}

#[derive(Debug)]
pub(super) struct V1 {
    pub(super) request_id: Box<str>,
    pub(super) streaming: bool,
    /// Bytes of its chunks that wait for the socket.
    pub(super) queued: usize,
    pub(super) answer: Answer,
}

/// What has come of a v1 answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing.
    Awaited,
    /// Server-sent events, which are passed on one by one.
    Events(Box<Events>),
    /// Something that has to be whole before it can be sent.
    Gathered { status: u16, body: BytesMut },
}

#[derive(Debug)]
pub(super) struct Events {
    pub(super) splitter: EventSplitter,
    /// What each chunk begins with.
    pub(super) prefix: Vec<u8>,
    /// Whether a chunk was sent.
    pub(super) any: bool,
    /// Whether the end marker was passed on.
    pub(super) done: bool,
}

#[derive(Debug)]
pub(super) struct V2 {
    pub(super) number: u32,
    /// The request's body while it is incomplete.
    pub(super) intake: Option<Box<Intake>>,
    pub(super) outbound: Outbound,
    pub(super) began: bool,
    /// The frame that follows the last byte of the answer.
    pub(super) end: Option<Bytes>,
}

#[derive(Debug)]
pub(super) struct Intake {
    pub(super) head: RequestHead,
    pub(super) operation: Operation,
    pub(super) body: BytesMut,
    pub(super) inbound: Inbound,
}

impl Stream {
    pub(super) const fn v1(&mut self) -> Option<&mut V1> {
        match &mut self.wire {
            Wire::V1(v1) => Some(v1),
            Wire::V2(_) => None,
        }
    }

    pub(super) const fn v2(&mut self) -> Option<&mut V2> {
        match &mut self.wire {
            Wire::V2(v2) => Some(v2),
            Wire::V1(_) => None,
        }
    }

    /// Whether the request was handed on; before that nobody knows of it.
    pub(super) const fn is_known(&self) -> bool {
        !matches!(
            &self.wire,
            Wire::V2(V2 {
                intake: Some(_),
                ..
            })
        )
    }

    /// Whether everything was taken that there will be, so that only sending is left.
    pub(super) const fn is_finished(&self) -> bool {
        matches!(&self.wire, Wire::V2(V2 { end: Some(_), .. }))
    }
}
