//! Requests and answers in the JSON dialect, as a hub speaks it.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::super::outbox::Unread;
use super::super::wire::envelope::Envelope;
use super::super::wire::from_provider::{ErrorIn, Reply, StreamChunk, StreamEndIn, failure_status};
use super::super::wire::{text, to_provider};
use super::super::{Piece, StreamEnd};
use super::stream::{Ending, V1};
use super::{
    CancelReason, Dispatch, DispatchError, Failure, FailureOrigin, FaultKind, HubEvent, HubSession,
    StreamId,
};
use crate::Timestamp;

/// Longest error message that is passed on, in bytes.
const MAX_MESSAGE: usize = 4096;

/// What may stand around a piece in its frame before it is worth copying out: more than any agent has.
const MAX_AROUND: usize = 4096;

impl HubSession {
    pub(super) fn dispatch_v1(
        &mut self,
        id: StreamId,
        dispatch: &Dispatch,
    ) -> Result<V1, DispatchError> {
        if !self.takes(&dispatch.operation) {
            return Err(DispatchError::OperationUnsupported);
        }
        if self.by_request.contains_key(dispatch.request_id.as_str()) {
            return Err(DispatchError::RequestId);
        }
        let limit = self.agent.max_frame;
        let size: usize = dispatch.body.iter().map(Bytes::len).sum();
        if size > limit {
            return Err(DispatchError::FrameTooLarge { limit, size });
        }
        let (frame, body) = to_provider::inference(
            &dispatch.request_id,
            &dispatch.model,
            dispatch.operation.as_str(),
            dispatch.stream,
            &dispatch.body,
        );
        let size = frame.len();
        if size > limit {
            return Err(DispatchError::FrameTooLarge { limit, size });
        }
        // Checked in place: a body that is not one whole object would change the meaning of the envelope around it.
        let body: Option<&RawValue> = frame
            .get(body)
            .and_then(|body| serde_json::from_slice(body).ok());
        if !body.is_some_and(|body| body.get().starts_with('{')) {
            return Err(DispatchError::NotJson);
        }
        self.outbox.text(Some(id), frame.into());
        let request_id: Box<str> = dispatch.request_id.as_str().into();
        self.by_request.insert(request_id.clone(), id);
        Ok(V1 {
            request_id,
            streaming: dispatch.stream,
            unread: Unread::default(),
            ending: None,
        })
    }

