//! A running `swan-hub serve` with a data folder of its own, and the administrator's commands on it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::part::{Part, until};
use super::{tools, wire};

/// An address on this machine that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A hub and its folder.
#[derive(Debug)]
pub(crate) struct TestHub {
    part: Part,
    folder: TempDir,
    rest: SocketAddr,
    sockets: SocketAddr,
}

/// What became of a consumer's grant, in 10^-12 USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Funds {
    /// What the charges so far took.
    pub(crate) spent: i128,
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
        let hub = Self {
            part,
            folder,
            rest,
            sockets,
        };
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
            let answer = wire::try_call(
                http::Method::GET,
                &self.url(),
                "/readyz",
                None,
                bytes::Bytes::new(),
            )
            .await
            .ok()?;
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
        let key = self
            .admin(&["key", "create", "consumer", "--name", name, "--grant", usd])
            .await;
        assert!(
            key.starts_with("sk-swan-"),
            "only the key on standard output, not {key:?}"
        );
        until("the hub knows a new key", || async {
            let answer = wire::get(&self.url(), "/v1/models", Some(&key)).await;
            answer.status.is_success().then_some(())
        })
        .await;
        Consumer { key, name }
    }

    /// Creates a provider's key on the running hub.
    pub(crate) async fn provider_key(&self, name: &str) -> String {
        let key = self
            .admin(&["key", "create", "provider", "--name", name])
            .await;
        assert!(
            key.starts_with("sk-prov-"),
            "only the key on standard output, not {key:?}"
        );
        key
    }

    /// Runs an administrator's command and answers its standard output.
    pub(crate) async fn admin(&self, command: &[&str]) -> String {
        let done = tools::output(
            tools::hub()
                .args(command)
                .arg("--data-dir")
                .arg(self.folder.path()),
        )
        .await;
        let (out, words) = (
            String::from_utf8(done.stdout).unwrap(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        );
        assert!(
            done.status.success(),
            "{command:?}: {}\n{out}{words}{}",
            done.status,
            self.output()
        );
        out.trim().to_owned()
    }

    /// Rebuilds the ledger from the journal; any breach fails the test.
    pub(crate) async fn audit(&self) {
        self.admin(&["audit"]).await;
    }

    /// What a consumer's account says once nothing is held any more; the end of an answer that broke is settled after it.
    pub(crate) async fn settled_funds(&self, consumer: &Consumer) -> Funds {
        until("nothing is held any more", || async {
            let shown = self
                .admin(&["account", "show", consumer.name, "--json"])
                .await;
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let usd = &shown["balances"]["USD"];
            (pico(&usd["held"]) == 0).then(|| Funds {
                spent: pico(&usd["granted"]) - pico(&usd["available"]),
            })
        })
        .await
    }

    /// What a provider has earned, in 10^-12 USD.
    pub(crate) async fn earned(&self, provider: &str) -> i128 {
        let list: Value =
            serde_json::from_str(&self.admin(&["provider", "list", "--json"]).await).unwrap();
        let one = list
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == provider);
        pico(&one.unwrap_or_else(|| panic!("no provider {provider} in {list}"))["earned"])
    }

    /// Waits until so many providers serve a model.
    pub(crate) async fn serves(&self, model: &str, providers: u64, consumer: &Consumer) {
        until("the hub serves the model", || async {
            let models = wire::get(&self.url(), "/v1/models", Some(&consumer.key))
                .await
                .json()
                .await;
            let found = models["data"]
                .as_array()?
                .iter()
                .find(|one| one["id"] == model)?
                .clone();
            (found["swan"]["providers"].as_u64()? >= providers).then_some(())
        })
        .await;
    }
}

fn serve(folder: &Path, rest: SocketAddr, sockets: SocketAddr) -> Part {
    let mut command = tools::hub();
    command.arg("serve").arg("--data-dir").arg(folder);
    command
        .arg("--listen")
        .arg(rest.to_string())
        .arg("--provider-listen")
        .arg(sockets.to_string());
    Part::start("hub", &mut command)
}

/// An amount of money in JSON, in 10^-12 of its unit.
pub(crate) fn pico(amount: &Value) -> i128 {
    let text = amount
        .as_str()
        .unwrap_or_else(|| panic!("an amount is text, not {amount}"));
    text.parse::<swan_core::Amount>().unwrap().pico()
}
