//! What waits to be sent: whole frames in order, and bodies that wait for credit.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use super::wire::binary::{self, END_OF_BODY, Kind};
use super::{Frame, INITIAL_CREDIT, MAX_DATA_PAYLOAD, MIN_DATA_COST, StreamId, Transmit};

/// Frames that may wait before the other side counts as not reading.
const MAX_FRAMES: usize = 4096;
/// Credit of one stream beyond which a peer's arithmetic makes no sense.
const MAX_CREDIT: u64 = 1 << 31;

/// Whole frames that wait for the socket. At a hub only requests name their stream, at a provider all parts of answers do.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<(Option<StreamId>, Transmit)>,
    bytes: usize,
    closed: bool,
}

impl Outbox {
    /// Puts a text frame behind the others; `stream` is the one whose end makes it pointless.
    pub(crate) fn text(&mut self, stream: Option<StreamId>, text: Bytes) {
        self.push(stream, Frame::Text(text));
    }

    /// Puts a binary frame behind the others.
    pub(crate) fn binary(&mut self, stream: Option<StreamId>, bytes: Bytes) {
        self.push(stream, Frame::Binary(bytes));
    }

    fn push(&mut self, stream: Option<StreamId>, frame: Frame) {
        if !self.closed {
            self.bytes += frame.len();
            self.queue.push_back((stream, Transmit::Frame(frame)));
        }
    }

    /// Puts a close behind everything; nothing goes behind it.
    pub(crate) fn close(&mut self, code: u16, reason: &str) {
        if !self.closed {
            self.closed = true;
            let reason = super::wire::text::clip(reason, 123).to_owned();
            let close = Transmit::Close { code, reason };
            self.queue.push_back((None, close));
        }
    }

    /// The next transmit, and how many bytes of which stream it was.
    pub(crate) fn pop(&mut self) -> Option<(Option<StreamId>, usize, Transmit)> {
        let (stream, transmit) = self.queue.pop_front()?;
        let size = size(&transmit);
        self.bytes = self.bytes.saturating_sub(size);
        Some((stream, size, transmit))
    }

    /// Drops the frames of one stream that still wait; `true` when there were any.
    pub(crate) fn forget(&mut self, stream: StreamId) -> bool {
        let before = self.queue.len();
        let bytes = &mut self.bytes;
        self.queue.retain(|(owner, transmit)| {
            let keep = *owner != Some(stream);
            if !keep {
                *bytes = bytes.saturating_sub(size(transmit));
            }
            keep
        });
        self.queue.len() < before
    }

    /// Drops everything: the socket is gone.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            closed: true,
            ..Self::default()
        };
    }

    /// Bytes that wait.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether so many frames wait that the other side does not read.
    pub(crate) fn is_stuck(&self) -> bool {
        self.queue.len() > MAX_FRAMES
    }
}

const fn size(transmit: &Transmit) -> usize {
    match transmit {
        Transmit::Frame(frame) => frame.len(),
        Transmit::Close { .. } => 0,
    }
}

/// A v2 body on its way out, and the credit for it.
#[derive(Debug)]
pub(crate) struct Outbound {
    parts: VecDeque<Bytes>,
    len: usize,
    credit: u64,
    /// Whether the stream stands in its session's list of streams that may send.
    pub(crate) scheduled: bool,
}

impl Outbound {
    pub(crate) fn new() -> Self {
        Self {
            parts: VecDeque::new(),
            len: 0,
            credit: u64::from(INITIAL_CREDIT),
            scheduled: false,
        }
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.parts.push_back(bytes);
        }
    }

    /// Adds credit; `false` when it is more than anybody can mean.
    #[must_use]
    pub(crate) fn add_credit(&mut self, bytes: u32) -> bool {
        self.credit += u64::from(bytes);
        self.credit <= MAX_CREDIT
    }

    /// Bytes that wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Whether a data frame can go out now.
    pub(crate) fn can_send(&self) -> bool {
        self.len > 0 && self.room() >= MIN_DATA_COST
    }

    /// Bytes that can be pushed and need not wait.
    pub(crate) fn spare(&self) -> usize {
        self.room().saturating_sub(self.len)
    }

    fn room(&self) -> usize {
        usize::try_from(self.credit).unwrap_or(usize::MAX)
    }

    /// The next data frame: as much as waits, may be sent, and fits. `ends` marks the frame that empties the body.
    pub(crate) fn next_frame(&mut self, kind: Kind, stream: u32, ends: bool) -> Option<Bytes> {
        if !self.can_send() {
            return None;
        }
        let size = self.len.min(MAX_DATA_PAYLOAD).min(self.room());
        let last = ends && size == self.len;
        let flags = if last { END_OF_BODY } else { 0 };
        let mut frame = binary::begin(kind, flags, stream, size);
        let mut wanted = size;
        while wanted > 0
            && let Some(part) = self.parts.front_mut()
        {
            let take = part.len().min(wanted);
            frame.extend_from_slice(part.get(..take).unwrap_or_default());
            part.advance(take);
            wanted -= take;
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        self.len -= size;
        self.credit = self
            .credit
            .saturating_sub(u64::try_from(binary::cost(size)).unwrap_or(u64::MAX));
        Some(frame.into())
    }
}

