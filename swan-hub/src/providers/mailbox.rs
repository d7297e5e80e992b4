//! What lies between the task of a connection and the handler that relays one answer.
//!
//! The connection puts whole batches in, the reply takes whole batches out: one short lock and at
//! most one wake-up for each batch, however many chunks are in it, and neither ever waits for the
//! other. The bound is in bytes: credit keeps to it in v2; in v1, which has no credit, whoever would
//! exceed it loses his own stream and nobody else's.

use std::collections::VecDeque;
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use swan_core::protocol::{Attestation, Piece, StreamEnd, StreamId};

use super::attempt::AttemptError;
use super::job::Head;

/// A part of an answer, in order: head, pieces, end.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The head, once.
    pub(crate) head: Option<Head>,
    /// What came of the body.
    pub(crate) pieces: VecDeque<Piece>,
    /// How the answer ended, once; nothing follows it.
    pub(crate) end: Option<Result<StreamEnd, AttemptError>>,
    /// What the provider has signed, with the end.
    pub(crate) attestation: Option<Attestation>,
}

impl Batch {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none() && self.pieces.is_empty() && self.end.is_none()
    }
}

/// From so many waiting pieces on, small ones are copied out of the socket's buffers: a piece of a few bytes would
/// otherwise keep a whole buffer alive for as long as a slow reader lets it wait.
const SLOW_READER: usize = 32;

/// What counts as small beside a buffer.
const SMALL_PIECE: usize = 4 << 10;

/// One answer's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    stream: OnceLock<StreamId>,
    credit: AtomicUsize,
    credit_queued: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    waker: Option<Waker>,
    abandoned: bool,
    over: bool,
}

impl Mailbox {
    /// Names the stream of the session whose answer this is.
    pub(crate) fn bind(&self, stream: StreamId) {
        let _ = self.stream.set(stream);
    }

    /// The stream, once the request has been handed to the session.
    pub(crate) fn stream(&self) -> Option<StreamId> {
        self.stream.get().copied()
    }

    /// Moves `batch` in and wakes the reply; `false` when nobody reads any more. Leaves `batch` empty.
    pub(crate) fn deliver(&self, batch: &mut Batch) -> bool {
        let mut state = self.state.lock();
        if state.abandoned || state.over {
            drop(state);
            *batch = Batch::default();
            return false;
        }
        state.over = batch.end.is_some();
        if state.batch.pieces.len() >= SLOW_READER {
            release_buffers(&mut batch.pieces);
        }
        state.batch.absorb(batch);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Ends the answer with `error` unless it has ended already.
    pub(crate) fn fail(&self, error: AttemptError) {
        let mut batch = Batch {
            end: Some(Err(error)),
            ..Batch::default()
        };
        // A reply that has ended already, or that nobody reads, needs no other end.
        let _ = self.deliver(&mut batch);
    }

    /// Moves all that waits into the empty `into`, or remembers whom to wake.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, into: &mut Batch) -> Poll<()> {
        let mut state = self.state.lock();
        if state.batch.is_empty() {
            match &mut state.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        mem::swap(&mut state.batch, into);
        Poll::Ready(())
    }

    /// Moves all that waits into the empty `into`; `false` when there is nothing.
    pub(crate) fn try_take(&self, into: &mut Batch) -> bool {
        let mut state = self.state.lock();
        if state.batch.is_empty() {
            return false;
        }
        mem::swap(&mut state.batch, into);
        true
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.state.lock().abandoned
    }

    /// The reader is gone: what still comes is thrown away.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.abandoned = true;
        let gone = (mem::take(&mut state.batch), state.waker.take());
        // A waker may be all that keeps another task alive, whose end must not meet this lock.
        drop(state);
        drop(gone);
    }

    /// Counts bytes that the consumer has taken; `true` when the connection must now be told,
    /// which is never more than once before it has fetched the sum.
    pub(crate) fn add_credit(&self, bytes: usize) -> bool {
        self.credit.fetch_add(bytes, Ordering::AcqRel);
        !self.credit_queued.swap(true, Ordering::AcqRel)
    }

    /// The credit counted since the last call.
    pub(crate) fn take_credit(&self) -> usize {
        self.credit_queued.store(false, Ordering::Release);
        self.credit.swap(0, Ordering::AcqRel)
    }
}

impl Batch {
    fn absorb(&mut self, other: &mut Self) {
        if other.head.is_some() {
            self.head = other.head.take();
        }
        if self.pieces.is_empty() {
            mem::swap(&mut self.pieces, &mut other.pieces);
        } else {
            self.pieces.append(&mut other.pieces);
        }
        if other.end.is_some() {
            self.end = other.end.take();
            self.attestation = other.attestation.take();
        }
    }
}

fn release_buffers(pieces: &mut VecDeque<Piece>) {
    for piece in pieces {
        if piece.len() < SMALL_PIECE {
            let copied = Bytes::copy_from_slice(piece.bytes());
            *piece = match piece {
                Piece::Raw(_) => Piece::Raw(copied),
                Piece::Event(_) => Piece::Event(copied),
            };
        }
    }
}
