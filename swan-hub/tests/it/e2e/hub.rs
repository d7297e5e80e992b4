//! A running `swan-hub serve` with a data folder of its own, and the administrator's commands on it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::part::{Part, until};
use super::{tools, wire};

/// An address on this machine that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A hub and its folder.
#[derive(Debug)]
pub(crate) struct TestHub {
    part: Part,
    folder: TempDir,
    rest: SocketAddr,
    sockets: SocketAddr,
}

/// A consumer's key and the account behind it.
#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) key: String,
    name: &'static str,
}

impl TestHub {
    /// Starts a hub on free ports and waits until it serves.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (rest, sockets) = (free_address(), free_address());
        let part = serve(folder.path(), rest, sockets);
        let hub = Self { part, folder, rest, sockets };
        hub.ready().await;
        hub
    }

    /// `SIGKILL`: no drain, no goodbye.
    pub(crate) async fn kill(&mut self) {
        self.part.kill().await;
    }

    /// Starts it again on the same folder and ports.
    pub(crate) async fn restart(&mut self) {
        self.part = serve(self.folder.path(), self.rest, self.sockets);
        self.ready().await;
    }

    async fn ready(&self) {
        until("the hub is ready", || async {
            let answer = wire::try_call(http::Method::GET, &self.url(), "/readyz", None, bytes::Bytes::new()).await.ok()?;
            answer.status.is_success().then_some(())
        })
        .await;
    }

    /// Where consumers are served.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.rest)
    }

    /// Where providers connect.
    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}", self.sockets)
    }

    /// What the hub has printed.
    pub(crate) fn output(&self) -> String {
        self.part.output()
    }

    /// Creates a consumer with funds on the running hub, and waits until the hub knows it.
    pub(crate) async fn consumer(&self, name: &'static str, usd: &str) -> Consumer {
        let key = self.admin(&["key", "create", "consumer", "--name", name, "--grant", usd]).await;
        assert!(key.starts_with("sk-swan-"), "only the key on standard output, not {key:?}");
        until("the hub knows a new key", || async {
            let answer = wire::get(&self.url(), "/v1/models", Some(&key)).await;
            answer.status.is_success().then_some(())
        })
        .await;
        Consumer { key, name }
    }

    /// Creates a provider's key on the running hub.
    pub(crate) async fn provider_key(&self, name: &str) -> String {
        let key = self.admin(&["key", "create", "provider", "--name", name]).await;
        assert!(key.starts_with("sk-prov-"), "only the key on standard output, not {key:?}");
        key
    }

    /// Runs an administrator's command and answers its standard output.
    pub(crate) async fn admin(&self, command: &[&str]) -> String {
        let done = tools::output(tools::hub().args(command).arg("--data-dir").arg(self.folder.path())).await;
        let (out, words) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8_lossy(&done.stderr).into_owned());
        assert!(done.status.success(), "{command:?}: {}\n{out}{words}{}", done.status, self.output());
        out.trim().to_owned()
    }

    /// Rebuilds the ledger from the journal; any breach fails the test.
    pub(crate) async fn audit(&self) {
        self.admin(&["audit"]).await;
    }

    /// The account of a consumer, as `account show --json` tells it.
    pub(crate) async fn account(&self, consumer: &Consumer) -> Value {
        serde_json::from_str(&self.admin(&["account", "show", consumer.name, "--json"]).await).unwrap()
    }

    /// Waits until a model is served.
    pub(crate) async fn serves(&self, model: &str, consumer: &Consumer) {
        until("the hub serves the model", || async {
            let models = wire::get(&self.url(), "/v1/models", Some(&consumer.key)).await.json().await;
            models["data"].as_array()?.iter().any(|one| one["id"] == model).then_some(())
        })
        .await;
    }
}

fn serve(folder: &Path, rest: SocketAddr, sockets: SocketAddr) -> Part {
    let mut command = tools::hub();
    command.arg("serve").arg("--data-dir").arg(folder);
    command.arg("--listen").arg(rest.to_string()).arg("--provider-listen").arg(sockets.to_string());
    Part::start("hub", &mut command)
}
