//! A running `swan-hub serve` with a data folder of its own, and the administrator's commands on it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde_json::{Value, json};
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

/// What the journal says about a consumer's account, in 10^-12 USD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Funds {
    /// What the charges so far took.
    pub(crate) spent: i128,
    /// The records of these charges, the latest first.
    pub(crate) charges: Vec<Value>,
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
        Self::start_with("").await
    }

    /// Starts a hub with a configuration file of this content.
    pub(crate) async fn start_with(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
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

    /// `SIGTERM`: finish what is under way and go.
    pub(crate) async fn terminate(&self) {
        self.part.signal("TERM").await;
    }

    /// Waits for its end, which must be a success.
    pub(crate) async fn end(&mut self) {
        let status = self.part.end().await;
        assert!(status.success(), "{status}\n{}", self.output());
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
            let answer = wire::post(&self.url(), "/v1/chat/completions", &key, &json!({})).await;
            (answer.status != 401).then_some(())
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
                .arg(self.folder.path().join("data")),
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

    /// Rebuilds the ledger from the journal; any breach fails the test, and so does a hold that is left.
    pub(crate) async fn audit(&self) {
        assert_eq!(self.audit_holds().await, 0, "a hold is left");
    }

    /// Rebuilds the ledger from the journal and answers how many holds are left; any breach fails the test.
    pub(crate) async fn audit_holds(&self) -> u64 {
        let report = self.json(&["audit", "--json"]).await;
        assert_eq!(report["clean"], true, "{report}");
        report["pending"].as_u64().unwrap()
    }

    /// A consumer's account when nothing is held and so many charges are recorded: what a broken answer costs is settled
    /// after its consumer has seen the end.
    pub(crate) async fn settled_funds(&self, consumer: &Consumer, charges: usize) -> Funds {
        until("everything is settled", || async {
            let accounts = self.json(&["account", "show", "--json"]).await;
            let own = accounts
                .as_array()?
                .iter()
                .find(|one| one["name"] == consumer.name)?;
            let shown = self
                .json(&["account", "show", own["id"].as_str()?, "--json"])
                .await;
            let usd = shown["balances"]
                .as_array()?
                .iter()
                .find(|one| one["currency"] == "USD")?;
            let found = shown["recent_charges"]
                .as_array()?
                .iter()
                .map(|one| one["charge"].clone());
            let funds = Funds {
                spent: pico(&usd["charged"]),
                charges: found.collect(),
            };
            (pico(&usd["held"]) == 0 && funds.charges.len() == charges).then_some(funds)
        })
        .await
    }

    /// What a provider has earned, in 10^-12 USD.
    pub(crate) async fn earned(&self, provider: &str) -> i128 {
        let list = self.json(&["provider", "list", "--json"]).await;
        let one = list
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == provider);
        pico(&one.unwrap_or_else(|| panic!("no provider {provider} in {list}"))["earned_usd"])
    }

    async fn json(&self, command: &[&str]) -> Value {
        serde_json::from_str(&self.admin(command).await).unwrap()
    }

    /// Waits until so many providers serve a model.
    pub(crate) async fn serves(&self, model: &str, providers: u64) {
        until("the hub serves the model", || async {
            let models = wire::get(&self.url(), "/v1/models", None)
                .await
                .json()
                .await;
            let found = models["data"]
                .as_array()?
                .iter()
                .find(|one| one["id"] == model)?
                .clone();
            (found["providers_online"].as_u64()? == providers).then_some(())
        })
        .await;
    }
}

fn serve(folder: &Path, rest: SocketAddr, sockets: SocketAddr) -> Part {
    let mut command = tools::hub();
    command
        .arg("serve")
        .arg("--config")
        .arg(folder.join("hub.toml"));
    command.arg("--data-dir").arg(folder.join("data"));
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
