//! Requests and answers in binary frames, as a provider speaks them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::Timestamp;
use crate::receipt::SignedStatement;

use super::super::outbox::{Inbound, Outbound};
use super::super::wire::binary::{
    self, BinaryFrame, CancelNote, END_OF_BODY, EndHint, FailNote, Kind, RequestHead, ResponseHead,
};
use super::super::wire::{envelope, sign, text};
use super::super::{Operation, Request};
use super::stream::{Intake, V2};
use super::{
    CancelReason, Dialect, Failure, FaultKind, ProviderEvent, ProviderSession, Stream, StreamEnd,
    StreamError, StreamId, Wire,
};

/// How long a request's body may take to come.
pub(super) const INTAKE_TIMEOUT: Duration = Duration::from_secs(60);

impl ProviderSession {
    /// Ends an answer as [`finish`](Self::finish) does, with the statement for which the request [asked](super::super::Request::sign); v1 cannot carry it.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish).
    pub fn finish_signed(
        &mut self,
        now: Timestamp,
        stream: StreamId,
        end: StreamEnd,
        signed: &SignedStatement,
    ) -> Result<(), StreamError> {
        self.now = now;
        match self.dialect {
            Dialect::V1 => self.finish_v1(stream, end),
            Dialect::V2 => self.finish_v2(stream, end, Some(signed)),
        }
    }

    pub(super) fn handle_binary(&mut self, bytes: Bytes) {
        if self.dialect == Dialect::V1 {
            return self.fault(FaultKind::UnknownKind, "");
        }
        let Some(frame) = BinaryFrame::decode(bytes) else {
            return self.fault(FaultKind::Malformed, "");
        };
        let Some(kind) = frame.kind else {
            self.stats.ignored += 1;
            return;
        };
        let id = StreamId(u64::from(frame.stream));
        if kind == Kind::Request {
            return self.on_request(id, &frame);
        }
        if frame.stream == 0 || id.0 > self.last_stream {
            return self.fault(FaultKind::UnknownStream, "");
        }
        if !self.streams.contains_key(&id) {
            self.stats.late_frames += 1;
            return;
        }
        match kind {
            Kind::RequestData => self.on_request_data(id, frame),
            Kind::Cancel => {
                let note: Option<CancelNote> = frame.json();
                let word = note.map(|note| note.reason).unwrap_or_default();
                self.cancelled(id, CancelReason::from_wire(&word));
            }
            Kind::Credit => self.on_credit(id, &frame),
            Kind::Request | Kind::Response | Kind::ResponseData | Kind::End | Kind::Fail => {
                self.count_fault(FaultKind::OutOfOrder, None);
            }
        }
    }

    fn on_request(&mut self, id: StreamId, frame: &BinaryFrame) {
        if id.0 <= self.last_stream {
            return self.fault(FaultKind::OutOfOrder, "");
        }
        self.last_stream = id.0;
        let (status, why) = match self.admit(frame) {
            Ok((head, operation)) => return self.take_in(id, frame.stream, head, operation),
            Err(refusal) => refusal,
        };
        if status == 400 {
            self.count_fault(FaultKind::Malformed, Some(id));
        }
        self.say_fail(id, frame.stream, &Failure::provider(status, why));
    }

    /// Decides about a request by its head.
    fn admit(&self, frame: &BinaryFrame) -> Result<(RequestHead, Operation), (u16, &'static str)> {
        let Some(head) = frame.json::<RequestHead>() else {
            return Err((400, "the request's head is malformed"));
        };
        if (head.body_bytes == 0) != (frame.flags & END_OF_BODY != 0) {
            return Err((400, "the request's head contradicts its length"));
        }
        let Some(operation) = Operation::parse(&head.operation) else {
            return Err((501, "unknown operation"));
        };
        let limit = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        if head.body_bytes > limit(self.config.max_body) {
            return Err((413, "the request is too large for this provider"));
        }
        let assembling = self.assembling.saturating_add(head.body_bytes);
        if self.streams.len() >= self.config.max_streams
            || assembling > limit(self.config.max_assembling)
        {
            return Err((503, "too many requests at once"));
        }
        Ok((head, operation))
    }

