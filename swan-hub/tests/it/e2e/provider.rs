//! A running `swan-provider run`, with a model server that only it uses.

use super::hub::TestHub;
use super::model_server::ModelServer;
use super::part::Part;
use super::tools;

/// A provider.
#[derive(Debug)]
pub(crate) struct TestProvider {
    part: Part,
    pub(crate) name: &'static str,
    pub(crate) model_server: ModelServer,
}

impl TestProvider {
    /// Starts a provider that takes `at_once` requests at once.
    pub(crate) async fn start(hub: &TestHub, name: &'static str, at_once: u32) -> Self {
        let key = hub.provider_key(name).await;
        let model_server = ModelServer::start(at_once).await;
        let mut command = tools::provider();
        command
            .arg("run")
            .arg(format!("--hub={}", hub.socket_url()))
            .arg(format!("--key={key}"))
            .arg(format!("--backend={}", model_server.url))
            .arg(format!("--concurrency={at_once}"));
        let part = Part::start(name, &mut command);
        Self {
            part,
            name,
            model_server,
        }
    }

    /// `SIGKILL`: the hub sees a broken socket and nothing else.
    pub(crate) async fn kill(&mut self) {
        self.part.kill().await;
    }
}
