//! The open streams of one connection, and what has arrived for them since they were last served.

use std::sync::Arc;

use swan_core::protocol::{Attestation, Piece, StreamEnd, StreamId};

use super::attempt::AttemptError;
use super::job::Head;
use super::mailbox::{Batch, Mailbox};
use crate::quick_map::QuickMap;

/// Gathers events by stream, so that each reader is woken once for all that one wake-up of the socket has brought.
#[derive(Debug, Default)]
pub(super) struct Outlets {
    open: QuickMap<StreamId, Outlet>,
    touched: Vec<StreamId>,
}

#[derive(Debug)]
struct Outlet {
    mailbox: Arc<Mailbox>,
    batch: Batch,
    touched: bool,
}

impl Outlets {
    /// Opens the stream whose answer goes into `mailbox`.
    pub(super) fn open(&mut self, stream: StreamId, mailbox: Arc<Mailbox>) {
        self.open.insert(
            stream,
            Outlet {
                mailbox,
                batch: Batch::default(),
                touched: false,
            },
        );
    }

    /// Forgets a stream; `false` when it had ended already.
    pub(super) fn close(&mut self, stream: StreamId) -> bool {
        self.open.remove(&stream).is_some()
    }

    /// The head of an answer has come.
    pub(super) fn head(&mut self, stream: StreamId, head: Head) {
        self.touch(stream, |batch| batch.head = Some(head));
    }

    /// A piece of an answer has come.
    pub(super) fn piece(&mut self, stream: StreamId, piece: Piece) {
        self.touch(stream, |batch| batch.pieces.push_back(piece));
    }

    /// An answer has ended.
    pub(super) fn end(&mut self, stream: StreamId, end: Result<StreamEnd, AttemptError>) {
        self.touch(stream, |batch| batch.end = Some(end));
    }

    /// What its provider has signed has come with the end of an answer.
    pub(super) fn attestation(&mut self, stream: StreamId, attestation: Option<Attestation>) {
        if attestation.is_some() {
            self.touch(stream, |batch| batch.attestation = attestation);
        }
    }

    /// Hands everything over.
    pub(super) fn deliver(&mut self) {
        for stream in self.touched.drain(..) {
            let Some(outlet) = self.open.get_mut(&stream) else {
                continue;
            };
            let ended = outlet.batch.end.is_some();
            outlet.touched = false;
            // A reader who has gone has sent a cancel, which is on its way here.
            let _ = outlet.mailbox.deliver(&mut outlet.batch);
            if ended {
                self.open.remove(&stream);
            }
        }
    }

    /// Ends every answer that is still open.
    pub(super) fn fail_all(&mut self, reason: &str) {
        self.deliver();
        for (_, outlet) in self.open.drain() {
            outlet.mailbox.fail(AttemptError::Lost(reason.to_owned()));
        }
    }

    fn touch(&mut self, stream: StreamId, change: impl FnOnce(&mut Batch)) {
        // The session reports nothing for streams that were cancelled; what was cancelled here a moment ago has no reader.
        let Some(outlet) = self.open.get_mut(&stream) else {
            return;
        };
        change(&mut outlet.batch);
        if !outlet.touched {
            outlet.touched = true;
            self.touched.push(stream);
        }
    }
}