    fn take_in(&mut self, id: StreamId, number: u32, head: RequestHead, operation: Operation) {
        let empty = head.body_bytes == 0;
        self.assembling += head.body_bytes;
        let intake = Intake {
            head,
            operation,
            body: BytesMut::new(),
            inbound: Inbound::new(),
        };
        let v2 = V2 {
            number,
            intake: Some(Box::new(intake)),
            outbound: Outbound::new(),
            began: false,
            end: None,
        };
        let received = self.now;
        self.intakes.insert((received.after(INTAKE_TIMEOUT), id));
        let wire = Wire::V2(v2);
        self.streams.insert(id, Stream { received, wire });
        if empty {
            self.complete(id, Bytes::new());
        }
    }

    fn on_request_data(&mut self, id: StreamId, frame: BinaryFrame) {
        let Some(v2) = self.streams.get_mut(&id).and_then(Stream::v2) else {
            return;
        };
        let Some(intake) = &mut v2.intake else {
            return self.violate(
                id,
                FaultKind::OutOfOrder,
                "bytes after the end of the request",
            );
        };
        let payload = frame.payload;
        if !intake.inbound.take(payload.len()) {
            return self.violate(id, FaultKind::OverCredit, "more bytes than credit");
        }
        let come = intake.body.len() + payload.len();
        let come = u64::try_from(come).unwrap_or(u64::MAX);
        let last = frame.flags & END_OF_BODY != 0;
        if come > intake.head.body_bytes || last != (come == intake.head.body_bytes) {
            let why = "the request's length is not what its head said";
            return self.violate(id, FaultKind::Malformed, why);
        }
        if last {
            let mut body = std::mem::take(&mut intake.body);
            // A body that came in one frame, the usual case, is not copied.
            if !body.is_empty() {
                body.extend_from_slice(&payload);
            }
            let body = if body.is_empty() {
                payload
            } else {
                body.freeze()
            };
            return self.complete(id, body);
        }
        intake.body.extend_from_slice(&payload);
        if let Some(credit) = intake.inbound.give_back(payload.len()) {
            let frame = binary::encode(Kind::Credit, 0, v2.number, &credit.to_be_bytes());
            self.outbox.binary(Some(id), frame);
        }
    }

