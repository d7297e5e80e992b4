//! A running `swan-hub serve` with a data folder of its own, and the administrator's commands on it.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::part::{Part, until};
use super::{tools, wire};

/// A hub and its folder.
#[derive(Debug)]
pub(crate) struct TestHub {
    part: Part,
    folder: TempDir,
    /// Where consumers are served and where providers connect, as `ADDRESS:PORT`.
    listens: [String; 2],
    /// What else it was started with.
    flags: Vec<String>,
}

/// What the journal says about a consumer's account, in 10^-12 USD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Funds {
    /// What the charges so far took.
    pub(crate) spent: i128,
    /// What is set aside for requests under way.
    pub(crate) held: i128,
    /// The records of the latest of these charges, the last one first.
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
        Self::start_as(config, Vec::new()).await
    }

    /// Starts a hub with these further flags.
    pub(crate) async fn start_flagged(flags: &[&str]) -> Self {
        Self::start_as("", flags.iter().map(ToString::to_string).collect()).await
    }

    async fn start_as(config: &str, flags: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
        let any = "127.0.0.1:0".to_owned();
        let part = serve(folder.path(), &[any.clone(), any], &flags);
        let listens = part.line(listens).await;
        Self {
            part,
            folder,
            listens,
            flags,
        }
    }

    /// `SIGKILL`: no drain, no goodbye.
    pub(crate) async fn kill(&mut self) {
        self.part.kill().await;
    }

    /// `SIGTERM`: finish what is under way and go.
    pub(crate) async fn terminate(&self) {
        self.part.signal("TERM").await;
    }

    /// `SIGUSR2`: start a successor, and go when it can take over.
    pub(crate) async fn call_successor(&self) {
        self.part.signal("USR2").await;
    }

    /// The process that takes over from this one or from one that came after it, other than those that are `known`.
    pub(crate) async fn successor(&self, known: &[u32]) -> u32 {
        self.part
            .line(|line| {
                let (_, pid) = line.split_once("a successor takes over")?;
                let digits = pid.rsplit(|one: char| !one.is_ascii_digit());
                let pid = digits.clone().find(|text| text.len() > 1)?.parse().ok()?;
                (!known.contains(&pid)).then_some(pid)
            })
            .await
    }

    /// Waits until it has said this.
    pub(crate) async fn says(&self, words: &str) {
        self.part
            .line(|line| line.contains(words).then_some(()))
            .await;
    }

    /// Writes another configuration file.
    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.folder.path().join("hub.toml"), config).unwrap();
    }

    /// Writes another configuration file, and sends `SIGHUP`.
    pub(crate) async fn reconfigure(&self, config: &str) {
        self.configure(config);
        self.part.signal("HUP").await;
    }

    /// Waits for its end, which must be a success.
    pub(crate) async fn end(&mut self) {
        let status = self.part.end().await;
        assert!(status.success(), "{status}\n{}", self.output());
    }

    /// Starts it again on the same folder and ports.
    pub(crate) async fn restart(&mut self) {
        self.part = serve(self.folder.path(), &self.listens, &self.flags);
        self.part.line(listens).await;
    }

    /// Where consumers are served.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listens[0])
    }

    /// Where providers connect.
    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}", self.listens[1])
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

    /// Creates a provider's key on the running hub, and waits until the hub knows it: whoever comes with an unknown one is
    /// refused, and ends.
    pub(crate) async fn provider_key(&self, name: &str) -> String {
        let key = self
            .admin(&["key", "create", "provider", "--name", name])
            .await;
        assert!(
            key.starts_with("sk-prov-"),
            "only the key on standard output, not {key:?}"
        );
        until("the hub knows a new key", || async {
            let path = "/api/v1/provider/status";
            let status = wire::get(&self.url(), path, Some(&key)).await.status;
            (status == 200).then_some(())
        })
        .await;
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
            let funds = self.funds(consumer).await;
            (funds.held == 0 && funds.charges.len() == charges).then_some(funds)
        })
        .await
    }

    /// A consumer's account as the journal has it now.
    pub(crate) async fn funds(&self, consumer: &Consumer) -> Funds {
        let accounts = self.json(&["account", "show", "--json"]).await;
        let own = with(&accounts, "name", consumer.name);
        let shown = self
            .json(&["account", "show", own["id"].as_str().unwrap(), "--json"])
            .await;
        let usd = with(&shown["balances"], "currency", "USD");
        let charges = shown["recent_charges"].as_array().unwrap().iter();
        Funds {
            spent: pico(&usd["charged"]),
            held: pico(&usd["held"]),
            charges: charges.map(|one| one["charge"].clone()).collect(),
        }
    }

    /// What a provider has earned, in 10^-12 USD.
    pub(crate) async fn earned(&self, provider: &str) -> i128 {
        let list = self.json(&["provider", "list", "--json"]).await;
        pico(&with(&list, "name", provider)["earned_usd"])
    }

    /// The same for a command that prints JSON.
    pub(crate) async fn json(&self, command: &[&str]) -> Value {
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

fn serve(folder: &Path, listens: &[String; 2], flags: &[String]) -> Part {
    let mut command = tools::hub();
    command
        .arg("serve")
        .arg("--config")
        .arg(folder.join("hub.toml"));
    command.arg("--data-dir").arg(folder.join("data"));
    command
        .arg("--listen")
        .arg(&listens[0])
        .arg("--provider-listen")
        .arg(&listens[1])
        .args(flags);
    Part::start("hub", &mut command)
}

/// The addresses in the line that says that the hub serves.
fn listens(line: &str) -> Option<[String; 2]> {
    let between = |before, after| {
        let (_, rest) = line.split_once(before)?;
        Some(rest.split_once(after)?.0.to_owned())
    };
    Some([
        between("consumers at http://", "/v1")?,
        between("providers at ws://", "/ws")?,
    ])
}

/// The one object of a list that has this name.
fn with<'a>(list: &'a Value, field: &str, name: &str) -> &'a Value {
    let mut found = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one[field] == name);
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {list}"));
    assert!(found.next().is_none(), "more than one {name} in {list}");
    one
}

/// An amount of money in JSON, in 10^-12 of its unit.
pub(crate) fn pico(amount: &Value) -> i128 {
    let text = amount
        .as_str()
        .unwrap_or_else(|| panic!("an amount is text, not {amount}"));
    text.parse::<swan_core::Amount>().unwrap().pico()
}
