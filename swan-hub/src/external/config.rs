//! How an external endpoint is described.

use std::collections::BTreeMap;
use std::fmt;

/// An OpenAI-compatible server that the hub may fall back on when no provider can serve.
#[derive(Clone)]
#[non_exhaustive]
pub struct ExternalConfig {
    /// A short name for logs and for the header `X-Swan-Provider-Name`.
    pub name: String,
    /// Where its API is, up to and without `/v1`, for example `https://api.example.com`.
    pub base_url: String,
    /// The key to send as a bearer token; not printed by `Debug`.
    pub api_key: Option<String>,
    /// Models by the hub's name, each with the name that the endpoint knows it by. Empty: whatever the
    /// endpoint lists at `/v1/models`.
    pub models: BTreeMap<String, String>,
    /// Requests at once for each model. 100.
    pub capacity: u32,
    /// The deadline of a connection attempt in milliseconds. 3,000.
    pub connect_timeout_ms: u64,
}

impl ExternalConfig {
    /// An endpoint with this name at `base_url`, without a key, serving whatever it lists.
    #[must_use]
    pub fn new(name: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            api_key: None,
            models: BTreeMap::new(),
            capacity: 100,
            connect_timeout_ms: 3_000,
        }
    }

    /// The same endpoint with this bearer token.
    #[must_use]
    pub fn with_api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// The same endpoint, serving `model` under the name `upstream`.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>, upstream: impl Into<String>) -> Self {
        self.models.insert(model.into(), upstream.into());
        self
    }

    /// The same endpoint with at most `capacity` requests at once for each model.
    #[must_use]
    pub const fn with_capacity(mut self, capacity: u32) -> Self {
        self.capacity = capacity;
        self
    }
}

impl fmt::Debug for ExternalConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalConfig")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "(secret)"))
            .field("models", &self.models)
            .field("capacity", &self.capacity)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish()
    }
}
