//! The hub's end of the conversation with one provider.

mod control;
mod stream;
mod v1;
mod v2;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stream::{Stream, Wire};

use super::fault::{FaultCounter, SessionStats};
use super::outbox::Outbox;
use super::wire::to_provider;
use super::{
    Accepted, CancelReason, Dialect, Dispatch, DispatchError, Failure, FailureOrigin, Fault,
    FaultKind, Frame, HubEvent, HubSessionConfig, LostReason, MAX_CONTROL_FRAME, Notice, Severity,
    StreamId, Transmit,
};
use crate::Timestamp;

/// The hub's end of one provider connection.
///
/// Poll as the [module](super) says. Everything that a provider sends is taken as hostile: what breaks one stream fails that
/// stream, what belongs to none is counted, and a peer that goes on is closed on.
#[derive(Debug)]
pub struct HubSession {
    dialect: Dialect,
    config: HubSessionConfig,
    phase: Phase,
    /// Whether the provider was accepted on this connection.
    registered: bool,
    /// What the provider's program takes; as of its latest registration.
    agent: Agent,
    /// Ids of the registrations that were not answered yet.
    unanswered: VecDeque<Box<str>>,
    last_heard: Timestamp,
    hub_draining: bool,
    provider_draining: bool,
    next_stream: u32,
    streams: BTreeMap<StreamId, Stream>,
    /// v1 streams by the id on the wire.
    by_request: BTreeMap<Box<str>, StreamId>,
    timers: BTreeSet<(Timestamp, StreamId)>,
    /// v2 streams with a body to send and credit to send it.
    ready: VecDeque<StreamId>,
    /// Bytes of request bodies in `streams`.
    waiting_bytes: usize,
    faults: FaultCounter,
    stats: SessionStats,
    events: VecDeque<HubEvent>,
    outbox: Outbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not yet registered; given up at that time.
    Arriving(Timestamp),
    /// Registered.
    Open,
    /// Refused, ignored, and closed at that time.
    Refused(Timestamp),
    /// Over.
    Lost,
}

/// What a provider's program takes in v1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agent {
    max_frame: usize,
    chat_only: bool,
}

impl HubSession {
    /// A session for a connection that was upgraded at `now`.
    #[must_use]
    pub fn new(dialect: Dialect, config: HubSessionConfig, now: Timestamp) -> Self {
        Self {
            dialect,
            phase: Phase::Arriving(now.after(config.registration_timeout)),
            registered: false,
            agent: Agent {
                max_frame: super::MAX_FRAME_LEGACY,
                chat_only: true,
            },
            unanswered: VecDeque::new(),
            last_heard: now,
            hub_draining: false,
            provider_draining: false,
            next_stream: 1,
            streams: BTreeMap::new(),
            by_request: BTreeMap::new(),
            timers: BTreeSet::new(),
            ready: VecDeque::new(),
            waiting_bytes: 0,
            faults: FaultCounter::new(config.max_faults),
            stats: SessionStats::default(),
            events: VecDeque::new(),
            outbox: Outbox::default(),
            config,
        }
    }

    /// Takes one message of the provider.
    pub fn handle_frame(&mut self, now: Timestamp, frame: Frame) {
        if matches!(self.phase, Phase::Refused(_) | Phase::Lost) {
            return;
        }
        if frame.len() > self.max_inbound_of(&frame) {
            let kind = FaultKind::TooLarge;
            self.events
                .push_back(HubEvent::Fault(Fault { kind, stream: None }));
            self.stats.faults += 1;
            return self.close(now, LostReason::ProtocolViolation(kind));
        }
        self.last_heard = now;
        match frame {
            Frame::Text(text) => self.handle_text(now, &text),
            Frame::Binary(bytes) => self.handle_binary(now, bytes),
        }
        if self.outbox.is_stuck() {
            self.close(now, LostReason::NotReading);
        }
    }

