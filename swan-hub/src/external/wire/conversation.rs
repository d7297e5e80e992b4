//! One request and its answer, polled by whoever wants that.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};

use super::READ_AHEAD;
use super::chunked::Taken;
use super::head::{self, AnswerHead, Beginning, Framing, Parsed};
use super::pool::{Dialling, Pool};
use super::request::Request;
use super::socket::Socket;
use crate::external::exchange::cause_of;
use crate::providers::AttemptError;

/// How many answers may say that another one follows.
const MAX_INTERIM: u32 = 32;

/// An exchange with one server. Dropped before its end, it closes its connection, which is how the server hears of a cancel.
pub(in super::super) struct Conversation {
    pool: Arc<Pool>,
    /// What is asked, until all of it has gone out and is no longer needed.
    request: Option<Request>,
    state: State,
    buffer: BytesMut,
    /// How much is read at once.
    room: usize,
    received: usize,
}

enum State {
    Start,
    Dialling(Dialling),
    Asking(Asking),
    Answering(Answering),
    Over,
}

/// A request on its way, or waiting for the head of its answer.
struct Asking {
    socket: Socket,
    /// Whether another request went over it before.
    is_reused: bool,
    interim: u32,
}

/// An answer whose head is here.
struct Answering {
    socket: Socket,
    framing: Framing,
    keeps: bool,
}

impl Conversation {
    /// Of `request`, of whose answer about `room` bytes are read at once. Nothing is sent before it is polled.
    pub(in super::super) fn new(pool: &Arc<Pool>, request: Request, room: usize) -> Self {
        Self {
            pool: Arc::clone(pool),
            request: Some(request),
            state: State::Start,
            buffer: BytesMut::new(),
            room: room.min(READ_AHEAD),
            received: 0,
        }
    }

    /// How many bytes the answer had so far, its head included.
    pub(in super::super) const fn received(&self) -> usize {
        self.received
    }

    /// Ends it; the connection is closed unless the answer was complete.
    pub(in super::super) fn abort(&mut self) {
        self.state = State::Over;
        self.request = None;
    }

