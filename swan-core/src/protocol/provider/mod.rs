//! A provider's end of the conversation with its hub.

mod control;
mod stream;
mod v1;
mod v2;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use stream::{Answer, Stream, Wire};

use super::fault::{FaultCounter, SessionStats};
use super::outbox::Outbox;
use super::wire::{tasks, to_hub, to_provider};
use super::{
    BenchmarkAnswer, CancelReason, Dialect, Failure, Fault, FaultKind, Frame, Health, Heartbeat,
    LostReason, MAX_CONTROL_FRAME, ProviderEvent, ProviderSessionConfig, Registration, StreamEnd,
    StreamError, StreamId, TaskId, Transmit, WarmupResult,
};
use crate::{SeededRng, Timestamp};

/// A provider's end of one connection to a hub. Poll as the [module](super) says.
#[derive(Debug)]
pub struct ProviderSession {
    dialect: Dialect,
    config: ProviderSessionConfig,
    lost: bool,
    now: Timestamp,
    /// When the hub is given up for not acknowledging the registration.
    registration_due: Timestamp,
    registered: bool,
    draining: bool,
    /// What was registered last.
    registration: Option<Box<Registration>>,
    /// Ids of registrations without an answer.
    unanswered: VecDeque<Box<str>>,
    heartbeat_due: Option<Timestamp>,
    unacked_heartbeats: u32,
    ids: SeededRng,
    last_stream: u64,
    streams: BTreeMap<StreamId, Stream>,
    /// v1 streams by the id on the wire.
    by_request: BTreeMap<Box<str>, StreamId>,
    /// When an incomplete request body is given up.
    intakes: BTreeSet<(Timestamp, StreamId)>,
    /// Bytes that incomplete request bodies will have.
    assembling: u64,
    /// v2 streams with an answer to send and credit to send it.
    ready: VecDeque<StreamId>,
    faults: FaultCounter,
    stats: SessionStats,
    events: VecDeque<ProviderEvent>,
    outbox: Outbox,
}

impl ProviderSession {
    /// A session for a connection that was upgraded at `now`.
    #[must_use]
    pub fn new(dialect: Dialect, config: ProviderSessionConfig, now: Timestamp) -> Self {
        Self {
            dialect,
            lost: false,
            now,
            registration_due: now.after(config.registration_timeout),
            registered: false,
            draining: false,
            registration: None,
            unanswered: VecDeque::new(),
            heartbeat_due: None,
            unacked_heartbeats: 0,
            ids: SeededRng::new(config.id_seed),
            last_stream: 0,
            streams: BTreeMap::new(),
            by_request: BTreeMap::new(),
            intakes: BTreeSet::new(),
            assembling: 0,
            ready: VecDeque::new(),
            faults: FaultCounter::new(config.max_faults),
            stats: SessionStats::default(),
            events: VecDeque::new(),
            outbox: Outbox::default(),
            config,
        }
    }

    /// Takes one message of the hub.
    pub fn handle_frame(&mut self, now: Timestamp, frame: Frame) {
        self.now = now;
        if self.lost {
            return;
        }
        if frame.len() > self.max_inbound_of(&frame) {
            let kind = FaultKind::TooLarge;
            self.stats.faults += 1;
            let fault = Fault { kind, stream: None };
            self.events.push_back(ProviderEvent::Fault(fault));
            return self.close(now, LostReason::ProtocolViolation(kind));
        }
        match frame {
            Frame::Text(text) => self.handle_text(&text),
            Frame::Binary(bytes) => self.handle_binary(bytes),
        }
        if self.outbox.is_stuck() {
            self.close(now, LostReason::NotReading);
        }
    }

