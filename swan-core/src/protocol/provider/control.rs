//! Registration, acknowledgements, notices, tasks and faults: what both dialects share.

use bytes::Bytes;

use super::super::wire::binary::MAX_BINARY;
use super::super::wire::envelope::{self, Envelope};
use super::super::wire::from_hub::{Ack, NoticeIn};
use super::super::wire::from_provider::ErrorIn;
use super::super::wire::tasks::{BenchmarkIn, VerifyIn, WarmupIn};
use super::super::wire::{text, to_hub};
use super::stream::{Stream, Wire};
use super::{
    CancelReason, Dialect, Fault, FaultKind, Frame, LostReason, MAX_CONTROL_FRAME, ProviderEvent,
    ProviderSession, Registration, StreamId,
};
use crate::Rng;

/// Registrations whose answers are waited for.
const MAX_UNANSWERED: usize = 8;

impl ProviderSession {
    pub(super) fn handle_text(&mut self, text: &Bytes) {
        let Some(envelope) = Envelope::decode(text) else {
            return self.fault(FaultKind::Malformed, "");
        };
        let taken = match (self.dialect, &*envelope.kind) {
            (Dialect::V1, "inference") => self.on_inference(text, &envelope),
            (Dialect::V1, "cancel") => self.on_cancel_v1(&envelope),
            (_, "ack") => self.on_ack(&envelope),
            (_, "error") => self.on_error(&envelope),
            (_, "notice") => envelope.payload::<NoticeIn<'_>>().map(|payload| {
                let notice = payload.into_notice();
                self.events.push_back(ProviderEvent::Notice(notice));
            }),
            (_, "drain") => {
                self.events.push_back(ProviderEvent::HubDraining);
                Some(())
            }
            (_, "warmup" | "verify" | "benchmark") => self.on_task(text, &envelope),
            // Types of later versions.
            _ => {
                self.stats.ignored += 1;
                Some(())
            }
        };
        if taken.is_none() {
            self.fault(FaultKind::Malformed, &envelope.request_id);
        }
    }

    /// Any successful `ack` registers and shows that the hub lives (public-swan.md 1.4).
    fn on_ack(&mut self, envelope: &Envelope<'_>) -> Option<()> {
        let ack: Ack<'_> = envelope.payload()?;
        let id = envelope.id_or(&ack.request_id);
        let place = self.unanswered.iter().position(|known| **known == *id);
        let about_registration = place.is_some() || !self.registered;
        if let Some(place) = place {
            // Answers come in order: what was asked before this one gets none.
            self.unanswered.drain(..=place);
        }
        if !ack.success {
            if about_registration {
                let message = text::clip(&ack.message, 4096).to_owned();
                self.events.push_back(ProviderEvent::Rejected { message });
            }
            return Some(());
        }
        self.unacked_heartbeats = 0;
        if about_registration {
            self.registered = true;
            if self.heartbeat_due.is_none() {
                self.heartbeat_due = Some(self.now.after(self.config.heartbeat_interval));
            }
            let registered = ack.into_registered();
            self.events.push_back(ProviderEvent::Registered(registered));
        }
        Some(())
    }

    fn on_error(&mut self, envelope: &Envelope<'_>) -> Option<()> {
        let payload: ErrorIn<'_> = envelope.payload()?;
        self.events.push_back(ProviderEvent::HubError {
            code: u16::try_from(payload.code).unwrap_or_default(),
            message: text::clip(&payload.message, 4096).to_owned(),
        });
        Some(())
    }

    fn on_task(&mut self, frame: &Bytes, envelope: &Envelope<'_>) -> Option<()> {
        let id = &*envelope.request_id;
        let event = match &*envelope.kind {
            "warmup" => ProviderEvent::Warmup(envelope.payload::<WarmupIn<'_>>()?.into_warmup(id)),
            "verify" => {
                ProviderEvent::Verify(envelope.payload::<VerifyIn<'_>>()?.into_verify(id, frame))
            }
            _ => {
                let payload: BenchmarkIn<'_> = envelope.payload()?;
                ProviderEvent::Benchmark(payload.into_benchmark(id))
            }
        };
        self.events.push_back(event);
        Some(())
    }

    /// Counts something that the hub should not have sent, answers it, and gives the hub up on one too many.
    pub(super) fn fault(&mut self, kind: FaultKind, request_id: &str) {
        let id = text::clip(request_id, 128);
        let error = envelope::error(id, 400, &kind.to_string());
        self.outbox.text(None, error);
        self.count_fault(kind, None);
    }

    pub(super) fn count_fault(&mut self, kind: FaultKind, stream: Option<StreamId>) {
        self.stats.faults += 1;
        let fault = Fault { kind, stream };
        self.events.push_back(ProviderEvent::Fault(fault));
        if self.faults.add(self.now) {
            self.close(self.now, LostReason::ProtocolViolation(kind));
        }
    }

    /// Ends a request that is no longer wanted; nothing is sent for it from here on.
    pub(super) fn cancelled(&mut self, stream: StreamId, reason: CancelReason) {
        if let Some(open) = self.remove(stream) {
            self.outbox.forget(stream);
            // Its `Request` event, if not polled yet, still comes first.
            if open.is_known() && !open.is_finished() {
                let event = ProviderEvent::Cancelled { stream, reason };
                self.events.push_back(event);
            }
        }
    }

    /// Takes a stream out of all tables.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.streams.remove(&id)?;
        match &stream.wire {
            Wire::V1(v1) => {
                self.by_request.remove(&v1.request_id);
            }
            Wire::V2(v2) => {
                if let Some(intake) = &v2.intake {
                    let due = stream.received.after(super::v2::INTAKE_TIMEOUT);
                    self.intakes.remove(&(due, id));
                    self.assembling = self.assembling.saturating_sub(intake.head.body_bytes);
                }
            }
        }
        Some(stream)
    }

    /// A frame has left: some stream may have room again.
    pub(super) fn sent(&mut self, stream: Option<StreamId>, size: usize) {
        let limit = self.config.max_queued_per_stream;
        if let Some(stream) = stream
            && let Some(v1) = self.streams.get_mut(&stream).and_then(Stream::v1)
        {
            let was_full = v1.queued >= limit;
            v1.queued = v1.queued.saturating_sub(size);
            if was_full && v1.queued < limit {
                self.events.push_back(ProviderEvent::Credit { stream });
            }
        }
    }

    pub(super) fn say_register(&mut self) {
        if self.lost {
            return;
        }
        let id = self.next_id();
        let Some(registration) = &self.registration else {
            return;
        };
        let text = if self.draining && self.dialect == Dialect::V1 {
            let empty = Registration {
                models: Vec::new(),
                model_hashes: Vec::new(),
                model_declarations: Vec::new(),
                ..(**registration).clone()
            };
            to_hub::register(&id, &empty)
        } else {
            to_hub::register(&id, registration)
        };
        self.outbox.text(None, text);
        if self.unanswered.len() >= MAX_UNANSWERED {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(id.into());
    }

    pub(super) fn node_id(&self) -> &str {
        self.registration
            .as_ref()
            .map_or("", |registration| &registration.node_id)
    }

    /// An id in the form of a UUID of version 4, as the public agent makes them.
    pub(super) fn next_id(&mut self) -> String {
        let high = self.ids.next_u64() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000;
        let low = self.ids.next_u64() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }

    pub(super) const fn max_inbound_of(&self, frame: &Frame) -> usize {
        match (self.dialect, frame) {
            (Dialect::V1, _) => self.config.max_frame,
            (Dialect::V2, Frame::Binary(_)) => MAX_BINARY,
            (Dialect::V2, Frame::Text(_)) => MAX_CONTROL_FRAME,
        }
    }
}
