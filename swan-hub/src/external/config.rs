//! How an external endpoint is described.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use swan_core::routing::DataPolicy;
use swan_core::{Modality, ModelPrice};

/// An OpenAI-compatible server that the hub may send requests to: when no provider can serve, or before them.
///
/// Neither `Debug` nor any error shows its key or the values of its headers.
///
/// ```
/// use swan_hub::{ExternalConfig, ExternalModel};
///
/// let price = swan_core::TokenPrice::per_million("0.05".parse()?, "0.15".parse()?)?;
/// let endpoint = ExternalConfig::new("spare", "https://api.example.com/v1")
///     .with_api_key("sk-upstream")
///     .with_model("Qwen/Qwen3-8B", ExternalModel::named("qwen3").with_price(price));
/// assert!(!format!("{endpoint:?}").contains("sk-upstream"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalConfig {
    /// A short name for records, for wishes about who serves, and for the header `X-Swan-Provider-Name`.
    pub name: String,
    /// Where its API is, for example `https://api.example.com` or `https://api.example.com/v1`: when the path does not end in
    /// a version, `/v1` is added. A query (`?api-version=preview`) goes with every request.
    pub base_url: String,
    /// The path before `/chat/completions` in the place of what `base_url` says, for servers that want another one.
    pub api_prefix: Option<String>,
    /// The key to send.
    pub api_key: Option<String>,
    /// The header that carries the key as it is; without one it goes as `Authorization: Bearer`.
    pub key_header: Option<String>,
    /// Headers that go with every request.
    pub headers: BTreeMap<String, String>,
    /// Models by the hub's name. Empty: whatever the endpoint lists at `/models`.
    pub models: BTreeMap<String, ExternalModel>,
    /// When it is asked.
    pub place: ExternalPlace,
    /// What the hub asks of it at most.
    pub limits: ExternalLimits,
    /// What its operator does with prompts and answers.
    pub data: DataPolicy,
    /// The deadline of a connection attempt in milliseconds. 3,000.
    pub connect_timeout_ms: u64,
    /// What its connections are trusted by.
    pub trust: ExternalTrust,
}

/// One model at an external endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalModel {
    /// The name that the endpoint knows it by.
    pub upstream: String,
    /// What it does, where it is not in the catalogue, which knows, and its name does not tell.
    pub kind: Option<Modality>,
    /// What consumers pay for it when this endpoint serves; the policy's price where there is none.
    pub price: Option<ModelPrice>,
    /// Requests of it at once, in the place of [`ExternalLimits::capacity`].
    pub capacity: Option<u32>,
}

/// When an endpoint is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalPlace {
    /// Whether it comes before the providers, for all its models.
    pub first: bool,
    /// The models, by the hub's names, for which it comes before the providers.
    pub first_for: Vec<String>,
    /// Endpoints of a lower tier are asked before those of a higher one. 1.
    pub tier: u16,
    /// Its share among endpoints of the same tier. Where all weights of a tier are equal, health and load decide. 1.
    pub weight: u32,
}

/// What the hub asks of an endpoint at most, so that it does not run into the account's limits there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalLimits {
    /// Requests at once for each model. 100.
    pub capacity: u32,
    /// Requests at once for all models together.
    pub total_capacity: Option<u32>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute: the estimate of the prompt and what the request allows for its answer.
    pub tokens_per_minute: Option<u64>,
}

/// What the connections of an endpoint are trusted by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalTrust {
    /// Certificates in PEM that are trusted in the place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether a key may be sent over `http://` to a host that is not on this machine or in a private network.
    pub insecure: bool,
    /// Whether a public name may resolve to a private address.
    pub allow_private: bool,
}

impl ExternalConfig {
    /// An endpoint with this name at `base_url`, without a key, serving whatever it lists.
    #[must_use]
    pub fn new(name: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            api_prefix: None,
            api_key: None,
            key_header: None,
            headers: BTreeMap::new(),
            models: BTreeMap::new(),
            place: ExternalPlace::default(),
            limits: ExternalLimits::default(),
            data: DataPolicy::Undeclared,
            connect_timeout_ms: 3_000,
            trust: ExternalTrust::default(),
        }
    }

    /// The same endpoint with this key.
    #[must_use]
    pub fn with_api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// The same endpoint, sent this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// The same endpoint, serving `model` as `upstream`: a name, or an [`ExternalModel`].
    #[must_use]
    pub fn with_model(
        mut self,
        model: impl Into<String>,
        upstream: impl Into<ExternalModel>,
    ) -> Self {
        self.models.insert(model.into(), upstream.into());
        self
    }

    /// The same endpoint with at most `capacity` requests at once for each model.
    #[must_use]
    pub const fn with_capacity(mut self, capacity: u32) -> Self {
        self.limits.capacity = capacity;
        self
    }

    /// The same endpoint, asked before the providers.
    #[must_use]
    pub const fn first(mut self) -> Self {
        self.place.first = true;
        self
    }
}

impl ExternalModel {
    /// The model that the endpoint calls `upstream`, at the policy's price.
    #[must_use]
    pub fn named(upstream: impl Into<String>) -> Self {
        Self {
            upstream: upstream.into(),
            kind: None,
            price: None,
            capacity: None,
        }
    }

    /// The same model, known to do this.
    #[must_use]
    pub const fn with_kind(mut self, kind: Modality) -> Self {
        self.kind = Some(kind);
        self
    }

    /// What it does as far as this says so: images and minutes are not the price of anything else.
    pub(super) const fn said_kind(&self) -> Option<Modality> {
        match (self.kind, self.price) {
            (Some(kind), _) => Some(kind),
            (None, Some(ModelPrice::PerImage(_))) => Some(Modality::Image),
            (None, Some(ModelPrice::PerMinute(_))) => Some(Modality::Audio),
            _ => None,
        }
    }

    /// The same model at this price.
    #[must_use]
    pub fn with_price(mut self, price: impl Into<ModelPrice>) -> Self {
        self.price = Some(price.into());
        self
    }
}

impl From<&str> for ExternalModel {
    fn from(upstream: &str) -> Self {
        Self::named(upstream)
    }
}

impl From<String> for ExternalModel {
    fn from(upstream: String) -> Self {
        Self::named(upstream)
    }
}

impl Default for ExternalPlace {
    fn default() -> Self {
        Self {
            first: false,
            first_for: Vec::new(),
            tier: 1,
            weight: 1,
        }
    }
}

impl Default for ExternalLimits {
    fn default() -> Self {
        Self {
            capacity: 100,
            total_capacity: None,
            requests_per_minute: None,
            tokens_per_minute: None,
        }
    }
}

impl fmt::Debug for ExternalConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalConfig")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .field("api_prefix", &self.api_prefix)
            .field("api_key", &self.api_key.as_ref().map(|_| "(secret)"))
            .field("key_header", &self.key_header)
            .field("headers", &self.headers.keys())
            .field("models", &self.models)
            .field("place", &self.place)
            .field("limits", &self.limits)
            .field("data", &self.data)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("trust", &self.trust)
            .finish()
    }
}