    /// Waits for the head of the answer.
    ///
    /// A connection that was used before may have been closed by its server just when the request went out, which is nobody's
    /// failure: as long as no byte of an answer has come, the request goes again, over a connection that is new.
    ///
    /// # Errors
    /// [`AttemptError::Connect`] when no connection could be made, [`AttemptError::Lost`] when it ended, or what came is no answer.
    pub(in super::super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<AnswerHead, AttemptError>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Start => {
                    self.state = match self.pool.take() {
                        Some(socket) => State::Asking(Asking::over(socket, true)),
                        None => State::Dialling(self.pool.dial()),
                    };
                }
                State::Dialling(mut dialling) => match dialling.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Dialling(dialling);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(socket)) => {
                        self.state = State::Asking(Asking::over(socket, false));
                    }
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(AttemptError::Connect(cause_of(&*error))));
                    }
                },
                State::Asking(mut asking) => match self.poll_asked(&mut asking, cx) {
                    Poll::Pending => {
                        self.state = State::Asking(asking);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(Parsed {
                        head,
                        framing,
                        keeps,
                    })) => {
                        let socket = asking.socket;
                        self.state = State::Answering(Answering {
                            socket,
                            framing,
                            keeps,
                        });
                        self.request.take_if(|request| request.is_sent());
                        return Poll::Ready(Ok(head));
                    }
                    Poll::Ready(Err(error)) => {
                        let is_stale = asking.is_reused && self.received == 0;
                        let Some(request) = self.request.as_mut().filter(|_| is_stale) else {
                            return Poll::Ready(Err(error));
                        };
                        request.rewind();
                        self.state = State::Dialling(self.pool.dial());
                    }
                },
                State::Answering(_) | State::Over => {
                    return Poll::Ready(Err(AttemptError::Lost("it is over".to_owned())));
                }
            }
        }
    }

    fn poll_asked(
        &mut self,
        asking: &mut Asking,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Parsed, AttemptError>> {
        let sent = match &mut self.request {
            Some(request) => request.poll_send(&mut asking.socket, cx),
            None => Poll::Pending,
        };
        loop {
            let known = self.buffer.len();
            match asking.socket.poll_read(cx, &mut self.buffer, self.room) {
                Poll::Pending => {
                    // A server may have answered before it stopped listening; this one has not.
                    return match sent {
                        Poll::Ready(Err(error)) => Poll::Ready(Err(lost(&error))),
                        _ => Poll::Pending,
                    };
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost(&error))),
                Poll::Ready(Ok(0)) => {
                    let why = "connection closed before message completed";
                    return Poll::Ready(Err(AttemptError::Lost(why.to_owned())));
                }
                Poll::Ready(Ok(read)) => self.received = self.received.saturating_add(read),
            }
            if let Some(parsed) = self.parse(asking, known)? {
                return Poll::Ready(Ok(parsed));
            }
        }
    }

    /// The head in what has come, if it is there; `known` bytes of that are not new.
    fn parse(
        &mut self,
        asking: &mut Asking,
        mut known: usize,
    ) -> Result<Option<Parsed>, AttemptError> {
        loop {
            match head::read(&self.buffer, known).map_err(no_answer)? {
                Beginning::Partial => return Ok(None),
                Beginning::Interim(length) => {
                    self.buffer.advance(length);
                    asking.interim += 1;
                    if asking.interim > MAX_INTERIM {
                        return Err(AttemptError::Lost(
                            "it never comes to its answer".to_owned(),
                        ));
                    }
                    if self.buffer.is_empty() {
                        return Ok(None);
                    }
                    known = 0;
                }
                Beginning::Head(length, parsed) => {
                    self.buffer.advance(length);
                    return Ok(Some(*parsed));
                }
            }
        }
    }

    /// Waits for more of the body, after the head; `None` at its end, when the connection is there for others.
    pub(in super::super) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, AttemptError>>> {
        let polled = self.poll_body(cx);
        if let Poll::Ready(Some(Err(_))) = polled {
            self.abort();
        }
        polled
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, AttemptError>>> {
        let State::Answering(answering) = &mut self.state else {
            return Poll::Ready(None);
        };
        if let Some(request) = &mut self.request {
            match request.poll_send(&mut answering.socket, cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.request = None,
                // Who answers may stop listening.
                Poll::Ready(Err(_)) => answering.keeps = false,
            }
        }
        loop {
            match answering.framing.take(&mut self.buffer) {
                Ok(Taken::Data(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(Taken::Starved) => {}
                Ok(Taken::End) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Err(malformed) => return Poll::Ready(Some(Err(no_answer(malformed)))),
            }
            match ready!(answering.socket.poll_read(cx, &mut self.buffer, self.room)) {
                Ok(0) if matches!(answering.framing, Framing::UntilClose) => {
                    self.abort();
                    return Poll::Ready(None);
                }
                Ok(0) => {
                    let why = "end of file before message length reached";
                    return Poll::Ready(Some(Err(AttemptError::Lost(why.to_owned()))));
                }
                Ok(read) => {
                    self.received = self.received.saturating_add(read);
                    // Much at once will be followed by more.
                    if read >= self.room {
                        self.room = (self.room * 2).min(READ_AHEAD);
                    }
                }
                Err(error) => return Poll::Ready(Some(Err(lost(&error)))),
            }
        }
    }

    /// The answer is whole.
    fn finish(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let is_asked = self.request.take().is_none();
        if let State::Answering(answering) = state
            && answering.keeps
            && is_asked
            && self.buffer.is_empty()
        {
            self.pool.put(answering.socket);
        }
    }
}

impl Asking {
    const fn over(socket: Socket, is_reused: bool) -> Self {
        Self {
            socket,
            is_reused,
            interim: 0,
        }
    }
}

fn lost(error: &io::Error) -> AttemptError {
    AttemptError::Lost(cause_of(error))
}

fn no_answer(malformed: super::Malformed) -> AttemptError {
    AttemptError::Lost(malformed.to_string())
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Start | State::Dialling(_) => "Conversation(connecting)",
            State::Asking(_) => "Conversation(waiting)",
            State::Answering(_) => "Conversation(reading)",
            State::Over => "Conversation(over)",
        })
    }
}
