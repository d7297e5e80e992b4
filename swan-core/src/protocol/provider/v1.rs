//! Requests and answers in the JSON dialect, as a provider speaks it.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::wire::envelope::Envelope;
use super::super::wire::from_hub::{CancelIn, Inference};
use super::super::wire::text;
use super::super::wire::to_hub::{self, Outcome};
use super::super::{Operation, Request};
use super::stream::{Answer, Events, V1};
use super::{
    CancelReason, Failure, FaultKind, ProviderEvent, ProviderSession, Stream, StreamEnd,
    StreamError, StreamId, Wire,
};
use crate::sse::{EventSplitter, is_done};

/// How much of a model server's error body is kept, in bytes.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// Longest error message on the wire, in bytes.
const MAX_MESSAGE: usize = 4096;

impl ProviderSession {
    pub(super) fn on_inference(&mut self, frame: &Bytes, envelope: &Envelope<'_>) -> Option<()> {
        let payload: Inference<'_> = envelope.payload()?;
        let request_id = &*envelope.request_id;
        if request_id.is_empty() || self.by_request.contains_key(request_id) {
            self.fault(FaultKind::OutOfOrder, request_id);
            return Some(());
        }
        let body = payload.request.filter(|raw| raw.get().starts_with('{'))?;
        let body = frame.slice_ref(body.get().as_bytes());
        self.last_stream += 1;
        let stream = StreamId(self.last_stream);
        let operation = payload.operation();
        let v1 = V1 {
            request_id: request_id.into(),
            streaming: payload.stream,
            queued: 0,
            answer: Answer::Awaited,
        };
        let full = self.streams.len() >= self.config.max_streams;
        let (received, wire) = (self.now, Wire::V1(v1));
        self.by_request.insert(request_id.into(), stream);
        self.streams.insert(stream, Stream { received, wire });
        match operation {
            _ if full => self.refuse(stream, &Failure::provider(503, "too many requests at once")),
            None => self.refuse(stream, &Failure::provider(501, "unknown operation")),
            Some(operation) => self.announce(
                stream,
                operation,
                &payload.model_id,
                payload.stream,
                request_id,
                body,
            ),
        }
        Some(())
    }

    fn announce(
        &mut self,
        stream: StreamId,
        operation: Operation,
        model: &str,
        streaming: bool,
        request_id: &str,
        body: Bytes,
    ) {
        let request = Request {
            stream,
            request_id: request_id.to_owned(),
            model: model.to_owned(),
            operation,
            streaming,
            content_type: "application/json".to_owned(),
            body,
            deadline_ms: None,
            sign: None,
        };
        let event = ProviderEvent::Request(Box::new(request));
        self.events.push_back(event);
    }

    pub(super) fn on_cancel_v1(&mut self, envelope: &Envelope<'_>) -> Option<()> {
        let payload: CancelIn<'_> = envelope.payload()?;
        match self.by_request.get(envelope.id_or(&payload.request_id)) {
            Some(&stream) => self.cancelled(stream, CancelReason::from_wire(&payload.reason)),
            // It raced with the end of the answer.
            None => self.stats.late_frames += 1,
        }
        Some(())
    }

