//! A configured endpoint, and the requests that are made of it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use swan_core::ProviderId;

use super::config::ExternalConfig;
use super::connect::{HttpClient, client};
use super::exchange::Exchange;
use crate::providers::{AttemptError, Job};
use crate::segments::Segments;

/// The largest list of models that is read.
const MAX_MODELS_BODY: usize = 4 << 20;

/// How long listing the models may take.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// One OpenAI-compatible server.
pub(crate) struct Endpoint {
    provider: ProviderId,
    name: Arc<str>,
    base: String,
    authorization: Option<HeaderValue>,
    client: HttpClient,
}

/// Why an endpoint cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalError {
    /// The base URL is no http or https URL.
    #[error("external endpoint {name}: base_url {url:?} is not an http:// or https:// URL")]
    BaseUrl {
        /// The endpoint.
        name: String,
        /// What was configured.
        url: String,
    },
    /// The key cannot be sent in a header.
    #[error("external endpoint {name}: api_key holds characters that a header cannot carry")]
    ApiKey {
        /// The endpoint.
        name: String,
    },
    /// A model name is not usable.
    #[error("external endpoint {name}: model {model:?} is not a valid model name")]
    Model {
        /// The endpoint.
        name: String,
        /// What was configured.
        model: String,
    },
    /// TLS cannot be set up.
    #[error("external endpoint {name}: cannot set up TLS")]
    Tls {
        /// The endpoint.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Endpoint {
    /// The endpoint that `config` describes; nothing is sent yet.
    pub(crate) fn new(config: &ExternalConfig) -> Result<Self, ExternalError> {
        let name = config.name.clone();
        let base = config
            .base_url
            .trim_end_matches('/')
            .trim_end_matches("/v1")
            .to_owned();
        let scheme = base.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
        let https = match scheme.as_ref().and_then(Uri::scheme_str) {
            Some("https") => true,
            Some("http") => false,
            _ => {
                return Err(ExternalError::BaseUrl {
                    name,
                    url: config.base_url.clone(),
                });
            }
        };
        let authorization = match &config.api_key {
            None => None,
            Some(key) => {
                let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {key}")) else {
                    return Err(ExternalError::ApiKey { name });
                };
                value.set_sensitive(true);
                Some(value)
            }
        };
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms.max(1));
        let client =
            client(https, connect_timeout, config.capacity.max(1) as usize).map_err(|source| {
                ExternalError::Tls {
                    name: name.clone(),
                    source,
                }
            })?;
        let provider = provider_id_of(&name);
        Ok(Self {
            provider,
            name: name.into(),
            base,
            authorization,
            client,
        })
    }

    /// The id under which the ledger knows this endpoint: derived from its name, and so the same after a restart.
    pub(crate) const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The configured name.
    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Sends `job` and hands back the exchange, whose errors come with its answer.
    pub(crate) fn dispatch(&self, job: &mut Job) -> Result<Exchange, AttemptError> {
        let accept = if job.streaming {
            "text/event-stream"
        } else {
            "application/json"
        };
        let request = self
            .request("POST", job.operation.as_str())
            .header(CONTENT_TYPE, job.content_type.clone())
            .header(ACCEPT, accept)
            .body(Segments::new(std::mem::take(&mut job.body)))
            .map_err(|error| AttemptError::Malformed(error.to_string()))?;
        Ok(Exchange::new(self.client.request(request)))
    }

    /// The names of the models that the endpoint lists.
    pub(crate) async fn discover(&self) -> Result<Vec<String>, AttemptError> {
        let request = self
            .request("GET", "models")
            .body(Segments::none())
            .map_err(|error| AttemptError::Malformed(error.to_string()))?;
        let listing = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| AttemptError::Connect(error.to_string()))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_MODELS_BODY)
                .collect()
                .await
                .map_err(|error| AttemptError::Lost(error.to_string()))?
                .to_bytes();
            if !status.is_success() {
                let message = "the list of models was refused".to_owned();
                let status = status.as_u16();
                return Err(AttemptError::Provider {
                    status,
                    message,
                    body: Bytes::new(),
                });
            }
            serde_json::from_slice::<Listing>(&body)
                .map(|listing| listing.data.into_iter().map(|model| model.id).collect())
                .map_err(|error| AttemptError::Malformed(format!("list of models: {error}")))
        };
        tokio::time::timeout(DISCOVERY_TIMEOUT, listing)
            .await
            .unwrap_or(Err(AttemptError::Deadline))
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let builder = Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.base))
            .header(USER_AGENT, concat!("swan-hub/", env!("CARGO_PKG_VERSION")));
        match &self.authorization {
            Some(value) => builder.header(AUTHORIZATION, value.clone()),
            None => builder,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

fn provider_id_of(name: &str) -> ProviderId {
    let digest = Sha256::digest(format!("swan external endpoint {name}").as_bytes());
    let value = digest
        .iter()
        .take(16)
        .fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
    ProviderId::from_u128(value)
}