    /// Does what is due at `now`; calling early is harmless.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = now;
        if self.lost {
            return;
        }
        if !self.registered && self.registration_due <= now {
            return self.close(now, LostReason::RegistrationTimedOut);
        }
        if self.heartbeat_due.is_some_and(|due| due <= now) {
            if self.unacked_heartbeats >= self.config.max_unacked_heartbeats {
                return self.close(now, LostReason::HeartbeatExpired);
            }
            self.heartbeat_due = Some(now.after(self.config.heartbeat_interval));
            self.events.push_back(ProviderEvent::HeartbeatDue);
        }
        while let Some(&(due, stream)) = self.intakes.first()
            && due <= now
        {
            self.intakes.pop_first();
            let failure = Failure::provider(408, "the request did not come completely");
            self.refuse(stream, &failure);
        }
    }

    /// Tells the session that its transport ended: open requests are cancelled, `Lost` follows.
    pub fn handle_disconnect(&mut self, now: Timestamp, why: &str) {
        self.close(now, LostReason::Transport(why.to_owned()));
        self.outbox.clear();
    }

    /// The next thing to do to the socket. It may bring a `Credit` event along.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        loop {
            if let Some((stream, size, transmit)) = self.outbox.pop() {
                self.sent(stream, size);
                return Some(transmit);
            }
            self.next_data()?;
        }
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ProviderEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest; ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.lost {
            return None;
        }
        let registration = (!self.registered).then_some(self.registration_due);
        let intake = self.intakes.first().map(|(due, _)| *due);
        [registration, self.heartbeat_due, intake]
            .into_iter()
            .flatten()
            .min()
    }

    /// Introduces the provider; also again, whenever its models change.
    pub fn register(&mut self, now: Timestamp, mut registration: Registration) {
        self.now = now;
        // Hubs of v1 have no use for it, and may be strict about what they do not know.
        registration
            .signing_key
            .take_if(|_| self.dialect == Dialect::V1);
        self.registration = Some(Box::new(registration));
        self.say_register();
    }

    /// Sends a sign of life; asked for by [`ProviderEvent::HeartbeatDue`]. Ignored before the registration is accepted.
    pub fn heartbeat(&mut self, now: Timestamp, heartbeat: &Heartbeat) {
        self.now = now;
        if self.lost || !self.registered {
            return;
        }
        let id = self.next_id();
        let secs = match heartbeat.timestamp_secs {
            0 => now.as_secs(),
            secs => secs,
        };
        let text = to_hub::heartbeat(&id, self.node_id(), secs, heartbeat);
        self.outbox.text(None, text);
        self.unacked_heartbeats = self.unacked_heartbeats.saturating_add(1);
    }

    /// Reports the health of some models. Ignored before the registration is accepted.
    pub fn health(&mut self, now: Timestamp, models: &[(String, Health)]) {
        self.now = now;
        if !self.lost && self.registered {
            let text = to_hub::health(self.node_id(), now.as_secs(), models);
            self.outbox.text(None, text);
        }
    }

    /// Begins an answer with the model server's status and content type.
    ///
    /// # Errors
    /// [`StreamError::Closed`], or [`StreamError::OutOfOrder`] when it has begun already or the status is not 200 to 599.
    pub fn head(
        &mut self,
        stream: StreamId,
        status: u16,
        content_type: Option<&str>,
    ) -> Result<(), StreamError> {
        self.head_with_retry(stream, status, content_type, None)
    }

    /// The same for a model server that refuses and says how long it wants to be left alone, which v1 cannot carry.
    ///
    /// # Errors
    /// As for [`head`](Self::head).
    pub fn head_with_retry(
        &mut self,
        stream: StreamId,
        status: u16,
        content_type: Option<&str>,
        retry_after: Option<Duration>,
    ) -> Result<(), StreamError> {
        if !(200..=599).contains(&status) {
            return Err(StreamError::OutOfOrder);
        }
        match self.dialect {
            Dialect::V1 => self.head_v1(stream, status, content_type),
            Dialect::V2 => self.head_v2(stream, status, content_type, retry_after),
        }
    }

    /// Goes on with an answer: the bytes of the model server's HTTP body, cut anywhere.
    ///
    /// # Errors
    /// [`StreamError::Full`] when too much waits already: nothing was taken, offer it again after `Credit`.
    /// [`StreamError::Unusable`] when v1 cannot carry it; the request has been failed then.
    pub fn body(&mut self, stream: StreamId, bytes: Bytes) -> Result<(), StreamError> {
        match self.dialect {
            Dialect::V1 => self.body_v1(stream, bytes),
            Dialect::V2 => self.body_v2(stream, bytes),
        }
    }

    /// Bytes of this answer that `body` takes now and that need not wait; 0 for a request that is over.
    ///
    /// When it is 0, wait for [`ProviderEvent::Credit`] before reading on from the model server.
    #[must_use]
    pub fn credit(&self, stream: StreamId) -> usize {
        match self.streams.get(&stream).map(|stream| &stream.wire) {
            Some(Wire::V1(v1)) => match &v1.answer {
                Answer::Gathered { body, .. } => self.config.max_reply.saturating_sub(body.len()),
                Answer::Awaited | Answer::Events(_) => {
                    self.config.max_queued_per_stream.saturating_sub(v1.queued)
                }
            },
            Some(Wire::V2(v2)) if v2.end.is_none() => v2.outbound.spare(),
            Some(Wire::V2(_)) | None => 0,
        }
    }

    /// Ends an answer.
    ///
    /// # Errors
    /// [`StreamError::Closed`], or [`StreamError::OutOfOrder`] when it has not begun. [`StreamError::Unusable`] as for `body`.
    pub fn finish(
        &mut self,
        now: Timestamp,
        stream: StreamId,
        end: StreamEnd,
    ) -> Result<(), StreamError> {
        self.now = now;
        match self.dialect {
            Dialect::V1 => self.finish_v1(stream, end),
            Dialect::V2 => self.finish_v2(stream, end, None),
        }
    }

    /// Fails a request, before or after its answer began. Bytes that still wait for credit are dropped.
    ///
    /// # Errors
    /// [`StreamError::Closed`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the mirror of the event that reports it"
    )]
    pub fn fail(
        &mut self,
        now: Timestamp,
        stream: StreamId,
        failure: Failure,
    ) -> Result<(), StreamError> {
        self.now = now;
        match self.streams.get(&stream) {
            Some(open) if open.is_known() && !open.is_finished() => {
                self.refuse(stream, &failure);
                Ok(())
            }
            _ => Err(StreamError::Closed),
        }
    }

    /// Answers a [`Warmup`](super::Warmup).
    pub fn warmed(&mut self, now: Timestamp, task: &TaskId, result: &WarmupResult) {
        self.now = now;
        self.outbox.text(None, tasks::warmed(task, result));
    }

    /// Answers a [`Verify`](super::Verify): the response as JSON, or why there is none.
    pub fn verified(&mut self, now: Timestamp, task: &TaskId, response: Result<&Bytes, &str>) {
        self.now = now;
        self.outbox.text(None, tasks::verified(task, response));
    }

    /// Answers a [`Benchmark`](super::Benchmark).
    pub fn benchmarked(
        &mut self,
        now: Timestamp,
        task: &TaskId,
        answers: Result<&[BenchmarkAnswer], &str>,
    ) {
        self.now = now;
        self.outbox.text(None, tasks::benchmarked(task, answers));
    }

    /// Asks the hub for no further requests; what runs goes on.
    ///
    /// In v1, which has no word for it, the provider registers again without models. Close when
    /// [`in_flight`](Self::in_flight) is 0 and everything was sent.
    pub fn drain(&mut self, now: Timestamp) {
        self.now = now;
        if std::mem::replace(&mut self.draining, true) || self.lost {
            return;
        }
        match self.dialect {
            Dialect::V1 if self.registration.is_some() => self.say_register(),
            Dialect::V1 => {}
            Dialect::V2 => self.outbox.text(None, to_provider::drain()),
        }
    }

    /// Ends the conversation from this side: open requests are cancelled, a close is sent, `Lost` follows.
    pub fn close(&mut self, now: Timestamp, reason: LostReason) {
        self.now = now;
        if std::mem::replace(&mut self.lost, true) {
            return;
        }
        self.registered = false;
        let ids: Vec<StreamId> = self.streams.keys().copied().collect();
        for stream in ids {
            self.cancelled(stream, CancelReason::ConnectionLost);
        }
        self.outbox.close(reason.close_code(), &reason.to_string());
        self.events.push_back(ProviderEvent::Lost { reason });
    }

    /// Requests that have not ended, or whose answers wait for credit.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.streams.len()
    }

    /// Whether the hub has accepted a registration on this connection.
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        self.registered
    }

    /// What this session has met that was not part of the conversation.
    #[must_use]
    pub const fn stats(&self) -> SessionStats {
        self.stats
    }

    /// The dialect spoken.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The largest message that this session takes, for the WebSocket library's own limit.
    #[must_use]
    pub const fn max_inbound(&self) -> usize {
        match self.dialect {
            Dialect::V1 => self.config.max_frame,
            Dialect::V2 => MAX_CONTROL_FRAME,
        }
    }
}