    pub(super) fn head_v1(
        &mut self,
        stream: StreamId,
        status: u16,
        content_type: Option<&str>,
    ) -> Result<(), StreamError> {
        let max_event = self.config.max_event;
        let v1 = self.open_v1(stream)?;
        if !matches!(v1.answer, Answer::Awaited) {
            return Err(StreamError::OutOfOrder);
        }
        let events = content_type.is_none_or(|kind| {
            kind.trim_start()
                .get(..17)
                .is_some_and(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
        });
        v1.answer = if v1.streaming && events && status < 400 {
            Answer::Events(Box::new(Events {
                splitter: EventSplitter::new(max_event),
                prefix: to_hub::chunk_prefix(&v1.request_id),
                any: false,
                done: false,
            }))
        } else {
            Answer::Gathered {
                status,
                body: BytesMut::new(),
            }
        };
        Ok(())
    }

    pub(super) fn body_v1(&mut self, stream: StreamId, bytes: Bytes) -> Result<(), StreamError> {
        let (max_queued, max_reply) = (self.config.max_queued_per_stream, self.config.max_reply);
        let v1 = self.open_v1(stream)?;
        match &mut v1.answer {
            Answer::Awaited => Err(StreamError::OutOfOrder),
            Answer::Gathered { status, body } if *status >= 400 => {
                let room = MAX_ERROR_BODY.saturating_sub(body.len()).min(bytes.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or_default());
                Ok(())
            }
            Answer::Gathered { body, .. } => {
                if body.len().saturating_add(bytes.len()) > max_reply {
                    return self.unusable(stream, "the answer is too large for one frame");
                }
                body.extend_from_slice(&bytes);
                Ok(())
            }
            Answer::Events(events) => {
                if v1.queued >= max_queued {
                    return Err(StreamError::Full);
                }
                events.splitter.push(bytes);
                self.pass_events(stream, false)
            }
        }
    }

    /// Sends the events that are complete; at the end also the one that lacks its blank line.
    fn pass_events(&mut self, stream: StreamId, at_end: bool) -> Result<(), StreamError> {
        loop {
            let outbox = &mut self.outbox;
            let open = self.streams.get_mut(&stream).and_then(Stream::v1);
            let v1 = open.ok_or(StreamError::Closed)?;
            let Answer::Events(events) = &mut v1.answer else {
                return Err(StreamError::OutOfOrder);
            };
            let next = if at_end {
                events.splitter.finish()
            } else {
                events.splitter.next_event()
            };
            let event = match next {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(()),
                Err(_) => return self.unusable(stream, "the model server sent too large an event"),
            };
            if events.done {
                continue;
            }
            let frame = if is_done(&event.data) {
                events.done = true;
                to_hub::last_chunk(&v1.request_id, "")
            } else if serde_json::from_slice::<&RawValue>(&event.data).is_ok() {
                to_hub::chunk(&events.prefix, &event.data)
            } else {
                return self.unusable(stream, "the model server sent an event that is not JSON");
            };
            events.any = true;
            v1.queued += frame.len();
            outbox.text(Some(stream), frame);
        }
    }

    pub(super) fn finish_v1(
        &mut self,
        stream: StreamId,
        end: StreamEnd,
    ) -> Result<(), StreamError> {
        let v1 = self.open_v1(stream)?;
        match &mut v1.answer {
            Answer::Awaited => Err(StreamError::OutOfOrder),
            Answer::Events(_) => {
                self.pass_events(stream, true)?;
                let latency_ms = self.latency_ms(stream, end);
                let outcome = Outcome {
                    status: 200,
                    error: "",
                    latency_ms,
                    tokens_input: end.tokens_input.unwrap_or_default(),
                    tokens_output: end.tokens_output.unwrap_or_default(),
                };
                if let Some(Wire::V1(v1)) = self.remove(stream).map(|stream| stream.wire) {
                    let text = to_hub::stream_end(&v1.request_id, outcome);
                    self.outbox.text(Some(stream), text);
                }
                Ok(())
            }
            Answer::Gathered { status, body } if *status >= 400 => {
                let body = std::mem::take(body).freeze();
                let mut failure = Failure::provider(*status, error_message(*status, &body));
                failure.body = Some(body);
                self.refuse(stream, &failure);
                Ok(())
            }
            Answer::Gathered { status, body } => {
                let (status, body) = (*status, std::mem::take(body).freeze());
                let Ok(response) = serde_json::from_slice::<&RawValue>(&body) else {
                    return self.unusable(stream, "the model server's answer is not JSON");
                };
                let outcome = Outcome {
                    status,
                    latency_ms: self.latency_ms(stream, end),
                    ..Outcome::default()
                };
                if let Some(Wire::V1(v1)) = self.remove(stream).map(|stream| stream.wire) {
                    let text = to_hub::reply(&v1.request_id, Some(response), outcome);
                    self.outbox.text(Some(stream), text);
                }
                Ok(())
            }
        }
    }

    /// Sends a failure in the forms that public hubs look at: an error chunk only before the first token.
    pub(super) fn say_failure_v1(
        &mut self,
        id: StreamId,
        v1: &V1,
        latency_ms: u64,
        failure: &Failure,
    ) {
        let message = text::clip(&failure.message, MAX_MESSAGE);
        let outcome = Outcome {
            status: failure.status,
            error: if message.is_empty() {
                "failed"
            } else {
                message
            },
            latency_ms,
            ..Outcome::default()
        };
        if !v1.streaming {
            let body = failure.body.as_deref().unwrap_or_default();
            let response = serde_json::from_slice::<&RawValue>(body).ok();
            let text = to_hub::reply(&v1.request_id, response, outcome);
            return self.outbox.text(Some(id), text);
        }
        let begun = matches!(&v1.answer, Answer::Events(events) if events.any);
        if !begun {
            let text = to_hub::last_chunk(&v1.request_id, outcome.error);
            self.outbox.text(Some(id), text);
        }
        let text = to_hub::stream_end(&v1.request_id, outcome);
        self.outbox.text(Some(id), text);
    }

    fn unusable(&mut self, stream: StreamId, why: &str) -> Result<(), StreamError> {
        self.refuse(stream, &Failure::provider(502, why));
        Err(StreamError::Unusable)
    }

    fn open_v1(&mut self, stream: StreamId) -> Result<&mut V1, StreamError> {
        let open = self.streams.get_mut(&stream).and_then(Stream::v1);
        open.ok_or(StreamError::Closed)
    }

    pub(super) fn latency_ms(&self, stream: StreamId, end: StreamEnd) -> u64 {
        let received = self.streams.get(&stream).map(|stream| stream.received);
        let passed = self.now.since(received.unwrap_or(self.now)).as_millis();
        end.latency_ms
            .unwrap_or_else(|| u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

/// What a model server's error body says, or at least its status.
fn error_message(status: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Inner {
        Object { message: String },
        Plain(String),
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body {
            error: Inner::Object { message } | Inner::Plain(message),
        }) => message,
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let text = text::clip(text.trim(), 512);
            format!("the model server answered {status}: {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::error_message;

    #[test]
    fn error_bodies_and_their_messages() {
        let table: &[(&[u8], &str)] = &[
            (
                br#"{"error":{"message":"too long","code":400}}"#,
                "too long",
            ),
            (br#"{"error":"no such model"}"#, "no such model"),
            (b"oops", "the model server answered 400: oops"),
            (b"\xff", "the model server answered 400: \u{fffd}"),
        ];
        for (body, expected) in table {
            assert_eq!(error_message(400, body), *expected);
        }
    }
}
