//! A configured endpoint, and the requests that are made of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    USER_AGENT,
};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::ResponseFuture;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use swan_core::openai::ListedKind;
use swan_core::protocol::Operation;
use swan_core::{Modality, ProviderId};

use super::address::Address;
use super::config::ExternalConfig;
use super::connect::{Dial, HttpClient, client};
use super::discreet::Secrets;
use super::error::ExternalError;
use super::pace::Pace;
use crate::providers::{AttemptError, Job};
use crate::segments::Segments;

/// The largest list of models that is read.
const MAX_MODELS_BODY: usize = 4 << 20;

/// The most models of one endpoint that are looked at.
const MAX_MODELS: usize = 4_096;

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
    chat: Option<Uri>,
    /// What every request carries; keys are marked as sensitive.
    headers: HeaderMap,
    secrets: Secrets,
    client: HttpClient,
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
        let client = client(&Dial {
            https: address.https,
            within: Duration::from_millis(config.connect_timeout_ms.max(1)),
            idle: config.limits.capacity as usize,
            ca_file: config.trust.ca_file.as_deref(),
            allow_private: config.trust.allow_private || address.is_private,
        })
        .map_err(|source| match &config.trust.ca_file {
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
        let headers = headers(config)?;
        Ok(Self {
            provider: provider_id_of(&name),
            secrets: Secrets::of(&headers, address.query()),
            headers,
            chat: address.of("chat/completions").parse().ok(),
            pace: Pace::new(&config.limits),
            name: name.into(),
            address,
            client,
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

    /// Sends `job`.
    pub(super) fn send(&self, job: &mut Job) -> Result<ResponseFuture, AttemptError> {
        let accept = match &job.operation {
            _ if job.streaming => "text/event-stream",
            Operation::AudioTranscriptions => "*/*",
            _ => "application/json",
        };
        let uri = match (&job.operation, &self.chat) {
            (Operation::ChatCompletions, Some(uri)) => uri.clone(),
            (operation, _) => self.uri(operation.as_str())?,
        };
        let body = Segments::new(std::mem::take(&mut job.body));
        let mut request = self.request(Method::POST, uri, body);
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, job.content_type.clone());
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        #[cfg(feature = "otel")]
        if let Some(parent) = job.trace.and_then(|trace| trace.header(job.attempt)) {
            headers.insert(crate::telemetry::TRACEPARENT, parent);
        }
        Ok(self.client.request(request))
    }

    /// The models that the endpoint lists, by their names there, and what it says that they do. What nobody can be asked for here
    /// is left out.
    pub(super) async fn list(&self) -> Result<Vec<(String, Option<Modality>)>, AttemptError> {
        let request = self.request(Method::GET, self.uri("models")?, Segments::none());
        let listing = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| AttemptError::Connect(super::exchange::cause_of(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_MODELS_BODY)
                .collect()
                .await
                .map_err(|error| AttemptError::Lost(error.to_string()))?
                .to_bytes();
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

    fn uri(&self, operation: &str) -> Result<Uri, AttemptError> {
        let uri = self.address.of(operation);
        uri.parse()
            .map_err(|_| AttemptError::Malformed(format!("{operation:?} is no path")))
    }

    fn request(&self, method: Method, uri: Uri, body: Segments) -> Request<Segments> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
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
