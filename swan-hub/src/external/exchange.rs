//! One HTTP exchange with an external endpoint, polled by whoever wants the answer.
//!
//! It has no task of its own: back-pressure is that nobody polls, and a cancel is that it is dropped,
//! which closes the connection and so reaches the model server.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use swan_core::protocol::{Operation, Piece, StreamEnd};

use super::upstream::Upstream;
use super::wire::{AnswerHead, Conversation};
use crate::providers::{AttemptError, Batch, Head};

/// How many ready pieces are taken at a time: enough to batch, too few to starve anybody.
const PIECES_PER_POLL: usize = 32;

/// An exchange under way.
pub(crate) struct Exchange {
    state: State,
    conversation: Conversation,
    upstream: Arc<Upstream>,
    operation: Operation,
    is_stream: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Reading,
    Over,
}

impl Exchange {
    /// The exchange that is made of this conversation.
    pub(super) const fn new(
        conversation: Conversation,
        upstream: Arc<Upstream>,
        operation: Operation,
        is_stream: bool,
    ) -> Self {
        Self {
            state: State::Waiting,
            conversation,
            upstream,
            operation,
            is_stream,
        }
    }

    /// Moves what has arrived into the empty `into`.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, into: &mut Batch) -> Poll<()> {
        if self.state == State::Waiting {
            let Poll::Ready(answered) = self.conversation.poll_head(cx) else {
                return Poll::Pending;
            };
            match answered.and_then(|head| self.head_of(head)) {
                Ok(head) => {
                    into.head = Some(head);
                    self.state = State::Reading;
                }
                Err(error) => self.end(Err(error), into),
            }
        }
        if self.state == State::Reading {
            self.read(cx, into);
        }
        if into.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Ends the exchange; its connection is closed unless the answer was complete.
    pub(crate) fn abort(&mut self) {
        self.state = State::Over;
        self.conversation.abort();
    }

    fn read(&mut self, cx: &mut Context<'_>, into: &mut Batch) {
        for _ in 0..PIECES_PER_POLL {
            match self.conversation.poll_piece(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(data))) => into.pieces.push_back(Piece::Raw(data)),
                Poll::Ready(Some(Err(error))) => return self.end(Err(error), into),
                Poll::Ready(None) => {
                    if !self.is_stream {
                        self.upstream.answered(self.conversation.received());
                    }
                    return self.end(Ok(StreamEnd::default()), into);
                }
            }
        }
    }

    fn end(&mut self, end: Result<StreamEnd, AttemptError>, into: &mut Batch) {
        into.end = Some(end);
        self.abort();
    }

    /// What of an answer's head is passed on: the status, the content type, how long to wait, and no other header.
    fn head_of(&self, answer: AnswerHead) -> Result<Head, AttemptError> {
        let AnswerHead {
            status,
            content_type,
            headers,
        } = answer;
        self.upstream.heard(&self.operation, status);
        let retry_after = self.upstream.rest(status, &headers);
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        if encodings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(AttemptError::Provider {
                status: 502,
                message: "its answer is compressed, which was not asked for".to_owned(),
                body: Bytes::new(),
                retry_after: None,
            });
        }
        Ok(Head {
            status: status.as_u16(),
            content_type,
            retry_after,
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.conversation).finish()
    }
}

/// The innermost cause, which is the one that says something; never holds a header.
pub(super) fn cause_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
