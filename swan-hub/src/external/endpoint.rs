//! A configured endpoint, and the requests that are made of it.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::Uri;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use swan_core::openai::ListedKind;
use swan_core::protocol::Operation;
use swan_core::{Modality, ProviderId};

use super::address::Address;
use super::config::ExternalConfig;
use super::connect::Dial;
use super::discreet::Secrets;
use super::error::ExternalError;
use super::opening::{Opening, line};
use super::pace::Pace;
use super::wire::{Conversation, Pool, Request};
use crate::providers::{AttemptError, Job};

/// The largest list of models that is read.
const MAX_MODELS_BODY: usize = 4 << 20;

/// The most models of one endpoint that are looked at.
const MAX_MODELS: usize = 4_096;

/// How much of such a list is read at once.
const LISTING_ROOM: usize = 8 << 10;

/// How long listing the models may take.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers that decide how a message is read, or that the hub sets for each request.
const OWN: [&str; 14] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "accept",
    "accept-encoding",
];

/// One OpenAI-compatible server.
pub(crate) struct Endpoint {
    provider: ProviderId,
    name: Arc<str>,
    address: Address,
    opening: Opening,
    secrets: Secrets,
    connections: Arc<Pool>,
    pace: Pace,
}

impl Endpoint {
    /// The endpoint that `config` describes; nothing is sent yet.
    pub(super) fn new(config: &ExternalConfig) -> Result<Self, ExternalError> {
        let name = config.name.clone();
        if !(1..=64).contains(&name.len()) || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(ExternalError::Name { name });
        }
        let Some(address) = Address::parse(&config.base_url, config.api_prefix.as_deref()) else {
            return Err(ExternalError::BaseUrl { name });
        };
        let has_secrets = config.api_key.is_some() || !config.headers.is_empty();
        if has_secrets && !address.https && !address.is_private && !config.trust.insecure {
            return Err(ExternalError::PlainKey { name });
        }
        let dial = Dial {
            https: address.https,
            within: Duration::from_millis(config.connect_timeout_ms.max(1)),
            idle: config.limits.capacity as usize,
            ca_file: config.trust.ca_file.as_deref(),
            allow_private: config.trust.allow_private || address.is_private,
        };
        let Ok(server) = address.server().parse::<Uri>() else {
            return Err(ExternalError::BaseUrl { name });
        };
        let headers = headers(config)?;
        let opening = Opening::new(&address, &server, &headers);
        let connections =
            Pool::new(server, &dial).map_err(|source| match &config.trust.ca_file {
                Some(path) => ExternalError::CaFile {
                    name: name.clone(),
                    path: path.clone(),
                    source,
                },
                None => ExternalError::Tls {
                    name: name.clone(),
                    source,
                },
            })?;
        Ok(Self {
            provider: provider_id_of(&name),
            secrets: Secrets::of(&headers, address.query()),
            opening,
            pace: Pace::new(&config.limits),
            name: name.into(),
            address,
            connections: Arc::new(connections),
        })
    }

    /// The id under which the ledger knows this endpoint: derived from its name, and so the same after a restart.
    pub(super) const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The configured name.
    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What is asked of the account.
    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What may be told of what it says.
    pub(super) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Closes connections that nobody has used for long, or that the server has closed.
    pub(super) fn look_after_connections(&self) {
        self.connections.look();
    }

    /// Sends `job` when that is polled, and reads about `room` bytes of its answer at once.
    ///
    /// # Errors
    /// [`AttemptError::Malformed`] when the request is none that HTTP can carry.
    pub(super) fn send(&self, job: &mut Job, room: usize) -> Result<Conversation, AttemptError> {
        let accept = match &job.operation {
            _ if job.streaming => "text/event-stream",
            Operation::AudioTranscriptions => "*/*",
            _ => "application/json",
        };
        let mut head = self.opening.post(&job.operation)?;
        let body = std::mem::take(&mut job.body);
        let length = body.iter().map(Bytes::len).sum::<usize>();
        line(&mut head, "content-type", job.content_type.as_bytes());
        line(&mut head, "accept", accept.as_bytes());
        let mut digits = itoa::Buffer::new();
        line(
            &mut head,
            "content-length",
            digits.format(length).as_bytes(),
        );
        #[cfg(feature = "otel")]
        if let Some(parent) = job.trace.and_then(|trace| trace.header(job.attempt)) {
            let name = crate::telemetry::TRACEPARENT;
            line(&mut head, name.as_str(), parent.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        let request = Request::new(head.freeze(), body);
        Ok(Conversation::new(&self.connections, request, room))
    }

    /// The models that the endpoint lists, by their names there, and what it says that they do. What nobody can be asked for here
    /// is left out.
    pub(super) async fn list(&self) -> Result<Vec<(String, Option<Modality>)>, AttemptError> {
        let mut head = self.opening.get("models")?;
        head.extend_from_slice(b"\r\n");
        let request = Request::new(head.freeze(), Vec::new());
        let mut asked = Conversation::new(&self.connections, request, LISTING_ROOM);
        let listing = async {
            let status = poll_fn(|cx| asked.poll_head(cx)).await?.status;
            let mut body = BytesMut::new();
            while let Some(piece) = poll_fn(|cx| asked.poll_piece(cx)).await {
                body.extend_from_slice(&piece?);
                if body.len() > MAX_MODELS_BODY {
                    return Err(AttemptError::Lost("length limit exceeded".to_owned()));
                }
            }
            if !status.is_success() {
                return Err(AttemptError::Provider {
                    status: status.as_u16(),
                    message: "the list of models was refused".to_owned(),
                    body: Bytes::new(),
                    retry_after: None,
                });
            }
            let listing: Listing = serde_json::from_slice(&body)
                .map_err(|error| AttemptError::Malformed(format!("list of models: {error}")))?;
            let entries = match listing {
                Listing::Named { data } => data.unwrap_or_default(),
                Listing::Bare(data) => data,
            };
            let listed = entries.iter().take(MAX_MODELS).filter_map(listed);
            Ok(listed.collect())
        };
        tokio::time::timeout(DISCOVERY_TIMEOUT, listing)
            .await
            .unwrap_or(Err(AttemptError::Deadline))
    }
}

/// What goes with every request.
fn headers(config: &ExternalConfig) -> Result<HeaderMap, ExternalError> {
    let wrong = |header: &str, why| ExternalError::Header {
        name: config.name.clone(),
        header: header.chars().take(64).collect(),
        why,
    };
    let mut headers = HeaderMap::new();
    let agent = concat!("swan-hub/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    // What is compressed can be read only whole, and a small body can unfold to a huge one.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let named = |header: &str| match HeaderName::from_bytes(header.as_bytes()) {
        Ok(name) if OWN.contains(&name.as_str()) => Err(wrong(header, "the hub sets it itself")),
        Ok(name) => Ok(name),
        Err(_) => Err(wrong(header, "that is no header name")),
    };
    for (header, value) in &config.headers {
        let name = named(header)?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| wrong(header, "its value holds what a header cannot carry"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some(key) = &config.api_key {
        let (name, value) = match &config.key_header {
            Some(header) => (named(header)?, HeaderValue::from_str(key)),
            None => (
                AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {key}")),
            ),
        };
        let mut value = value.map_err(|_| ExternalError::ApiKey {
            name: config.name.clone(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A list of models: under `data` as OpenAI has it, or bare as some servers do.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    Named { data: Option<Vec<Value>> },
    Bare(Vec<Value>),
}

fn listed(entry: &Value) -> Option<(String, Option<Modality>)> {
    let id = entry.get("id")?.as_str()?.to_owned();
    match ListedKind::of(entry) {
        None => Some((id, None)),
        Some(ListedKind::Served(kind)) => Some((id, Some(kind))),
        Some(_) => None,
    }
}

fn provider_id_of(name: &str) -> ProviderId {
    let digest = Sha256::digest(format!("swan external endpoint {name}").as_bytes());
    let value = digest
        .iter()
        .take(16)
        .fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
    ProviderId::from_u128(value)
}