    /// Hands a complete request on.
    fn complete(&mut self, id: StreamId, body: Bytes) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let due = stream.received.after(INTAKE_TIMEOUT);
        let Some(intake) = stream.v2().and_then(|v2| v2.intake.take()) else {
            return;
        };
        self.intakes.remove(&(due, id));
        self.assembling = self.assembling.saturating_sub(intake.head.body_bytes);
        let request = Request {
            stream: id,
            request_id: text::clip(&intake.head.request_id, 128).to_owned(),
            model: intake.head.model,
            operation: intake.operation,
            streaming: intake.head.stream,
            content_type: intake.head.content_type,
            body,
            deadline_ms: intake.head.deadline_ms,
            sign: sign::terms(intake.head.sign.as_deref()),
        };
        let event = ProviderEvent::Request(Box::new(request));
        self.events.push_back(event);
    }

    /// The hub broke the protocol on one stream: that one fails, the others go on.
    fn violate(&mut self, id: StreamId, kind: FaultKind, why: &str) {
        let known = self.streams.get(&id).is_some_and(Stream::is_known);
        self.refuse(id, &Failure::provider(400, why));
        if known {
            let reason = CancelReason::ProtocolViolation;
            let event = ProviderEvent::Cancelled { stream: id, reason };
            self.events.push_back(event);
        }
        self.count_fault(kind, Some(id));
    }

    fn on_credit(&mut self, id: StreamId, frame: &BinaryFrame) {
        let Some(v2) = self.streams.get_mut(&id).and_then(Stream::v2) else {
            return;
        };
        let was_full = v2.outbound.spare() == 0;
        if !frame
            .credit()
            .is_some_and(|credit| v2.outbound.add_credit(credit))
        {
            return self.violate(id, FaultKind::OverCredit, "credit that makes no sense");
        }
        if was_full && v2.outbound.spare() > 0 && v2.end.is_none() {
            self.events.push_back(ProviderEvent::Credit { stream: id });
        }
        self.schedule(id);
    }

    pub(super) fn head_v2(
        &mut self,
        stream: StreamId,
        status: u16,
        content_type: Option<&str>,
        retry_after: Option<Duration>,
    ) -> Result<(), StreamError> {
        let v2 = self.open_v2(stream)?;
        if std::mem::replace(&mut v2.began, true) {
            return Err(StreamError::OutOfOrder);
        }
        let head = envelope::json(&ResponseHead {
            status,
            content_type: content_type.map(|kind| text::clip(kind, 256).to_owned()),
            retry_after_ms: binary::retry_after_ms(retry_after),
        });
        let frame = binary::encode(Kind::Response, 0, v2.number, &head);
        self.outbox.binary(Some(stream), frame);
        Ok(())
    }

    pub(super) fn body_v2(&mut self, stream: StreamId, bytes: Bytes) -> Result<(), StreamError> {
        let limit = self.config.max_queued_per_stream;
        let v2 = self.open_v2(stream)?;
        if !v2.began {
            return Err(StreamError::OutOfOrder);
        }
        if v2.outbound.spare() == 0 && v2.outbound.len() >= limit {
            return Err(StreamError::Full);
        }
        v2.outbound.push(bytes);
        self.schedule(stream);
        Ok(())
    }

    pub(super) fn finish_v2(
        &mut self,
        id: StreamId,
        end: StreamEnd,
        signed: Option<&SignedStatement>,
    ) -> Result<(), StreamError> {
        let signed = signed.and_then(sign::signed);
        let latency_ms = self.latency_ms(id, end);
        let v2 = self.open_v2(id)?;
        if !v2.began {
            return Err(StreamError::OutOfOrder);
        }
        let hint = envelope::json(&EndHint {
            tokens_input: end.tokens_input,
            tokens_output: end.tokens_output,
            latency_ms: Some(latency_ms),
            signed: signed.as_deref(),
        });
        v2.end = Some(binary::encode(Kind::End, 0, v2.number, &hint));
        self.end_if_sent(id);
        Ok(())
    }

    /// Sends the end once all bytes before it were sent.
    fn end_if_sent(&mut self, id: StreamId) {
        let Some(v2) = self.streams.get_mut(&id).and_then(Stream::v2) else {
            return;
        };
        if v2.outbound.len() == 0
            && let Some(end) = v2.end.take()
        {
            self.remove(id);
            self.outbox.binary(Some(id), end);
        }
    }

    fn schedule(&mut self, id: StreamId) {
        if let Some(v2) = self.streams.get_mut(&id).and_then(Stream::v2)
            && v2.outbound.can_send()
            && !std::mem::replace(&mut v2.outbound.scheduled, true)
        {
            self.ready.push_back(id);
        }
    }

    /// Puts the next frame of an answer into the outbox; streams take turns. `None` when there is none.
    pub(super) fn next_data(&mut self) -> Option<()> {
        while let Some(id) = self.ready.pop_front() {
            let Some(v2) = self.streams.get_mut(&id).and_then(Stream::v2) else {
                continue;
            };
            v2.outbound.scheduled = false;
            let number = v2.number;
            let Some(frame) = v2.outbound.next_frame(Kind::ResponseData, number, false) else {
                continue;
            };
            self.outbox.binary(Some(id), frame);
            self.schedule(id);
            self.end_if_sent(id);
            return Some(());
        }
        None
    }

    /// Ends a request with a failure, in the form of the dialect.
    pub(super) fn refuse(&mut self, id: StreamId, failure: &Failure) {
        let latency_ms = self.latency_ms(id, StreamEnd::default());
        match self.remove(id).map(|stream| stream.wire) {
            Some(Wire::V1(v1)) => self.say_failure_v1(id, &v1, latency_ms, failure),
            Some(Wire::V2(v2)) => {
                self.say_fail(id, v2.number, failure);
            }
            None => {}
        }
    }

    fn say_fail(&mut self, id: StreamId, number: u32, failure: &Failure) {
        let note = envelope::json(&FailNote {
            status: u64::from(failure.status),
            message: text::clip(&failure.message, 4096).to_owned(),
            retry_after_ms: binary::retry_after_ms(failure.retry_after),
        });
        let frame = binary::encode(Kind::Fail, 0, number, &note);
        self.outbox.binary(Some(id), frame);
    }

    fn open_v2(&mut self, stream: StreamId) -> Result<&mut V2, StreamError> {
        let open = self.streams.get_mut(&stream);
        let open = open.filter(|stream| stream.is_known() && !stream.is_finished());
        open.and_then(Stream::v2).ok_or(StreamError::Closed)
    }
}