    /// Does what is due at `now`; calling early is harmless.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Arriving(at) if at <= now => {
                self.close(now, LostReason::RegistrationTimedOut);
            }
            Phase::Refused(at) if at <= now => self.close(now, LostReason::Rejected),
            Phase::Open if self.expires() <= now => {
                self.close(now, LostReason::HeartbeatExpired);
            }
            _ => {}
        }
        while let Some(&(at, stream)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            self.stream_due(stream);
        }
    }

    /// Tells the session that its transport ended: open streams fail, `Lost` follows.
    pub fn handle_disconnect(&mut self, now: Timestamp, why: &str) {
        self.close(now, LostReason::Transport(why.to_owned()));
        self.outbox.clear();
    }

    /// The next thing to do to the socket.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some((_, _, transmit)) = self.outbox.pop() {
            return Some(transmit);
        }
        self.next_data()
            .map(|bytes| Transmit::Frame(Frame::Binary(bytes)))
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<HubEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest; ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let own = match self.phase {
            Phase::Arriving(at) | Phase::Refused(at) => at,
            Phase::Open => self.expires(),
            Phase::Lost => return None,
        };
        let stream = self.timers.first().map_or(own, |(at, _)| *at);
        Some(own.min(stream))
    }

    /// Accepts the oldest unanswered registration.
    pub fn accept(&mut self, now: Timestamp, accepted: &Accepted) {
        if matches!(self.phase, Phase::Refused(_) | Phase::Lost) {
            return;
        }
        let id = self.unanswered.pop_front().unwrap_or_default();
        self.outbox
            .text(None, to_provider::registration_ack(&id, accepted));
        if !self.registered {
            self.registered = true;
            self.phase = Phase::Open;
            self.last_heard = self.last_heard.max(now);
            if self.hub_draining {
                self.say_drain();
            }
        }
    }

    /// Refuses the provider: it is told why, its streams fail, and the connection is closed after
    /// [`HubSessionConfig::reject_delay`], during which it is ignored.
    pub fn reject(&mut self, now: Timestamp, reason: &str) {
        if matches!(self.phase, Phase::Refused(_) | Phase::Lost) {
            return;
        }
        let id = self.unanswered.pop_front().unwrap_or_default();
        self.fail_all("the provider's registration was refused");
        self.outbox.text(None, to_provider::ack(&id, false, reason));
        let error = super::wire::envelope::error(&id, 401, reason);
        self.outbox.text(None, error);
        self.registered = false;
        self.phase = Phase::Refused(now.after(self.config.reject_delay));
    }

    /// Hands a request to the provider.
    ///
    /// # Errors
    /// [`DispatchError`]; nothing was sent then.
    pub fn dispatch(
        &mut self,
        now: Timestamp,
        dispatch: Dispatch,
    ) -> Result<StreamId, DispatchError> {
        match self.phase {
            Phase::Open => {}
            Phase::Arriving(_) => return Err(DispatchError::NotRegistered),
            Phase::Refused(_) | Phase::Lost => return Err(DispatchError::Lost),
        }
        if self.hub_draining || self.provider_draining {
            return Err(DispatchError::Draining);
        }
        let printable = dispatch.request_id.bytes().all(|b| b.is_ascii_graphic());
        if !printable || !(1..=128).contains(&dispatch.request_id.len()) {
            return Err(DispatchError::RequestId);
        }
        let size: usize = dispatch.body.iter().map(bytes::Bytes::len).sum();
        let waiting = self.outbox.bytes() + self.waiting_bytes;
        let full = waiting > 0 && waiting.saturating_add(size) > self.config.max_queued;
        if self.streams.len() >= self.config.max_streams || full || self.next_stream == u32::MAX {
            return Err(DispatchError::Busy);
        }
        let due = now.after(std::time::Duration::from_millis(
            dispatch.deadline_ms.max(1),
        ));
        let id = StreamId(u64::from(self.next_stream));
        let wire = match self.dialect {
            Dialect::V1 => Wire::V1(self.dispatch_v1(id, &dispatch)?),
            Dialect::V2 => Wire::V2(self.dispatch_v2(id, dispatch)?),
        };
        self.next_stream += 1;
        let stream = Stream {
            due,
            began: false,
            wire,
        };
        self.timers.insert(stream.timer(id));
        self.streams.insert(id, stream);
        Ok(id)
    }

    /// Gives a request up: the provider is told, and no event for it follows. Unknown and ended streams are ignored.
    ///
    /// Events of the stream that were not polled yet are dropped as well.
    pub fn cancel(&mut self, now: Timestamp, stream: StreamId, reason: &CancelReason) {
        let _ = now;
        self.abandon(stream, reason);
        self.events
            .retain(|event| event_stream(event) != Some(stream));
    }

    /// Gives back the bytes of [`Piece`](super::Piece)s that were passed on, so that the provider may send as many again.
    pub fn credit(&mut self, now: Timestamp, stream: StreamId, bytes: usize) {
        let _ = now;
        match self.streams.get_mut(&stream).map(|stream| &mut stream.wire) {
            Some(Wire::V1(v1)) => {
                v1.unread.give_back(bytes);
            }
            Some(Wire::V2(v2)) => {
                if let Some(credit) = v2.inbound.give_back(bytes) {
                    let number = v2.number;
                    self.say_credit(number, credit);
                }
            }
            None => {}
        }
    }

    /// Says something to the provider's operator.
    pub fn notice(&mut self, now: Timestamp, notice: &Notice) {
        let _ = now;
        if matches!(self.phase, Phase::Arriving(_) | Phase::Open) {
            self.outbox.text(None, to_provider::notice(notice));
        }
    }

    /// Stops dispatching on this connection and tells the provider; what runs goes on.
    pub fn drain(&mut self, now: Timestamp) {
        let _ = now;
        if !std::mem::replace(&mut self.hub_draining, true) && self.phase == Phase::Open {
            self.say_drain();
        }
    }

    /// Ends the conversation from this side: open streams fail, a close is sent, `Lost` follows.
    pub fn close(&mut self, now: Timestamp, reason: LostReason) {
        let _ = now;
        if self.phase == Phase::Lost {
            return;
        }
        self.phase = Phase::Lost;
        self.registered = false;
        self.fail_all(&reason.to_string());
        self.outbox.close(reason.close_code(), &reason.to_string());
        self.events.push_back(HubEvent::Lost { reason });
    }

    /// Requests that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.streams.len()
    }

    /// Whether a registration waits for [`accept`](Self::accept) or [`reject`](Self::reject).
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        !self.unanswered.is_empty()
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub const fn queued_bytes(&self) -> usize {
        self.outbox.bytes() + self.waiting_bytes
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

    /// The largest message that this session takes now, for the WebSocket library's own limit; more once registered.
    #[must_use]
    pub const fn max_inbound(&self) -> usize {
        match self.dialect {
            Dialect::V1 if self.registered => self.config.max_frame,
            Dialect::V1 | Dialect::V2 => MAX_CONTROL_FRAME,
        }
    }
}

/// The stream that an event is about.
const fn event_stream(event: &HubEvent) -> Option<StreamId> {
    match event {
        HubEvent::Head { stream, .. }
        | HubEvent::Body { stream, .. }
        | HubEvent::End { stream, .. }
        | HubEvent::Failed { stream, .. } => Some(*stream),
        _ => None,
    }
}
