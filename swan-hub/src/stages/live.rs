//! A stream that somebody has begun: from here on there is no other provider. The settlement is part of it, because the end
//! of the stream must not be seen before the charge is durable.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use swan_core::health::Ending;
use tokio::time::{Sleep, sleep};

use super::RequestError;
use super::ask::Begun;
use super::receipt::{Receipt, Settling};
use super::settle::Bill;
use super::slices::{Mark, Stop};
use super::start::{Start, StartError, Step};
use super::tally::frame;
use super::unanswered::AttemptsFailed;
use crate::events::Outcome;
use crate::gateway::Answer;
use crate::providers::Reply;

/// Ready events are put into one write up to this many bytes.
const WRITE_BYTES: usize = 32 << 10;

/// How many events are taken before others have their turn: of those that the consumer does not get to see, no write is ever full.
const TURN_EVENTS: u32 = 1_024;

/// How long the end of a stream waits for what its provider signs; nobody else waits for anything.
const ATTESTED_WITHIN: Duration = Duration::from_secs(2);

/// How much of what still comes after the end is waited for before the request is cancelled.
const AFTER_THE_END: usize = 64;

/// What flows.
#[derive(Debug)]
pub(super) struct Live {
    /// Declared before the bill, so that the provider hears of the cancel before its place is free.
    reply: Option<Reply>,
    start: Start,
    bill: Box<Bill>,
    phase: Phase,
    /// Whether what it began with has been looked at.
    is_fresh: bool,
    /// Hashes what goes out, where the consumer wants that.
    proof: Option<Box<Sha256>>,
}

#[derive(Debug)]
enum Phase {
    /// Events go out as they come.
    Flowing,
    /// The answer is whole, and its charge is on the way to the disk.
    Closing(Settling),
    /// That is there, and what the provider signs is waited for.
    Attesting(Receipt, Pin<Box<Sleep>>),
    /// The answer broke, and the charge for what was delivered is on the way to the disk.
    Breaking(Settling, RequestError),
    /// Nothing follows.
    Over,
}