/// Payloads that were handed on and have not been given back.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    bytes: usize,
    /// What small ones cost beyond their bytes, to be given back along with them.
    surcharge: usize,
}

impl Unread {
    /// What lies there costs, at [`MIN_DATA_COST`] a payload at least: each takes memory of its own, however short it is.
    pub(crate) const fn cost(&self) -> usize {
        self.bytes + self.surcharge
    }

    pub(crate) const fn add(&mut self, payload: usize) {
        self.bytes += payload;
        self.surcharge += binary::cost(payload) - payload;
    }

    /// Gives bytes back; the answer is what they had cost.
    pub(crate) fn give_back(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.bytes);
        if bytes == 0 {
            return 0;
        }
        let surcharge = self.surcharge.saturating_mul(bytes) / self.bytes;
        self.bytes -= bytes;
        self.surcharge -= surcharge;
        bytes + surcharge
    }
}

/// A v2 body on its way in: what the other side may still send.
#[derive(Debug)]
pub(crate) struct Inbound {
    window: usize,
    unread: Unread,
    /// Given back, and not yet told.
    returned: usize,
}

impl Inbound {
    pub(crate) const fn new() -> Self {
        Self {
            window: INITIAL_CREDIT as usize,
            unread: Unread {
                bytes: 0,
                surcharge: 0,
            },
            returned: 0,
        }
    }

    /// Takes a payload from the window; `false` when there was no credit for it.
    #[must_use]
    pub(crate) const fn take(&mut self, payload: usize) -> bool {
        let cost = binary::cost(payload);
        if cost > self.window {
            return false;
        }
        self.window -= cost;
        self.unread.add(payload);
        true
    }

    /// Gives bytes back; the answer is the credit to tell the other side, once that is worth a frame.
    pub(crate) fn give_back(&mut self, bytes: usize) -> Option<u32> {
        self.returned += self.unread.give_back(bytes);
        if self.returned < INITIAL_CREDIT as usize / 2 {
            return None;
        }
        let told = std::mem::take(&mut self.returned);
        self.window += told;
        u32::try_from(told).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, SeededRng};

    #[test]
    fn a_window_neither_gains_nor_loses() {
        let initial = INITIAL_CREDIT as usize;
        for seed in 0..50 {
            let mut rng = SeededRng::new(seed);
            let mut pick = |bound: usize| usize::try_from(rng.below(bound as u64 + 1)).unwrap();
            let mut inbound = Inbound::new();
            for _ in 0..2_000 {
                let largest = if pick(3) == 0 { 60_000 } else { 100 };
                let payload = pick(largest);
                let fits = binary::cost(payload) <= inbound.window;
                assert_eq!(inbound.take(payload), fits);
                if pick(2) == 0 {
                    let _ = inbound.give_back(pick(inbound.unread.bytes));
                }
                let kept = inbound.unread.cost() + inbound.returned;
                assert_eq!(inbound.window + kept, initial);
            }
            let _ = inbound.give_back(inbound.unread.bytes);
            assert_eq!(inbound.unread.bytes, 0);
            assert!(
                inbound.window >= initial / 2,
                "a sender could wait for ever"
            );
        }
    }

    #[test]
    fn what_is_forgotten_does_not_count() {
        let mut outbox = Outbox::default();
        outbox.text(Some(StreamId(1)), Bytes::from_static(b"one"));
        outbox.text(None, Bytes::from_static(b"between"));
        assert!(outbox.forget(StreamId(1)) && !outbox.forget(StreamId(1)));
        assert_eq!(outbox.bytes(), 7);
        outbox.close(1000, "bye");
        outbox.text(None, Bytes::from_static(b"too late"));
        let left: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!((left.len(), outbox.bytes()), (2, 0));
    }
}
