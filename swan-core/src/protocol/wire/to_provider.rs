//! What a hub writes.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::super::notice::{Accepted, Notice, Upgrade};
use super::envelope::encode;
use super::text::clip;

/// The answer to a registration, good or bad.
pub(crate) fn registration_ack(request_id: &str, accepted: &Accepted) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        success: bool,
        message: &'a str,
        registered_models: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        upgrade_available: Option<&'a Upgrade>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_id: Option<&'a str>,
    }
    let payload = Payload {
        request_id,
        success: true,
        message: &accepted.message,
        registered_models: &accepted.registered_models,
        upgrade_available: accepted.upgrade.as_ref(),
        provider_id: accepted.provider_id.as_deref(),
    };
    encode("ack", request_id, &payload)
}

/// A plain acknowledgement.
pub(crate) fn ack(request_id: &str, success: bool, message: &str) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        success: bool,
        #[serde(skip_serializing_if = "str::is_empty")]
        message: &'a str,
    }
    let payload = Payload {
        request_id,
        success,
        message,
    };
    encode("ack", request_id, &payload)
}

/// A v1 cancel.
pub(crate) fn cancel(request_id: &str, reason: &str) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        reason: &'a str,
    }
    encode("cancel", request_id, &Payload { request_id, reason })
}

/// A notice, clipped to what public agents take.
pub(crate) fn notice(notice: &Notice) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        event: String,
        severity: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        model_id: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        details: BTreeMap<&'a str, &'a str>,
    }
    let word = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    let payload = Payload {
        event: notice.event.chars().filter(|c| word(*c)).take(64).collect(),
        severity: notice.severity.as_str(),
        model_id: clip(&notice.model_id, 200),
        message: clip(&notice.message, 1000),
        details: notice
            .details
            .iter()
            .take(16)
            .map(|(name, value)| (clip(name, 200), clip(value, 200)))
            .collect(),
    };
    encode("notice", "", &payload)
}

/// The text message `drain`, of either side.
pub(crate) fn drain() -> Bytes {
    #[derive(Serialize)]
    struct Payload {}
    encode("drain", "", &Payload {})
}

/// A v1 `inference` message around a body in segments, and where in it the body lies.
pub(crate) fn inference(
    request_id: &str,
    model: &str,
    operation: &str,
    stream: bool,
    body: &[Bytes],
) -> (Vec<u8>, std::ops::Range<usize>) {
    #[derive(Serialize)]
    struct Head<'a> {
        endpoint_id: &'a str,
        model_id: &'a str,
        stream: bool,
        operation: &'a str,
    }
    let head = Head {
        endpoint_id: "",
        model_id: model,
        stream,
        operation,
    };
    let envelope = encode("inference", request_id, &head);
    // The two closing braces come off, and go on again behind the body.
    let open = envelope.strip_suffix(b"}}").unwrap_or(&envelope);
    let length: usize = body.iter().map(Bytes::len).sum();
    let mut frame = Vec::with_capacity(open.len() + length + 16);
    frame.extend_from_slice(open);
    frame.extend_from_slice(b",\"request\":");
    let start = frame.len();
    for segment in body {
        frame.extend_from_slice(segment);
    }
    let end = frame.len();
    frame.extend_from_slice(b"}}");
    (frame, start..end)
}
