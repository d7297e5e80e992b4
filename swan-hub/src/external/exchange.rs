//! One HTTP exchange with an external endpoint, polled by whoever wants the answer.
//!
//! It has no task of its own: back-pressure is that nobody polls, and a cancel is that it is dropped,
//! which closes the connection and so reaches the model server.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::{Response, header};
use hyper_util::client::legacy::{Error, ResponseFuture};
use swan_core::protocol::{Operation, Piece, StreamEnd};

use super::upstream::Upstream;
use crate::providers::{AttemptError, Batch, Head};

/// How many ready frames are taken at a time: enough to batch, too few to starve anybody.
const FRAMES_PER_POLL: usize = 32;

/// An exchange under way.
pub(crate) struct Exchange {
    state: State,
    upstream: Arc<Upstream>,
    operation: Operation,
}

enum State {
    Waiting(Pin<Box<ResponseFuture>>),
    Reading(Incoming),
    Over,
}

impl Exchange {
    /// The exchange that this future opens.
    pub(super) fn new(
        response: ResponseFuture,
        upstream: Arc<Upstream>,
        operation: Operation,
    ) -> Self {
        Self {
            upstream,
            operation,
            state: State::Waiting(Box::pin(response)),
        }
    }

    /// Moves what has arrived into the empty `into`.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, into: &mut Batch) -> Poll<()> {
        if let State::Waiting(response) = &mut self.state {
            match response.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(response)) => match self.head_of(&response) {
                    Ok(head) => {
                        into.head = Some(head);
                        self.state = State::Reading(response.into_body());
                    }
                    Err(error) => {
                        into.end = Some(Err(error));
                        self.state = State::Over;
                    }
                },
                Poll::Ready(Err(error)) => {
                    into.end = Some(Err(refused(&error)));
                    self.state = State::Over;
                }
            }
        }
        self.read(cx, into);
        if into.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Ends the exchange; its connection is closed unless the answer was complete.
    pub(crate) fn abort(&mut self) {
        self.state = State::Over;
    }

    fn read(&mut self, cx: &mut Context<'_>, into: &mut Batch) {
        let State::Reading(body) = &mut self.state else {
            return;
        };
        for _ in 0..FRAMES_PER_POLL {
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        into.pieces.push_back(Piece::Raw(data));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    into.end = Some(Err(AttemptError::Lost(cause_of(&error))));
                    self.state = State::Over;
                    return;
                }
                Poll::Ready(None) => {
                    into.end = Some(Ok(StreamEnd::default()));
                    self.state = State::Over;
                    return;
                }
            }
        }
        if into.is_empty() {
            // Only frames without data came: the rest must not be forgotten.
            cx.waker().wake_by_ref();
        }
    }

    /// What of an answer's head is passed on: the status, the content type, how long to wait, and no other header.
    fn head_of(&self, response: &Response<Incoming>) -> Result<Head, AttemptError> {
        self.upstream.heard(&self.operation, response.status());
        let headers = response.headers();
        let retry_after = self.upstream.rest(response.status(), headers);
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        if encodings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(AttemptError::Provider {
                status: 502,
                message: "its answer is compressed, which was not asked for".to_owned(),
                body: Bytes::new(),
                retry_after: None,
            });
        }
        Ok(Head {
            status: response.status().as_u16(),
            content_type: headers.get(header::CONTENT_TYPE).cloned(),
            retry_after,
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Waiting(_) => "Exchange(waiting)",
            State::Reading(_) => "Exchange(reading)",
            State::Over => "Exchange(over)",
        })
    }
}

fn refused(error: &Error) -> AttemptError {
    let cause = cause_of(error);
    if error.is_connect() {
        AttemptError::Connect(cause)
    } else {
        AttemptError::Lost(cause)
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
