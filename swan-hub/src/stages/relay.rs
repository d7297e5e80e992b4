//! The body of a streamed answer, from the attempts on where they take long. After them otherwise, since from the first content on
//! there is no other provider.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::Error;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};
use parking_lot::Mutex;
use swan_core::RequestId;
use tokio::time::Instant;

use super::ask::{Answered, Begun};
use super::attempt::{Attempted, Attempting};
use super::live::Live;
use super::settle::Bill;
use super::streams::Streams;
use super::tally::frame;
use super::unanswered::AttemptsFailed;
use crate::gateway::Answer;
use crate::hub::Shared;

/// What is said when there is nothing to say: a comment, which every reader of events passes over.
const PING: Bytes = Bytes::from_static(b": ping\n\n");

/// The body of a streamed answer. Dropping it, as happens when the consumer hangs up, cancels the request at the provider
/// and charges what was delivered.
#[derive(Debug)]
pub(crate) struct Relay {
    hub: Arc<Shared>,
    request: RequestId,
    /// Shared with nobody but those who let time pass for a stream.
    flow: Arc<Mutex<Flow>>,
}

/// What flows, or will.
#[derive(Debug)]
pub(super) struct Flow {
    state: State,
    /// Whom to wake when the stream is cut off, or has been silent for long.
    waker: Option<Waker>,
    /// For how many ticks nothing has gone out.
    quiet: u32,
    /// Whether to say that the stream lives.
    beat: bool,
}

#[derive(Debug)]
enum State {
    /// Nobody has shown content yet.
    Waiting(Attempting),
    /// Somebody has.
    Live(Box<Live>),
    /// Nobody will: the last words.
    Failed(Option<Bytes>),
}

impl Relay {
    /// Of a stream that has begun.
    pub(crate) fn new(begun: Begun, bill: Box<Bill>) -> Self {
        let (hub, request) = (Arc::clone(bill.hub()), bill.request());
        let deadline = begun.deadline;
        let live = Box::new(Live::new(begun, bill));
        Self::of(hub, request, deadline, State::Live(live))
    }

    /// Of a stream that nobody has begun yet.
    pub(crate) fn waiting(
        hub: Arc<Shared>,
        request: RequestId,
        deadline: Instant,
        attempting: Attempting,
    ) -> Self {
        let relay = Self::of(hub, request, deadline, State::Waiting(attempting));
        // It is because of the silence so far that it goes out at all.
        relay.flow.lock().beat = true;
        relay
    }

    fn of(hub: Arc<Shared>, request: RequestId, deadline: Instant, state: State) -> Self {
        let flow = Arc::new(Mutex::new(Flow {
            state,
            waker: None,
            quiet: 0,
            beat: false,
        }));
        hub.streams.enter(request, deadline, &flow);
        Self { hub, request, flow }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.hub.streams.leave(self.request);
    }
}

impl Flow {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let State::Waiting(attempting) = &mut self.state
            && let Poll::Ready(attempted) = Pin::new(attempting).poll(cx)
        {
            self.state = State::of(attempted);
        }
        let polled = match &mut self.state {
            State::Waiting(_) => Poll::Pending,
            State::Live(live) => live.poll(cx),
            State::Failed(last) => Poll::Ready(last.take()),
        };
        if polled.is_ready() {
            self.quiet = 0;
            self.beat = false;
            return polled;
        }
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        if std::mem::take(&mut self.beat) {
            return Poll::Ready(Some(PING));
        }
        Poll::Pending
    }

    /// Time passes; after so many ticks without a word the stream says that it lives.
    pub(super) fn tick(&mut self, after: u32) {
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet < after {
            return;
        }
        self.quiet = 0;
        // Without a waker nobody waits for anything: what was sent has not been read yet.
        if let Some(waker) = self.waker.take() {
            self.beat = true;
            waker.wake();
        }
    }

    /// Ends the stream from outside: charges what was delivered, and gives everything back but the memory of what is
    /// left to say.
    pub(super) fn cut_off(&mut self, reason: &str, request: RequestId, streams: &Streams) {
        match &mut self.state {
            State::Waiting(_) => {
                let reason = reason.to_owned();
                let answer = Answer::of(&AttemptsFailed::CutOff { reason }.into());
                let failed = State::Failed(Some(last_words(&answer)));
                // The attempts end here, and have the bill.
                streams.ending_with(request, &answer, || self.state = failed);
            }
            State::Live(live) => live.cut_off(reason),
            State::Failed(_) => {}
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_over(&self) -> bool {
        match &self.state {
            State::Waiting(_) => false,
            State::Live(live) => live.is_over(),
            State::Failed(last) => last.is_none(),
        }
    }
}

impl State {
    /// What comes after the attempts.
    fn of(attempted: Attempted) -> Self {
        let Attempted { mut bill, result } = attempted;
        let error = match result {
            Ok(won) => match won.answer {
                Answered::Stream(begun) => return Self::Live(Box::new(Live::new(*begun, bill))),
                // Cannot be: a stream was asked for.
                Answered::Whole(_) => AttemptsFailed::Deadline.into(),
            },
            Err(error) => error,
        };
        let answer = Answer::of(&error);
        bill.answered(&answer);
        Self::Failed(Some(last_words(&answer)))
    }
}

/// The event that ends a stream without an answer; no `[DONE]` follows.
fn last_words(answer: &Answer) -> Bytes {
    let mut out = BytesMut::new();
    frame(&[&answer.body()], &mut out);
    out.freeze()
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = self.flow.lock().poll(cx);
        polled.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.flow.lock().is_over()
    }
}
