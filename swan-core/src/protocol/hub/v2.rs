//! Requests and answers in binary frames, as a hub speaks them.

use bytes::Bytes;

use super::super::outbox::{Inbound, Outbound};
use super::super::wire::binary::{
    self, BinaryFrame, END_OF_BODY, EndHint, FailNote, Kind, RequestHead, ResponseHead,
};
use super::super::wire::from_provider::failure_status;
use super::super::wire::{envelope, sign, text};
use super::super::{MAX_DATA_PAYLOAD, Piece, StreamEnd};
use super::stream::V2;
use super::{Dialect, Dispatch, DispatchError, Failure, FaultKind, HubEvent, HubSession, StreamId};
use crate::Timestamp;

impl HubSession {
    pub(super) fn dispatch_v2(
        &mut self,
        id: StreamId,
        dispatch: Dispatch,
    ) -> Result<V2, DispatchError> {
        let number = self.next_stream;
        let size: usize = dispatch.body.iter().map(Bytes::len).sum();
        let head = envelope::json(&RequestHead {
            request_id: dispatch.request_id,
            model: dispatch.model,
            operation: dispatch.operation.as_str().to_owned(),
            stream: dispatch.stream,
            content_type: dispatch.content_type,
            body_bytes: u64::try_from(size).unwrap_or(u64::MAX),
            deadline_ms: Some(dispatch.deadline_ms),
            sign: dispatch.sign.as_deref().and_then(sign::ask),
        });
        if head.len() > MAX_DATA_PAYLOAD {
            return Err(DispatchError::FrameTooLarge {
                limit: MAX_DATA_PAYLOAD,
                size: head.len(),
            });
        }
        let flags = if size == 0 { END_OF_BODY } else { 0 };
        let frame = binary::encode(Kind::Request, flags, number, &head);
        self.outbox.binary(Some(id), frame);
        let mut outbound = Outbound::new();
        for segment in dispatch.body {
            outbound.push(segment);
        }
        self.waiting_bytes += size;
        if size > 0 {
            outbound.scheduled = true;
            self.ready.push_back(id);
        }
        Ok(V2 {
            number,
            outbound,
            inbound: Inbound::new(),
            signs: dispatch.sign.is_some(),
        })
    }

    /// The next frame of a request body; streams take turns, so that a large body does not hold up the others.
    pub(super) fn next_data(&mut self) -> Option<Bytes> {
        while let Some(id) = self.ready.pop_front() {
            let Some(v2) = self.streams.get_mut(&id).and_then(super::Stream::v2) else {
                continue;
            };
            v2.outbound.scheduled = false;
            let before = v2.outbound.len();
            let frame = v2.outbound.next_frame(Kind::RequestData, v2.number, true);
            let sent = before - v2.outbound.len();
            if v2.outbound.can_send() {
                v2.outbound.scheduled = true;
                self.ready.push_back(id);
            }
            self.waiting_bytes = self.waiting_bytes.saturating_sub(sent);
            if frame.is_some() {
                return frame;
            }
        }
        None
    }

    pub(super) fn say_credit(&mut self, number: u32, credit: u32) {
        let frame = binary::encode(Kind::Credit, 0, number, &credit.to_be_bytes());
        self.outbox.binary(None, frame);
    }

    pub(super) fn handle_binary(&mut self, now: Timestamp, bytes: Bytes) {
        if self.dialect == Dialect::V1 {
            return self.fault(now, FaultKind::UnknownKind, "");
        }
        if !self.registered {
            return self.fault(now, FaultKind::OutOfOrder, "");
        }
        let Some(frame) = BinaryFrame::decode(bytes) else {
            return self.fault(now, FaultKind::Malformed, "");
        };
        let Some(kind) = frame.kind else {
            self.stats.ignored += 1;
            return;
        };
        if frame.stream == 0 || frame.stream >= self.next_stream {
            return self.fault(now, FaultKind::UnknownStream, "");
        }
        let id = StreamId(u64::from(frame.stream));
        if !self.streams.contains_key(&id) {
            self.stats.late_frames += 1;
            return;
        }
        let outcome = match kind {
            Kind::Response => self.on_head(id, &frame),
            Kind::ResponseData => self.on_data(id, frame.payload),
            Kind::End => self.on_complete(id, &frame),
            Kind::Fail => self.on_fail(id, &frame),
            Kind::Credit => self.on_credit(id, &frame),
            Kind::Request | Kind::RequestData | Kind::Cancel => Err(FaultKind::OutOfOrder),
        };
        if let Err(kind) = outcome {
            self.violate(now, id, kind);
        }
    }

