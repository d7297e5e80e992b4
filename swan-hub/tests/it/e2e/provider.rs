//! A running `swan-provider run`, with a model server that only it uses.

use swan_core::protocol::Dialect;
use tempfile::TempDir;

use super::hub::TestHub;
use super::model_server::ModelServer;
use super::part::Part;
use super::tools;

/// A provider.
#[derive(Debug)]
pub(crate) struct TestProvider {
    part: Part,
    pub(crate) name: &'static str,
    pub(crate) key: String,
    pub(crate) model_server: ModelServer,
    data: TempDir,
}

impl TestProvider {
    /// Starts a provider that takes `at_once` requests at once.
    pub(crate) async fn start(hub: &TestHub, name: &'static str, at_once: u32) -> Self {
        Self::start_in(hub, name, at_once, Dialect::V2).await
    }

    /// Starts a provider that speaks one dialect only.
    pub(crate) async fn start_in(
        hub: &TestHub,
        name: &'static str,
        at_once: u32,
        dialect: Dialect,
    ) -> Self {
        let model_server = ModelServer::start(at_once).await;
        Self::join(hub, name, (model_server, at_once), dialect).await
    }

    /// Starts a provider whose model has another name.
    pub(crate) async fn start_with(hub: &TestHub, name: &'static str, model: &str) -> Self {
        let model_server = ModelServer::start_named(model, 4).await;
        Self::join(hub, name, (model_server, 4), Dialect::V2).await
    }

    async fn join(
        hub: &TestHub,
        name: &'static str,
        (model_server, at_once): (ModelServer, u32),
        dialect: Dialect,
    ) -> Self {
        let key = hub.provider_key(name).await;
        let data = tempfile::tempdir().unwrap();
        let mut command = tools::provider();
        command
            .arg("run")
            .arg(format!("--hub={}", hub.socket_url()))
            .arg(format!("--key={key}"))
            .arg(format!("--backend={}", model_server.url))
            .arg(format!("--name={name}"))
            .arg(format!("--data-dir={}", data.path().display()))
            .arg(format!("--concurrency={at_once}"));
        if dialect == Dialect::V1 {
            command.arg("--v1-only");
        }
        let part = Part::start(name, &mut command);
        let words = format!("protocol {}", dialect.as_str());
        part.line(|line| line.contains(&words).then_some(())).await;
        Self {
            part,
            name,
            key,
            model_server,
            data,
        }
    }

    /// The public key that its operator reads from `swan-provider key`.
    pub(crate) async fn public_key(&self) -> String {
        let mut command = tools::provider();
        command
            .arg("key")
            .arg(format!("--data-dir={}", self.data.path().display()));
        let done = tools::output(&mut command).await;
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// `SIGKILL`: the hub sees a broken socket and nothing else.
    pub(crate) async fn kill(&mut self) {
        self.part.kill().await;
    }

    /// `SIGTERM`: finish what is under way and go.
    pub(crate) async fn terminate(&self) {
        self.part.signal("TERM").await;
    }

    /// Waits for its end, which must be a success.
    pub(crate) async fn end(&mut self) {
        let status = self.part.end().await;
        assert!(status.success(), "{status}\n{}", self.part.output());
    }
}
