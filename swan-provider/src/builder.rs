//! Settings of a provider, checked once.

use crate::{
    Provider, ProviderError,
    backend::Backend,
    event::{Observer, TracingObserver},
    hub_url::HubUrl,
    jobs::JobLimits,
    provider::Settings,
    reconnect::Reconnect,
    roster::Plan,
    signing,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use swan_core::routing::DataPolicy;

/// Longer than anybody waits, and short enough for every clock to count to: `Duration::MAX` means never, and not a panic.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Settings of a [`Provider`]; begin with [`Provider::builder`].
#[derive(Clone)]
#[must_use]
pub struct ProviderBuilder {
    hub: String,
    http: Option<String>,
    key: String,
    node_name: String,
    node_id: Option<String>,
    data_dir: Option<PathBuf>,
    signing_key: Option<PathBuf>,
    backends: Vec<Arc<dyn Backend>>,
    models_file: Option<PathBuf>,
    concurrency: u32,
    max_in_flight: u32,
    data: DataPolicy,
    health_interval: Duration,
    probe_timeout: Duration,
    drain_timeout: Duration,
    idle_timeout: Duration,
    answer_limit: u64,
    stable_after: Duration,
    offer_v2: bool,
    observer: Arc<dyn Observer>,
}

impl ProviderBuilder {
    pub(crate) fn new(hub: &str, key: &str) -> Self {
        Self {
            hub: hub.to_owned(),
            http: None,
            key: key.to_owned(),
            node_name: String::new(),
            node_id: None,
            data_dir: None,
            signing_key: None,
            backends: Vec::new(),
            models_file: None,
            concurrency: 10,
            max_in_flight: 200,
            data: DataPolicy::Undeclared,
            health_interval: Duration::from_secs(30),
            probe_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(30),
            idle_timeout: JobLimits::default().idle,
            answer_limit: JobLimits::default().answer_bytes,
            stable_after: Reconnect::STABLE_AFTER,
            offer_v2: true,
            observer: Arc::new(TracingObserver),
        }
    }

    /// Adds a backend; all the models that it lists are offered. Several with the same model share its requests.
    pub fn with_backend(self, backend: impl Backend) -> Self {
        self.with_shared_backend(Arc::new(backend))
    }

    /// Adds a backend that the caller keeps a handle of.
    pub fn with_shared_backend(mut self, backend: Arc<dyn Backend>) -> Self {
        self.backends.push(backend);
        self
    }

    /// Serves what a `models.json` of the public Swan agent names, and reads it again when it changes.
    pub fn with_models_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.models_file = Some(path.into());
        self
    }

    /// Requests at once for each model on each backend, declared to the hub; 10 unless said otherwise.
    pub const fn with_concurrency(mut self, requests: u32) -> Self {
        self.concurrency = requests;
        self
    }

    /// Requests at once over all models; 200 unless said otherwise.
    pub const fn with_max_in_flight(mut self, requests: u32) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// What becomes of prompts and answers here, for models whose file does not say otherwise. Consumers can ask to be served
    /// only by those who promise not to collect; a promise is the operator's to keep.
    pub const fn with_data_policy(mut self, data: DataPolicy) -> Self {
        self.data = data;
        self
    }

    /// What consumers and the hub's operator read as this provider's name.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.node_name = name.into();
        self
    }

    /// A folder that keeps the node's id and its signing key across restarts; without one, each start is a new node.
    pub fn with_data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// The file of the key that signs what consumers want receipts of, instead of `signing_key` in the folder; it is made, readable by its
    /// owner alone, when there is none. With neither file nor folder nothing is signed.
    pub fn with_signing_key(mut self, file: impl Into<PathBuf>) -> Self {
        self.signing_key = Some(file.into());
        self
    }

    /// The node's id, 16 to 130 hexadecimal digits, instead of one from the folder.
    pub fn with_node_id(mut self, id: impl Into<String>) -> Self {
        self.node_id = Some(id.into());
        self
    }

    /// Where the hub's `/api/v1` routes are, when that cannot be told from its socket's address.
    pub fn with_hub_http(mut self, url: impl Into<String>) -> Self {
        self.http = Some(url.into());
        self
    }

    /// Between two proofs, by a real completion, that a model answers; 30 s unless said otherwise.
    pub const fn with_health_interval(mut self, interval: Duration) -> Self {
        self.health_interval = interval;
        self
    }

    /// How long such a proof may take, loading the model included; 120 s unless said otherwise.
    pub const fn with_probe_timeout(mut self, timeout: Duration) -> Self {
        self.probe_timeout = timeout;
        self
    }

    /// How long running requests may take to finish when the provider is told to stop; 30 s unless said otherwise.
    pub const fn with_drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// How long a model server may be silent within an answer; 120 s unless said otherwise.
    pub const fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// The longest answer of a model server, in bytes, that is passed on; 64 MiB unless said otherwise.
    pub const fn with_answer_limit(mut self, bytes: u64) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// How long a connection must have lasted to count as good, so that the next dial comes soon; 30 s unless said
    /// otherwise.
    pub const fn with_stable_after(mut self, period: Duration) -> Self {
        self.stable_after = period;
        self
    }

    /// Speaks the JSON dialect of the public network even to a hub that knows the better one.
    pub const fn with_v1_only(mut self) -> Self {
        self.offer_v2 = false;
        self
    }

    /// Hears what happens, instead of it going to `tracing`.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The provider, ready to run; nothing is dialled yet.
    ///
    /// # Errors
    /// [`ProviderError::Setting`] naming the setting; [`ProviderError::NothingToServe`] without a backend or a file.
    pub fn build(self) -> Result<Provider, ProviderError> {
        let hub = self.check(self.http.as_deref())?;
        check_counts(self.concurrency, self.max_in_flight)?;
        if let Some(id) = self
            .node_id
            .as_deref()
            .filter(|id| !crate::node_id::is_id(id))
        {
            return Err(ProviderError::setting(
                "node id",
                id,
                "expected 16 to 130 hexadecimal digits",
            ));
        }
        if self.backends.is_empty() && self.models_file.is_none() {
            return Err(ProviderError::NothingToServe);
        }
        let signing_key = signing::path(self.signing_key, self.data_dir.as_deref());
        Ok(Provider {
            settings: Settings {
                hub,
                key: self.key.trim().to_owned(),
                node_name: self.node_name,
                node_id: self.node_id,
                data_dir: self.data_dir,
                signing_key,
                plan: Plan {
                    backends: self.backends,
                    models_file: self.models_file,
                    concurrency: self.concurrency,
                    interval: self.health_interval.min(LONGEST),
                    probe_timeout: self.probe_timeout.min(LONGEST),
                },
                max_in_flight: self.max_in_flight,
                data: self.data,
                limits: JobLimits {
                    idle: self.idle_timeout.min(LONGEST),
                    answer_bytes: self.answer_limit,
                    ..JobLimits::default()
                },
                drain_timeout: self.drain_timeout.min(LONGEST),
                reconnect: Reconnect::new(Reconnect::BASE, Reconnect::CAP, self.stable_after),
                offer_v2: self.offer_v2,
                observer: self.observer,
            },
        })
    }
}

