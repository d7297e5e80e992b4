//! One request under way, as its hub sees it.

use crate::Timestamp;

use super::super::StreamId;
use super::super::outbox::{Inbound, Outbound, Unread};

#[derive(Debug)]
pub(super) struct Stream {
    /// When the next thing about it is due: its deadline, or the end of its grace.
    pub(super) due: Timestamp,
    /// Whether its head was reported.
    pub(super) began: bool,
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
    /// What was reported and not given back.
    pub(super) unread: Unread,
    /// Set once the provider has said how it ends; only the figures are still to come.
    pub(super) ending: Option<Ending>,
}

/// How a v1 stream will end, whether or not its `stream_end` comes.
#[derive(Debug)]
pub(super) enum Ending {
    Done,
    Failed(String),
}

#[derive(Debug)]
pub(super) struct V2 {
    pub(super) number: u32,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
    /// Whether the provider was asked to sign.
    pub(super) signs: bool,
}

impl Stream {
    pub(super) const fn timer(&self, id: StreamId) -> (Timestamp, StreamId) {
        (self.due, id)
    }

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
}
