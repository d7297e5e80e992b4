//! Moves a stream to the consumer. After the attempts, since from the first content on there is no other provider; the
//! settlement is part of it, because the end of the stream must not be seen before the charge is durable.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Error;
use bytes::Bytes;
use hyper::body::{Body, Frame};

use super::attempt::{AttemptsFailed, Begun};
use super::settle::{Bill, Settling};
use super::start::{Start, StartError, Step};
use super::tally::frame;
use crate::events::Outcome;
use crate::gateway::Answer;
use crate::providers::{Fault, Reply};
use crate::stages::RequestError;

/// Ready events are put into one write up to this many bytes.
const WRITE_BYTES: usize = 32 << 10;

/// The body of a streamed answer. Dropping it, as happens when the consumer hangs up, cancels the request at the provider
/// and charges what was delivered.
#[derive(Debug)]
pub(crate) struct Relay {
    /// Declared before the bill, so that the provider hears of the cancel before its place is free.
    reply: Option<Reply>,
    start: Start,
    bill: Bill,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Events go out as they come.
    Flowing,
    /// The answer is whole, and its charge is on the way to the disk.
    Closing(Settling),
    /// The answer broke, and the charge for what was delivered is on the way to the disk.
    Breaking(Settling, RequestError),
    /// Nothing follows.
    Over,
}

impl Relay {
    pub(crate) fn new(begun: Begun, bill: Bill) -> Self {
        Self {
            reply: Some(begun.reply),
            start: begun.start,
            bill,
            phase: Phase::Flowing,
        }
    }

    /// Moves events until nothing is ready, there is enough for a write, or the stream has ended.
    fn flow(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while self.start.out.len() < WRITE_BYTES {
            match self.start.step() {
                Ok(Step::Event(_)) => continue,
                Ok(Step::Done) => {
                    self.close();
                    break;
                }
                Ok(Step::Starved) => {}
                Err(StartError(reason)) => {
                    self.break_off(Fault::Provider, reason);
                    break;
                }
            }
            let Some(reply) = &mut self.reply else { break };
            match reply.poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => self.start.push(piece),
                Poll::Ready(Some(Err(error))) => {
                    self.break_off(error.fault(), error.to_string());
                    break;
                }
                Poll::Ready(None) => {
                    match self.start.end() {
                        Ok(()) => self.close(),
                        Err(StartError(reason)) => self.break_off(Fault::Provider, reason),
                    }
                    break;
                }
                // A lone event never waits for company.
                Poll::Pending if self.start.out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(self.deliver())
    }

    /// Hands over what is ready; from here on it counts as delivered.
    fn deliver(&mut self) -> Option<Bytes> {
        self.bill.deliver(&self.start.tally);
        (!self.start.out.is_empty()).then(|| self.start.out.split().freeze())
    }

    fn close(&mut self) {
        self.bill.deliver(&self.start.tally);
        let hints = self.drain_end();
        let settling = self.bill.settle(self.start.tally.usage(), hints);
        self.phase = Phase::Closing(settling);
    }

    /// Takes the end of the session's stream if it is here, so that a finished request is not cancelled.
    fn drain_end(&mut self) -> Option<swan_core::protocol::StreamEnd> {
        let reply = self.reply.as_mut()?;
        while let Some(Ok(_)) = reply.try_next() {}
        reply.end().copied()
    }

    fn break_off(&mut self, fault: Fault, reason: String) {
        // What came before it goes out in the same write as what stands ready.
        self.bill.deliver(&self.start.tally);
        self.bill.attempt_failed(fault);
        self.reply = None;
        let error = RequestError::from(AttemptsFailed::Broken { reason });
        let settling = self.bill.settle_partly(Outcome::Broken);
        self.phase = Phase::Breaking(settling, error);
    }

    /// Writes what the consumer sees last.
    fn last(&mut self, error: Option<&RequestError>) -> Option<Bytes> {
        if let Some(error) = error {
            let answer = Answer::of(error);
            self.bill.answered(&answer);
            frame(&[&answer.body()], &mut self.start.out);
        }
        self.drain_end();
        self.reply = None;
        self.phase = Phase::Over;
        self.deliver()
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        loop {
            let bytes = match &mut this.phase {
                Phase::Flowing => ready!(this.flow(cx)),
                Phase::Closing(settling) => match ready!(settling.poll(cx)) {
                    Ok(receipt) => {
                        this.start.tally.close(&receipt, &mut this.start.out);
                        this.last(None)
                    }
                    Err(error) => this.last(Some(&error)),
                },
                Phase::Breaking(settling, _) => {
                    // Whether or not the part could be recorded, the consumer must learn that the answer broke.
                    let _ = ready!(settling.poll(cx));
                    let Phase::Breaking(_, error) = std::mem::replace(&mut this.phase, Phase::Over)
                    else {
                        return Poll::Ready(None);
                    };
                    this.last(Some(&error))
                }
                Phase::Over => return Poll::Ready(None),
            };
            if let Some(bytes) = bytes {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}
