//! Payloads that a provider sends, as a hub decodes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::heartbeat::{Health, Heartbeat};
use super::super::registration::Registration;
use super::envelope::Text;
use super::lenient;

/// Models per registration or heartbeat that a hub looks at.
const MAX_MODELS: usize = 512;
/// Longest model name that a hub looks at, in bytes.
const MAX_MODEL_NAME: usize = 200;
/// Longest descriptive text that a hub keeps, in bytes.
const MAX_TEXT: usize = 256;
/// Load figures per heartbeat that a hub looks at.
const MAX_METRICS: usize = 256;

#[derive(Debug, Deserialize)]
pub(crate) struct Register<'a> {
    #[serde(default, borrow)]
    token: Text<'a>,
    #[serde(default, borrow)]
    node_id: Text<'a>,
    #[serde(default, borrow)]
    provider_id: Text<'a>,
    #[serde(default, borrow)]
    node_name: Text<'a>,
    #[serde(default, borrow)]
    models: Option<&'a RawValue>,
    #[serde(default, borrow)]
    model_hashes: Option<&'a RawValue>,
    #[serde(default, borrow)]
    model_declarations: Option<&'a RawValue>,
    #[serde(default, borrow)]
    capabilities: Option<&'a RawValue>,
    #[serde(default, borrow)]
    hardware: Option<&'a RawValue>,
    #[serde(default, borrow)]
    cp_version: Option<&'a RawValue>,
    #[serde(default, borrow)]
    commit: Option<&'a RawValue>,
    #[serde(default, borrow)]
    signing_key: Option<&'a RawValue>,
}

impl Register<'_> {
    pub(crate) fn into_registration(self, resumed: bool) -> Registration {
        let node_id = if self.node_id.is_empty() {
            &self.provider_id
        } else {
            &self.node_id
        };
        let mut registration = Registration {
            token: clip(&self.token),
            node_id: clip(node_id),
            node_name: clip(&self.node_name),
            models: model_names(lenient::elements(self.models)),
            model_hashes: lenient::elements(self.model_hashes),
            model_declarations: lenient::elements(self.model_declarations),
            capabilities: lenient::elements(self.capabilities),
            hardware: lenient::any(self.hardware),
            cp_version: word(self.cp_version),
            commit: word(self.commit),
            signing_key: word(self.signing_key).and_then(|digits| digits.parse().ok()),
            resumed,
        };
        registration.model_hashes.truncate(MAX_MODELS);
        registration.model_declarations.truncate(MAX_MODELS);
        registration.capabilities.truncate(64);
        registration
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct HeartbeatIn<'a> {
    #[serde(default, deserialize_with = "lenient::unsigned")]
    timestamp: u64,
    #[serde(default, borrow)]
    metrics: Option<&'a RawValue>,
    #[serde(default, borrow)]
    models: Option<&'a RawValue>,
    #[serde(default, borrow)]
    model_health: Option<&'a RawValue>,
    #[serde(default, borrow)]
    hardware: Option<&'a RawValue>,
}

impl HeartbeatIn<'_> {
    pub(crate) fn into_heartbeat(self) -> Heartbeat {
        let metrics: BTreeMap<String, &RawValue> = self
            .metrics
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default();
        let figure = |raw: &RawValue| serde_json::from_str::<f64>(raw.get()).ok();
        Heartbeat {
            timestamp_secs: self.timestamp,
            metrics: metrics
                .into_iter()
                .take(MAX_METRICS)
                .filter_map(|(name, raw)| figure(raw).map(|value| (name, value)))
                .collect(),
            models: model_names(lenient::elements(self.models)),
            model_health: health(self.model_health),
            hardware: lenient::any(self.hardware),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct HealthUpdate<'a> {
    #[serde(default, borrow)]
    model_health: Option<&'a RawValue>,
}

impl HealthUpdate<'_> {
    pub(crate) fn into_health(self) -> Vec<(String, Health)> {
        health(self.model_health)
    }
}

/// `stream_chunk`; the chunk stays where it lies in the frame.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamChunk<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) chunk: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) done: Option<bool>,
    #[serde(default, borrow)]
    pub(crate) error: Text<'a>,
}

/// `stream_end`.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamEndIn<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) latency_ms: u64,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) tokens_input: u64,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) tokens_output: u64,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) status_code: u64,
    #[serde(default, borrow)]
    pub(crate) error: Text<'a>,
}

/// An `ack` that answers a request which is not streamed.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) response: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) error: Text<'a>,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) status_code: u64,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) latency_ms: u64,
}

/// An `error`, of either side.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorIn<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    pub(crate) code: u64,
    #[serde(default, borrow)]
    pub(crate) message: Text<'a>,
}

/// The status of a failure: what was said if it can be one, else 502.
pub(crate) fn failure_status(said: u64) -> u16 {
    let status = u16::try_from(said).ok();
    status
        .filter(|status| (400..=599).contains(status))
        .unwrap_or(502)
}

fn clip(text: &str) -> String {
    super::text::clip(text, MAX_TEXT).to_owned()
}

fn word(raw: Option<&RawValue>) -> Option<String> {
    let text: String = lenient::any(raw);
    (!text.is_empty()).then(|| clip(&text))
}

fn model_names(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .into_iter()
        .filter(|name| !name.is_empty() && name.len() <= MAX_MODEL_NAME)
        .filter(|name| seen.insert(name.clone()))
        .take(MAX_MODELS)
        .collect()
}

fn health(raw: Option<&RawValue>) -> Vec<(String, Health)> {
    let states: BTreeMap<String, &RawValue> = raw
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    states
        .into_iter()
        .take(MAX_MODELS)
        .map(|(model, state)| {
            let word: String = lenient::any(Some(state));
            (model, Health::from_wire(&word))
        })
        .collect()
}
