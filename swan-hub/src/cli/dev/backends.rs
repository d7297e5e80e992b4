//! Which model servers the market starts with.

use std::sync::Arc;

use swan_provider::{
    Backend, BackendError, EchoBackend, HttpBackend, ProviderError, discover_local,
};

/// Why there is nothing to serve. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BackendsError {
    #[error("--backend: {source}; start that model server, or leave --backend out")]
    Dead { source: BackendError },
    #[error("--backend {url}: this server lists no model; load one, or leave --backend out")]
    Empty { url: String },
    #[error("--backend {url}: {source}")]
    Address { url: String, source: ProviderError },
}

/// The model servers of this market.
#[derive(Debug)]
pub(super) struct Backends {
    pub(super) served: Vec<Arc<dyn Backend>>,
    /// Whether the built-in echo model stands in, because no model server was named or found.
    pub(super) echo: bool,
}

/// The servers that were named, which must answer; or those that are found; or else the echo model.
pub(super) async fn choose(urls: &[String]) -> Result<Backends, BackendsError> {
    let mut served: Vec<Arc<dyn Backend>> = Vec::new();
    for url in urls {
        served.push(Arc::new(named(url).await?));
    }
    if urls.is_empty() {
        let found = discover_local().await.into_iter();
        served.extend(found.map(|server| Arc::new(server.backend) as Arc<dyn Backend>));
    }
    let echo = served.is_empty();
    if echo {
        served.push(Arc::new(EchoBackend::of_every_kind()));
    }
    Ok(Backends { served, echo })
}

async fn named(url: &str) -> Result<HttpBackend, BackendsError> {
    let backend = HttpBackend::new(url).map_err(|source| BackendsError::Address {
        url: url.to_owned(),
        source,
    })?;
    match backend.discover().await {
        Ok(discovery) if discovery.models.is_empty() => Err(BackendsError::Empty {
            url: url.to_owned(),
        }),
        Ok(_) => Ok(backend),
        Err(source) => Err(BackendsError::Dead { source }),
    }
}
