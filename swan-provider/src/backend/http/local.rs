//! Model servers on this machine.

use super::HttpBackend;
use crate::backend::{Backend, Discovery};
use futures::future::join_all;
use std::time::Duration;

/// Where the common servers listen unless told otherwise: Ollama, vLLM, SGLang, llama.cpp.
const DEFAULT_PORTS: [u16; 4] = [11434, 8000, 30000, 8080];
/// A server on this machine answers at once; a port that swallows connections must not hold up the start.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// A model server that [`discover_local`] has found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiscoveredServer {
    /// Ready to serve.
    pub backend: HttpBackend,
    /// Its engine and models at the time.
    pub discovery: Discovery,
}

/// Looks for model servers on the default ports of this machine, all at once and for at most a few seconds.
///
/// Something else that listens there, such as a web page on 8080, is passed over.
pub async fn discover_local() -> Vec<DiscoveredServer> {
    let urls = DEFAULT_PORTS.map(|port| format!("http://127.0.0.1:{port}"));
    discover_at(&urls).await
}

async fn discover_at(urls: &[String]) -> Vec<DiscoveredServer> {
    let found = urls.iter().map(|url| async move {
        let quick = HttpBackend::builder(url)
            .with_connect_timeout(TIMEOUT)
            .with_question_timeout(TIMEOUT)
            .build()
            .ok()?;
        let discovery = quick.discover().await.ok()?;
        let backend = HttpBackend::new(url).ok()?;
        (!discovery.models.is_empty()).then_some(DiscoveredServer { backend, discovery })
    });
    join_all(found).await.into_iter().flatten().collect()
}
