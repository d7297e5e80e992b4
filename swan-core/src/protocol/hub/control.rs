//! Registration, heartbeats, faults, and the end of streams: what both dialects share.

use bytes::Bytes;

use super::super::wire::binary::{self, Kind, MAX_BINARY};
use super::super::wire::envelope::{self, Envelope};
use super::super::wire::from_provider::{HealthUpdate, HeartbeatIn, Register};
use super::super::wire::to_provider;
use super::super::{MAX_FRAME, MAX_FRAME_LEGACY, Operation, Registration};
use super::stream::{Ending, Stream, V1, Wire};
use super::{
    Agent, CancelReason, Dialect, Failure, FailureOrigin, Fault, FaultKind, Frame, HubEvent,
    HubSession, LostReason, MAX_CONTROL_FRAME, Notice, Phase, Severity, StreamId,
};
use crate::{Modality, Timestamp};

/// Registrations that may wait for an answer.
const MAX_UNANSWERED: usize = 8;

impl HubSession {
    pub(super) fn handle_text(&mut self, now: Timestamp, text: &Bytes) {
        let Some(envelope) = Envelope::decode(text) else {
            return self.fault(now, FaultKind::Malformed, "");
        };
        let kind = &*envelope.kind;
        if text.len() > MAX_CONTROL_FRAME && !matches!(kind, "stream_chunk" | "ack") {
            // Only answers have a reason to be that large.
            return self.fault(now, FaultKind::TooLarge, &envelope.request_id);
        }
        if kind == "register" {
            return self.on_register(now, &envelope);
        }
        if !self.registered {
            return self.fault(now, FaultKind::OutOfOrder, &envelope.request_id);
        }
        match kind {
            "stream_chunk" => self.on_chunk(now, text, &envelope),
            "stream_end" => self.on_end(now, &envelope),
            "ack" => self.on_reply(now, text, &envelope),
            "error" => self.on_error(now, &envelope),
            "heartbeat" => match envelope.payload::<HeartbeatIn<'_>>() {
                Some(payload) => {
                    let id = &envelope.request_id;
                    self.outbox.text(None, to_provider::ack(id, true, ""));
                    let heartbeat = Box::new(payload.into_heartbeat());
                    self.events.push_back(HubEvent::Heartbeat(heartbeat));
                }
                None => self.fault(now, FaultKind::Malformed, &envelope.request_id),
            },
            "model_health_update" => match envelope.payload::<HealthUpdate<'_>>() {
                Some(payload) => {
                    let health = payload.into_health();
                    self.events.push_back(HubEvent::Health(health));
                }
                None => self.fault(now, FaultKind::Malformed, &envelope.request_id),
            },
            "drain" => {
                if !std::mem::replace(&mut self.provider_draining, true) {
                    self.events.push_back(HubEvent::Draining);
                }
            }
            // Answers to tasks that this hub did not set, and types of later versions.
            _ => self.stats.ignored += 1,
        }
    }

    fn on_register(&mut self, now: Timestamp, envelope: &Envelope<'_>) {
        if self.unanswered.len() >= MAX_UNANSWERED {
            return self.fault(now, FaultKind::OutOfOrder, &envelope.request_id);
        }
        let Some(payload) = envelope.payload::<Register<'_>>() else {
            return self.fault(now, FaultKind::Malformed, &envelope.request_id);
        };
        let registration = payload.into_registration(self.registered);
        if !self.registered && self.unanswered.is_empty() {
            // From here the time runs against whoever decides.
            self.phase = Phase::Arriving(now.after(self.config.registration_timeout));
        }
        self.agent = agent_of(&registration);
        self.unanswered.push_back((&*envelope.request_id).into());
        let event = HubEvent::Register(Box::new(registration));
        self.events.push_back(event);
    }

    /// Counts a fault that belongs to no stream, answers it, and closes on one too many.
    pub(super) fn fault(&mut self, now: Timestamp, kind: FaultKind, request_id: &str) {
        let code = if kind == FaultKind::OutOfOrder && !self.registered {
            401
        } else {
            400
        };
        let id = super::super::wire::text::clip(request_id, 128);
        let error = envelope::error(id, code, &kind.to_string());
        self.outbox.text(None, error);
        self.count_fault(now, kind, None);
    }

    fn count_fault(&mut self, now: Timestamp, kind: FaultKind, stream: Option<StreamId>) {
        self.stats.faults += 1;
        self.events
            .push_back(HubEvent::Fault(Fault { kind, stream }));
        if self.faults.add(now) {
            self.close(now, LostReason::ProtocolViolation(kind));
        }
    }

    /// The provider broke the protocol on one stream: that one fails, the others go on.
    pub(super) fn violate(&mut self, now: Timestamp, stream: StreamId, kind: FaultKind) {
        if self.abandon(stream, &CancelReason::ProtocolViolation) {
            let failure = Failure::new(FailureOrigin::Protocol, 502, kind.to_string());
            self.events.push_back(HubEvent::Failed { stream, failure });
        }
        self.count_fault(now, kind, Some(stream));
    }

    /// Ends a stream that the provider does not know to be over, and tells it; `false` when it was over already.
    pub(super) fn abandon(&mut self, id: StreamId, reason: &CancelReason) -> bool {
        let Some(stream) = self.remove(id) else {
            return false;
        };
        if self.outbox.forget(id) {
            // The request itself had not left, so that there is nothing to take back.
            return true;
        }
        match &stream.wire {
            Wire::V1(v1) => {
                let cancel = to_provider::cancel(&v1.request_id, reason.as_str());
                self.outbox.text(None, cancel);
            }
            Wire::V2(v2) => {
                let note = binary::CancelNote {
                    reason: reason.as_str().to_owned(),
                };
                let note = envelope::json(&note);
                let cancel = binary::encode(Kind::Cancel, 0, v2.number, &note);
                self.outbox.binary(None, cancel);
            }
        }
        true
    }

    /// Takes a stream out of all tables.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.streams.remove(&id)?;
        self.timers.remove(&stream.timer(id));
        match &stream.wire {
            Wire::V1(v1) => {
                self.by_request.remove(&v1.request_id);
            }
            Wire::V2(v2) => {
                let waiting = v2.outbound.len();
                self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting);
            }
        }
        Some(stream)
    }

    /// Fails a stream because of what the provider said or did.
    pub(super) fn fail(&mut self, stream: StreamId, failure: Failure) {
        if self.remove(stream).is_some() {
            self.events.push_back(HubEvent::Failed { stream, failure });
        }
    }

    /// Fails all streams: the connection is of no more use.
    pub(super) fn fail_all(&mut self, why: &str) {
        let ids: Vec<StreamId> = self.streams.keys().copied().collect();
        for stream in ids {
            let failure = Failure::new(FailureOrigin::Lost, 502, why);
            self.fail(stream, failure);
            self.outbox.forget(stream);
        }
        self.ready.clear();
    }

    /// The deadline of a stream has passed, or the grace for its last figures.
    pub(super) fn stream_due(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match stream.v1().and_then(|v1| v1.ending.take()) {
            Some(Ending::Done) => self.end(id, super::super::StreamEnd::default(), None),
            Some(Ending::Failed(message)) => self.fail(id, Failure::provider(502, message)),
            None => {
                if self.abandon(id, &CancelReason::AttemptTimeout) {
                    let message = "no complete answer within the deadline";
                    let failure = Failure::new(FailureOrigin::Deadline, 504, message);
                    self.events.push_back(HubEvent::Failed {
                        stream: id,
                        failure,
                    });
                }
            }
        }
    }

    /// Completes a stream.
    pub(super) fn end(
        &mut self,
        stream: StreamId,
        end: super::super::StreamEnd,
        attestation: Option<super::super::Attestation>,
    ) {
        if self.remove(stream).is_some() {
            self.events.push_back(HubEvent::End {
                stream,
                end,
                attestation,
            });
        }
    }

    /// Moves the time at which a stream is looked at again.
    pub(super) fn reschedule(&mut self, id: StreamId, due: Timestamp) {
        if let Some(stream) = self.streams.get_mut(&id) {
            self.timers.remove(&stream.timer(id));
            stream.due = stream.due.min(due);
            self.timers.insert(stream.timer(id));
        }
    }

    pub(super) fn expires(&self) -> Timestamp {
        self.last_heard.after(self.config.heartbeat_expiry)
    }

    pub(super) fn max_inbound_of(&self, frame: &Frame) -> usize {
        match (self.dialect, frame) {
            (Dialect::V2, Frame::Binary(_)) => MAX_BINARY,
            (Dialect::V1, _) if self.registered => self.config.max_frame,
            _ => MAX_CONTROL_FRAME,
        }
    }

    pub(super) fn say_drain(&mut self) {
        let text = match self.dialect {
            Dialect::V2 => to_provider::drain(),
            // Public agents know no drain, but show a notice to their operator.
            Dialect::V1 => to_provider::notice(&Notice {
                event: "draining".to_owned(),
                severity: Severity::Info,
                message: "the hub is shutting down; requests under way are finished".to_owned(),
                ..Notice::default()
            }),
        };
        self.outbox.text(None, text);
    }

    /// The v1 stream of this id on the wire; anything else is a late frame, and counted.
    pub(super) fn stream_of(&mut self, request_id: &str) -> Option<(StreamId, &mut V1)> {
        let Some(&id) = self.by_request.get(request_id) else {
            self.stats.late_frames += 1;
            return None;
        };
        let v1 = self.streams.get_mut(&id).and_then(Stream::v1)?;
        Some((id, v1))
    }

    /// What the provider takes of a model of this kind; nothing where its program cannot serve such models.
    #[must_use]
    pub const fn operations_of(&self, modality: Modality) -> &'static [Operation] {
        match (self.dialect(), modality) {
            (Dialect::V2, _) => Operation::of(modality),
            (Dialect::V1, Modality::Chat) => &[Operation::ChatCompletions],
            (Dialect::V1, _) if self.agent.chat_only => &[],
            (Dialect::V1, _) => Operation::of(modality),
        }
    }

    pub(super) fn takes(&self, operation: &Operation) -> bool {
        match operation {
            Operation::ChatCompletions => true,
            Operation::Embeddings
            | Operation::ImagesGenerations
            | Operation::AudioTranscriptions => !self.agent.chat_only,
            Operation::Completions | Operation::Other(_) => false,
        }
    }
}

/// What public agents of this registration take (public-swan.md 1.6, 1.7).
fn agent_of(registration: &Registration) -> Agent {
    let version = registration.cp_version.as_deref();
    Agent {
        max_frame: match version.and_then(major_minor) {
            Some(version) if version >= (0, 5) => MAX_FRAME,
            _ => MAX_FRAME_LEGACY,
        },
        chat_only: version.is_none(),
    }
}

/// The first two numbers of a version, which may begin with `v`.
fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?;
    let digits = minor
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(minor.len());
    Some((major, minor.get(..digits)?.parse().ok()?))
}