    pub(super) fn on_chunk(&mut self, now: Timestamp, frame: &Bytes, envelope: &Envelope<'_>) {
        let Some(payload) = envelope.payload::<StreamChunk<'_>>() else {
            return self.malformed(now, envelope);
        };
        let grace = now.after(self.config.end_grace);
        let Some((stream, v1)) = self.stream_of(envelope.id_or(&payload.request_id)) else {
            return;
        };
        if !v1.streaming {
            return self.violate(now, stream, FaultKind::OutOfOrder);
        }
        if v1.ending.is_some() {
            self.stats.late_frames += 1;
            return;
        }
        if !payload.error.is_empty() {
            // The status that decides about a retry comes with `stream_end`, right behind it.
            let message = text::clip(&payload.error, MAX_MESSAGE).to_owned();
            v1.ending = Some(Ending::Failed(message));
            return self.reschedule(stream, grace);
        }
        if payload.done == Some(true) {
            v1.ending = Some(Ending::Done);
            self.reschedule(stream, grace);
        }
        if let Some(chunk) = payload.chunk {
            let piece = Piece::Event(part_of(frame, chunk.get()));
            self.deliver(stream, "text/event-stream", piece);
        }
    }

    pub(super) fn on_end(&mut self, now: Timestamp, envelope: &Envelope<'_>) {
        let Some(payload) = envelope.payload::<StreamEndIn<'_>>() else {
            return self.malformed(now, envelope);
        };
        let Some((stream, v1)) = self.stream_of(envelope.id_or(&payload.request_id)) else {
            return;
        };
        let told = match v1.ending.take() {
            Some(Ending::Failed(message)) => Some(message),
            Some(Ending::Done) | None => None,
        };
        let own = text::clip(&payload.error, MAX_MESSAGE);
        if told.is_some() || !own.is_empty() || payload.status_code >= 400 {
            let message = told.unwrap_or_else(|| own.to_owned());
            let failure = Failure::provider(failure_status(payload.status_code), message);
            return self.fail(stream, failure);
        }
        if !v1.streaming {
            return self.violate(now, stream, FaultKind::OutOfOrder);
        }
        self.begin(stream, "text/event-stream");
        let known = |figure: u64| (figure > 0).then_some(figure);
        let end = StreamEnd {
            tokens_input: known(payload.tokens_input),
            tokens_output: known(payload.tokens_output),
            latency_ms: known(payload.latency_ms),
        };
        self.end(stream, end, None);
    }

    /// An `ack` or, from some agents, the failure of a request that was to be streamed.
    pub(super) fn on_reply(&mut self, now: Timestamp, frame: &Bytes, envelope: &Envelope<'_>) {
        let Some(payload) = envelope.payload::<Reply<'_>>() else {
            return self.malformed(now, envelope);
        };
        let Some((stream, v1)) = self.stream_of(envelope.id_or(&payload.request_id)) else {
            return;
        };
        if v1.ending.is_some() {
            // It has said before how it ends, and only that counts.
            return self.stream_due(stream);
        }
        let body = payload.response.map(|raw| part_of(frame, raw.get()));
        let message = text::clip(&payload.error, MAX_MESSAGE);
        if !message.is_empty() || payload.status_code >= 400 {
            let mut failure = Failure::provider(failure_status(payload.status_code), message);
            failure.body = body;
            return self.fail(stream, failure);
        }
        if self.streams.get(&stream).is_some_and(|stream| stream.began) {
            return self.violate(now, stream, FaultKind::OutOfOrder);
        }
        let Some(body) = body else {
            let failure = Failure::provider(502, "the provider's reply is empty");
            return self.fail(stream, failure);
        };
        self.deliver(stream, "application/json", Piece::Raw(body));
        let end = StreamEnd {
            latency_ms: (payload.latency_ms > 0).then_some(payload.latency_ms),
            ..StreamEnd::default()
        };
        self.end(stream, end, None);
    }

    pub(super) fn on_error(&mut self, now: Timestamp, envelope: &Envelope<'_>) {
        let Some(payload) = envelope.payload::<ErrorIn<'_>>() else {
            return self.malformed(now, envelope);
        };
        let id = envelope.id_or(&payload.request_id);
        if let Some((stream, v1)) = self.stream_of(id) {
            if v1.ending.is_some() {
                return self.stream_due(stream);
            }
            let message = text::clip(&payload.message, MAX_MESSAGE);
            let failure = Failure::provider(failure_status(payload.code), message);
            self.fail(stream, failure);
        }
    }

    /// A payload without the shape of its type: the stream that it names cannot be trusted to go on.
    fn malformed(&mut self, now: Timestamp, envelope: &Envelope<'_>) {
        match self.by_request.get(&*envelope.request_id) {
            Some(&stream) => self.violate(now, stream, FaultKind::Malformed),
            None => self.fault(now, FaultKind::Malformed, &envelope.request_id),
        }
    }

    /// Reports the head, unless that was done before.
    fn begin(&mut self, id: StreamId, content_type: &str) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !std::mem::replace(&mut stream.began, true)
        {
            self.events.push_back(HubEvent::Head {
                stream: id,
                status: 200,
                content_type: Some(content_type.to_owned()),
                retry_after: None,
            });
        }
    }

    /// Reports a piece, unless more is unread than may be.
    fn deliver(&mut self, stream: StreamId, content_type: &str, piece: Piece) {
        let limit = self.config.max_unconsumed;
        let Some(v1) = self.streams.get_mut(&stream).and_then(super::Stream::v1) else {
            return;
        };
        let is_alone = v1.unread.cost() == 0;
        v1.unread.add(piece.len());
        if !is_alone && v1.unread.cost() > limit {
            self.abandon(stream, &CancelReason::Other("overflow".into()));
            let message = "the answer came faster than it was taken";
            let failure = Failure::new(FailureOrigin::Overflow, 502, message);
            self.events.push_back(HubEvent::Failed { stream, failure });
            return;
        }
        self.begin(stream, content_type);
        self.events.push_back(HubEvent::Body { stream, piece });
    }
}

/// A part of a frame: a slice of it, unless that would keep much more alive than the part is.
fn part_of(frame: &Bytes, part: &str) -> Bytes {
    let part = part.as_bytes();
    if frame.len() - part.len() > MAX_AROUND {
        return Bytes::copy_from_slice(part);
    }
    frame.slice_ref(part)
}
