//! What a provider writes.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::heartbeat::{Health, Heartbeat};
use super::super::registration::{Hardware, ModelDeclaration, ModelHash, Registration};
use super::envelope::{encode, json};
use crate::receipt::PublicKey;

/// A registration, field by field as the public agent writes it.
pub(crate) fn register(request_id: &str, registration: &Registration) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        node_id: &'a str,
        provider_id: &'a str,
        node_name: &'a str,
        worker_addr: &'a str,
        owner_addr: &'a str,
        token: &'a str,
        models: &'a [String],
        model_hashes: &'a [ModelHash],
        model_declarations: &'a [ModelDeclaration],
        capabilities: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        hardware: Option<&'a Hardware>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cp_version: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signing_key: Option<PublicKey>,
    }
    let payload = Payload {
        node_id: &registration.node_id,
        provider_id: &registration.node_id,
        node_name: &registration.node_name,
        worker_addr: &registration.node_id,
        owner_addr: "",
        token: &registration.token,
        models: &registration.models,
        model_hashes: &registration.model_hashes,
        model_declarations: &registration.model_declarations,
        capabilities: &registration.capabilities,
        hardware: registration.hardware.as_ref(),
        cp_version: registration.cp_version.as_deref(),
        commit: registration.commit.as_deref(),
        signing_key: registration.signing_key,
    };
    encode("register", request_id, &payload)
}

/// A heartbeat.
pub(crate) fn heartbeat(
    request_id: &str,
    node_id: &str,
    timestamp_secs: u64,
    heartbeat: &Heartbeat,
) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        node_id: &'a str,
        provider_id: &'a str,
        timestamp: u64,
        metrics: BTreeMap<&'a str, f64>,
        models: &'a [String],
        model_health: BTreeMap<&'a str, &'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        hardware: Option<&'a Hardware>,
    }
    let payload = Payload {
        node_id,
        provider_id: node_id,
        timestamp: timestamp_secs,
        // JSON has no word for what is not a number.
        metrics: heartbeat
            .metrics
            .iter()
            .filter(|(_, value)| value.is_finite())
            .map(|(name, value)| (name.as_str(), *value))
            .collect(),
        models: &heartbeat.models,
        model_health: health_map(&heartbeat.model_health),
        hardware: heartbeat.hardware.as_ref(),
    };
    encode("heartbeat", request_id, &payload)
}

/// A change of some models' health.
pub(crate) fn health(node_id: &str, timestamp_secs: u64, models: &[(String, Health)]) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        node_id: &'a str,
        provider_id: &'a str,
        model_health: BTreeMap<&'a str, &'static str>,
        timestamp: u64,
    }
    let payload = Payload {
        node_id,
        provider_id: node_id,
        model_health: health_map(models),
        timestamp: timestamp_secs,
    };
    encode("model_health_update", "", &payload)
}

fn health_map(models: &[(String, Health)]) -> BTreeMap<&str, &'static str> {
    models
        .iter()
        .map(|(model, health)| (model.as_str(), health.as_str()))
        .collect()
}

/// What all chunks of one stream begin with, up to the chunk itself.
pub(crate) fn chunk_prefix(request_id: &str) -> Vec<u8> {
    let id = json(request_id);
    [
        br#"{"type":"stream_chunk","request_id":"#.as_slice(),
        &id,
        br#","payload":{"request_id":"#,
        &id,
        br#","chunk":"#,
    ]
    .concat()
}

/// One chunk around data that is valid JSON; the data is copied once.
pub(crate) fn chunk(prefix: &[u8], data: &[u8]) -> Bytes {
    const SUFFIX: &[u8] = br#","done":false}}"#;
    let mut frame = Vec::with_capacity(prefix.len() + data.len() + SUFFIX.len());
    frame.extend_from_slice(prefix);
    frame.extend_from_slice(data);
    frame.extend_from_slice(SUFFIX);
    frame.into()
}

/// The last chunk: the end marker of the model server, or a failure.
pub(crate) fn last_chunk(request_id: &str, error: &str) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        chunk: Option<u8>,
        done: bool,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
    }
    let payload = Payload {
        request_id,
        chunk: None,
        done: true,
        error,
    };
    encode("stream_chunk", request_id, &payload)
}

/// How an answer ended: what `stream_end` and the answering `ack` have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome<'a> {
    pub(crate) status: u16,
    pub(crate) error: &'a str,
    pub(crate) latency_ms: u64,
    pub(crate) tokens_input: u64,
    pub(crate) tokens_output: u64,
}

/// The end of a stream.
pub(crate) fn stream_end(request_id: &str, outcome: Outcome<'_>) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        latency_ms: u64,
        tokens_input: u64,
        tokens_output: u64,
        status_code: u16,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
    }
    let payload = Payload {
        request_id,
        latency_ms: outcome.latency_ms,
        tokens_input: outcome.tokens_input,
        tokens_output: outcome.tokens_output,
        status_code: outcome.status,
        error: outcome.error,
    };
    encode("stream_end", request_id, &payload)
}

/// The answer to a request that is not streamed.
pub(crate) fn reply(request_id: &str, response: Option<&RawValue>, outcome: Outcome<'_>) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        response: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
        status_code: u16,
        latency_ms: u64,
    }
    let payload = Payload {
        request_id,
        response,
        error: outcome.error,
        status_code: outcome.status,
        latency_ms: outcome.latency_ms,
    };
    encode("ack", request_id, &payload)
}