impl ProviderBuilder {
    /// The hub's addresses, when they and the key can be used.
    pub(crate) fn check(&self, http: Option<&str>) -> Result<HubUrl, ProviderError> {
        let mut hub = HubUrl::parse(&self.hub)?;
        if let Some(http) = http {
            hub.http = HubUrl::parse(http)?.http_exact();
        }
        check_key(&self.key)?;
        Ok(hub)
    }
}

/// The key itself is never part of an error.
fn check_key(key: &str) -> Result<(), ProviderError> {
    let key = key.trim();
    let wrong = |found: &str| {
        ProviderError::setting(
            "key",
            found,
            "expected a provider key, which begins with sk-prov-",
        )
    };
    if key.starts_with("sk-swan-") {
        return Err(wrong("a consumer key"));
    }
    if key.starts_with("sk-admin-") {
        return Err(wrong("an administrator key"));
    }
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) || key.len() > 512 {
        return Err(wrong("something else"));
    }
    Ok(())
}

fn check_counts(concurrency: u32, max_in_flight: u32) -> Result<(), ProviderError> {
    for (name, value) in [
        ("concurrency", concurrency),
        ("max in flight", max_in_flight),
    ] {
        if !(1..=10_000).contains(&value) {
            let reason = "expected a number from 1 to 10000";
            return Err(ProviderError::setting(name, &value.to_string(), reason));
        }
    }
    Ok(())
}

impl std::fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderBuilder")
            .field("hub", &self.hub)
            .field("backends", &self.backends)
            .field("models_file", &self.models_file)
            .finish_non_exhaustive()
    }
}