    fn on_head(&mut self, id: StreamId, frame: &BinaryFrame) -> Result<(), FaultKind> {
        let head: ResponseHead = frame.json().ok_or(FaultKind::Malformed)?;
        if !(200..=599).contains(&head.status) {
            return Err(FaultKind::Malformed);
        }
        let stream = self.streams.get_mut(&id).ok_or(FaultKind::UnknownStream)?;
        if std::mem::replace(&mut stream.began, true) {
            return Err(FaultKind::OutOfOrder);
        }
        let printable =
            |kind: &String| kind.len() <= 256 && kind.bytes().all(|b| (b' '..=b'~').contains(&b));
        self.events.push_back(HubEvent::Head {
            stream: id,
            status: head.status,
            content_type: head.content_type.filter(printable),
            retry_after: binary::retry_after(head.retry_after_ms),
        });
        Ok(())
    }

    fn on_data(&mut self, id: StreamId, payload: Bytes) -> Result<(), FaultKind> {
        let stream = self.streams.get_mut(&id).ok_or(FaultKind::UnknownStream)?;
        if !stream.began {
            return Err(FaultKind::OutOfOrder);
        }
        let v2 = stream.v2().ok_or(FaultKind::OutOfOrder)?;
        if !v2.inbound.take(payload.len()) {
            return Err(FaultKind::OverCredit);
        }
        if !payload.is_empty() {
            self.events.push_back(HubEvent::Body {
                stream: id,
                piece: Piece::Raw(payload),
            });
        }
        Ok(())
    }

    fn on_complete(&mut self, id: StreamId, frame: &BinaryFrame) -> Result<(), FaultKind> {
        let stream = self.streams.get_mut(&id).filter(|stream| stream.began);
        let stream = stream.ok_or(FaultKind::OutOfOrder)?;
        let signs = stream.v2().is_some_and(|v2| v2.signs);
        // The figures are only a hint, so that nonsense in them does not undo a complete answer.
        let hint: EndHint<'_> = frame.json().unwrap_or_default();
        let end = StreamEnd {
            tokens_input: hint.tokens_input,
            tokens_output: hint.tokens_output,
            latency_ms: hint.latency_ms,
        };
        // Nobody wants to read what was not asked for.
        let signed = hint.signed.filter(|_| signs);
        self.end(id, end, sign::attestation(signed));
        Ok(())
    }

    fn on_fail(&mut self, id: StreamId, frame: &BinaryFrame) -> Result<(), FaultKind> {
        let note: FailNote = frame.json().ok_or(FaultKind::Malformed)?;
        let message = text::clip(&note.message, 4096);
        let failure = Failure {
            retry_after: binary::retry_after(note.retry_after_ms),
            ..Failure::provider(failure_status(note.status), message)
        };
        self.fail(id, failure);
        Ok(())
    }

    fn on_credit(&mut self, id: StreamId, frame: &BinaryFrame) -> Result<(), FaultKind> {
        let credit = frame.credit().ok_or(FaultKind::Malformed)?;
        let v2 = self.streams.get_mut(&id).and_then(super::Stream::v2);
        let v2 = v2.ok_or(FaultKind::UnknownStream)?;
        if !v2.outbound.add_credit(credit) {
            return Err(FaultKind::OverCredit);
        }
        if v2.outbound.can_send() && !std::mem::replace(&mut v2.outbound.scheduled, true) {
            self.ready.push_back(id);
        }
        Ok(())
    }
}
