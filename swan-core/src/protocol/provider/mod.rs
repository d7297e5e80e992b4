//! A provider's end of the conversation with its hub.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    BenchmarkAnswer, Dialect, Failure, Frame, Health, Heartbeat, LostReason, ProviderEvent,
    ProviderSessionConfig, Registration, StreamEnd, StreamError, StreamId, TaskId, Transmit,
    WarmupResult,
};
use crate::Timestamp;

/// A provider's end of one connection to a hub. Poll as the [module](super) says.
#[derive(Debug)]
pub struct ProviderSession {
    dialect: Dialect,
    events: VecDeque<ProviderEvent>,
    transmits: VecDeque<Transmit>,
}

impl ProviderSession {
    /// A session for a connection that was upgraded at `now`.
    #[must_use]
    pub fn new(dialect: Dialect, config: ProviderSessionConfig, now: Timestamp) -> Self {
        let _ = (now, config);
        Self {
            dialect,
            events: VecDeque::new(),
            transmits: VecDeque::new(),
        }
    }

    /// Takes one message of the hub.
    pub fn handle_frame(&mut self, now: Timestamp, frame: Frame) {
        let _ = (now, frame);
    }

    /// Does what is due at `now`; calling early is harmless.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Tells the session that its transport ended: open requests are cancelled, `Lost` follows.
    pub fn handle_disconnect(&mut self, now: Timestamp, why: &str) {
        let _ = now;
        self.events.push_back(ProviderEvent::Lost {
            reason: LostReason::Transport(why.to_owned()),
        });
    }

    /// The next thing to do to the socket.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ProviderEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest; ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// Introduces the provider; also again, whenever its models change.
    pub fn register(&mut self, now: Timestamp, registration: Registration) {
        let _ = (now, registration);
    }

    /// Sends a sign of life; asked for by [`ProviderEvent::HeartbeatDue`].
    pub fn heartbeat(&mut self, now: Timestamp, heartbeat: &Heartbeat) {
        let _ = (now, heartbeat);
    }

    /// Reports the health of some models.
    pub fn health(&mut self, now: Timestamp, models: &[(String, Health)]) {
        let _ = (now, models);
    }

    /// Begins an answer with the model server's status and content type.
    ///
    /// # Errors
    /// [`StreamError::Closed`], or [`StreamError::OutOfOrder`] when it has begun already.
    pub fn head(
        &mut self,
        stream: StreamId,
        status: u16,
        content_type: Option<&str>,
    ) -> Result<(), StreamError> {
        let _ = (stream, status, content_type);
        Err(StreamError::Closed)
    }

    /// Goes on with an answer: the bytes of the model server's HTTP body, cut anywhere.
    ///
    /// # Errors
    /// [`StreamError::Full`] when too much waits for credit: nothing was taken, offer it again after `Credit`.
    pub fn body(&mut self, stream: StreamId, bytes: Bytes) -> Result<(), StreamError> {
        let _ = (stream, bytes);
        Err(StreamError::Closed)
    }

    /// Bytes of this answer that `body` takes now and that need not wait; 0 for a request that is over.
    #[must_use]
    pub fn credit(&self, stream: StreamId) -> usize {
        let _ = stream;
        0
    }

    /// Ends an answer.
    ///
    /// # Errors
    /// [`StreamError::Closed`], or [`StreamError::OutOfOrder`] when it has not begun.
    pub fn finish(
        &mut self,
        now: Timestamp,
        stream: StreamId,
        end: StreamEnd,
    ) -> Result<(), StreamError> {
        let _ = (now, stream, end);
        Err(StreamError::Closed)
    }

    /// Fails a request, before or after its answer began.
    ///
    /// # Errors
    /// [`StreamError::Closed`].
    pub fn fail(
        &mut self,
        now: Timestamp,
        stream: StreamId,
        failure: Failure,
    ) -> Result<(), StreamError> {
        let _ = (now, stream, failure);
        Err(StreamError::Closed)
    }

    /// Answers a [`Warmup`](super::Warmup).
    pub fn warmed(&mut self, now: Timestamp, task: &TaskId, result: &WarmupResult) {
        let _ = (now, task, result);
    }

    /// Answers a [`Verify`](super::Verify): the response as JSON, or why there is none.
    pub fn verified(&mut self, now: Timestamp, task: &TaskId, response: Result<&Bytes, &str>) {
        let _ = (now, task, response);
    }

    /// Answers a [`Benchmark`](super::Benchmark).
    pub fn benchmarked(
        &mut self,
        now: Timestamp,
        task: &TaskId,
        answers: Result<&[BenchmarkAnswer], &str>,
    ) {
        let _ = (now, task, answers);
    }

    /// Asks the hub for no further requests; what runs goes on. Close when [`in_flight`](Self::in_flight) is 0.
    pub fn drain(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Ends the conversation from this side: open requests are cancelled, a close is sent, `Lost` follows.
    pub fn close(&mut self, now: Timestamp, reason: LostReason) {
        let _ = now;
        self.events.push_back(ProviderEvent::Lost { reason });
    }

    /// Requests that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        0
    }

    /// Whether the hub has accepted a registration on this connection.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        false
    }

    /// The dialect spoken.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }
}