impl Live {
    pub(super) fn new(begun: Begun, bill: Box<Bill>) -> Self {
        Self {
            reply: Some(begun.reply),
            start: begun.start,
            proof: bill.proof(),
            bill,
            phase: Phase::Flowing,
            is_fresh: true,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// What goes to the consumer next; `None` after the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let polled = match &mut self.phase {
                Phase::Flowing => self.flow(cx),
                Phase::Closing(settling) => match ready!(settling.poll(cx)) {
                    Ok(receipt) if self.reply.as_ref().is_some_and(Reply::awaits_signature) => {
                        let until = Box::pin(sleep(ATTESTED_WITHIN));
                        self.phase = Phase::Attesting(receipt, until);
                        continue;
                    }
                    Ok(receipt) => Poll::Ready(self.close_with(&receipt)),
                    Err(error) => Poll::Ready(self.last(Some(&error))),
                },
                Phase::Attesting(receipt, until) => {
                    let (receipt, is_late) = (*receipt, until.as_mut().poll(cx).is_ready());
                    if !is_late && self.is_awaited(cx) {
                        return Poll::Pending;
                    }
                    Poll::Ready(self.close_with(&receipt))
                }
                // Whether or not the part could be recorded, the consumer must learn that the answer broke.
                Phase::Breaking(settling, _) => settling.poll(cx).map(|_| self.say_why()),
                Phase::Over => return Poll::Ready(None),
            };
            if let Poll::Ready(None) = polled {
                continue;
            }
            return polled;
        }
    }

    /// Says what was charged, and that this was all.
    fn close_with(&mut self, receipt: &Receipt) -> Option<Bytes> {
        self.start.tally.close(receipt, &mut self.start.out);
        self.last(None)
    }

    /// Whether what the provider signs may still come.
    fn is_awaited(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(reply) = &mut self.reply else {
            return false;
        };
        for _ in 0..AFTER_THE_END {
            if !reply.awaits_signature() {
                return false;
            }
            match reply.poll_next(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return false,
                Poll::Pending => return true,
            }
        }
        false
    }

    fn say_why(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Breaking(_, error) => self.last(Some(&error)),
            _ => None,
        }
    }

    /// Moves events until nothing is ready, there is enough for a write, or the stream has ended.
    fn flow(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.is_fresh)
            && let Err(stop) = self.bill.goes_on(&self.start.tally)
        {
            self.stop(stop, &Mark::nothing());
            return Poll::Ready(self.deliver());
        }
        let mut events = 0;
        while self.start.out.len() < WRITE_BYTES {
            if events == TURN_EVENTS {
                if self.start.out.is_empty() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                break;
            }
            events += 1;
            let mark = self.start.mark();
            match self.start.step() {
                Ok(Step::Event(_)) => match self.bill.goes_on(&self.start.tally) {
                    Ok(()) => continue,
                    Err(stop) => {
                        self.stop(stop, &mark);
                        break;
                    }
                },
                Ok(Step::Done) => {
                    self.close();
                    break;
                }
                Ok(Step::Starved) => {}
                Err(StartError(reason)) => {
                    self.end_early(Ending::Malformed, AttemptsFailed::Broken { reason });
                    break;
                }
            }
            let Some(reply) = &mut self.reply else { break };
            match reply.poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => self.start.push(piece),
                Poll::Ready(Some(Err(error))) => {
                    self.end_early(error.ending(), AttemptsFailed::mid_answer(&error));
                    break;
                }
                Poll::Ready(None) => {
                    self.ended();
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
        // After the end it has been said what was delivered.
        if matches!(self.phase, Phase::Flowing) {
            self.bill.deliver(&self.start.tally);
        }
        if self.start.out.is_empty() {
            return None;
        }
        let bytes = self.start.out.split().freeze();
        if let Some(proof) = &mut self.proof {
            proof.update(&bytes);
        }
        Some(bytes)
    }

    /// The provider says no more.
    fn ended(&mut self) {
        let mark = self.start.mark();
        match self.start.end() {
            Ok(()) => match self.bill.goes_on(&self.start.tally) {
                Ok(()) => self.close(),
                Err(stop) => self.stop(stop, &mark),
            },
            Err(StartError(reason)) => {
                self.end_early(Ending::Malformed, AttemptsFailed::Broken { reason });
            }
        }
    }

    /// Ends the stream, of which no more is paid for.
    fn stop(&mut self, stop: Stop, mark: &Mark) {
        let settling = match &stop {
            Stop::UsedUp { .. } => {
                self.bill.deliver(&self.start.tally);
                self.break_off(stop.ending());
                self.bill.settle_partly(Outcome::Broken)
            }
            Stop::Unfunded(_) => {
                self.start.out.truncate(mark.out);
                self.break_off(stop.ending());
                self.bill.settle_at(mark)
            }
        };
        self.phase = Phase::Breaking(settling, stop.into());
    }

    fn break_off(&mut self, ending: Ending) {
        // The provider hears of the cancel before its place is free.
        self.reply = None;
        self.bill.attempt_failed(ending);
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
        for _ in 0..AFTER_THE_END {
            if !matches!(reply.try_next(), Some(Ok(_))) {
                break;
            }
        }
        reply.end().copied()
    }

    /// Ends the stream from outside: charges what was delivered, and gives everything back but the memory of what is
    /// left to say.
    pub(super) fn cut_off(&mut self, reason: &str) {
        if matches!(self.phase, Phase::Flowing) {
            let reason = reason.to_owned();
            if let Some(reply) = &mut self.reply {
                reply.give_up();
            }
            self.end_early(Ending::SlowConsumer, AttemptsFailed::CutOff { reason });
        }
        self.bill.leave();
    }

    fn end_early(&mut self, ending: Ending, error: AttemptsFailed) {
        self.bill.deliver(&self.start.tally);
        let error = match (error, self.bill.slot()) {
            (AttemptsFailed::Broken { reason }, Some(slot)) => AttemptsFailed::Broken {
                reason: slot.discreet_words(reason),
            },
            (error, _) => error,
        };
        self.break_off(ending);
        let settling = self.bill.settle_partly(Outcome::Broken);
        self.phase = Phase::Breaking(settling, error.into());
    }

    /// Writes what the consumer sees last.
    fn last(&mut self, error: Option<&RequestError>) -> Option<Bytes> {
        if let Some(error) = error {
            let answer = Answer::of(error);
            self.bill.answered(&answer);
            frame(&[&answer.body()], &mut self.start.out);
        }
        self.drain_end();
        let witnessed = self.reply.as_mut().and_then(Reply::take_witnessed);
        self.bill.attest(witnessed);
        self.reply = None;
        self.phase = Phase::Over;
        let bytes = self.deliver();
        if let Some(proof) = self.proof.take() {
            self.bill.prove_events(*proof);
        }
        bytes
    }
}
