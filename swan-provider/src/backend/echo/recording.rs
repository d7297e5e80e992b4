//! What is said of a recording: how long it is in bytes, since nothing here can hear.

use super::EchoBackend;
use crate::backend::{Call, Reply};
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use swan_core::openai::{Asks, RequestHead, TranscriptFormat};

/// Answers a request for the text of a recording.
pub(super) fn answer(call: &Call) -> Reply {
    if call.model != EchoBackend::AUDIO {
        let message = format!("the model {} hears nothing here", call.model);
        return EchoBackend::refusal(404, "model_not_found", &message);
    }
    let content_type = call.content_type.as_deref().unwrap_or_default();
    let head = match RequestHead::form(content_type, &call.body) {
        Ok(head) => head,
        Err(error) => return EchoBackend::refusal(400, "invalid_request", &error.to_string()),
    };
    let Asks::Transcription(asked) = &head.asks else {
        return EchoBackend::refusal(400, "invalid_request", "expected a recording");
    };
    let text = format!("A recording of {} bytes.", asked.file.len());
    // Nothing here measures sound: one second stands for all of it.
    let body = match asked.format {
        TranscriptFormat::Text => format!("{text}\n"),
        TranscriptFormat::Srt => format!("1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n"),
        TranscriptFormat::Vtt => format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n"),
        TranscriptFormat::VerboseJson => {
            let segment = json!({"id": 0, "start": 0.0, "end": 1.0, "text": text});
            let whole = json!({
                "task": "transcribe", "language": "english", "duration": 1.0, "text": text, "segments": [segment],
            });
            whole.to_string()
        }
        _ => json!({"text": text}).to_string(),
    };
    let content_type = Some(asked.format.content_type().to_owned());
    Reply::new(200, content_type, stream::iter([Ok(Bytes::from(body))]))
}
