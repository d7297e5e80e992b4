//! Three hubs as processes over one real PostgreSQL: a provider serves at two of them and asks the third to be paid; of the three only
//! one is left when an administrator says that it was paid.

use futures::future::join_all;
use serde_json::{Value, json};
use swan_core::{Amount, Policy};
use tempfile::TempDir;

use super::nodes::admin;
use super::part::{Part, until};
use super::{tools, wire};
use crate::postgres::server::Server;

const IMAGE: &str = "swan/echo-image";

/// One hub of several.
pub(super) struct Node {
    pub(super) part: Part,
    pub(super) url: String,
    socket: String,
    _folder: TempDir,
}

/// Where a line says that somebody is listened to.
fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

impl Node {
    async fn start(name: &str, store: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A payout of cents, so that a few pictures pay for it.
        let policy = Policy::swan_2_0();
        let policy = policy
            .to_toml()
            .replace("minimum_usd = \"10\"", "minimum_usd = \"0.01\"");
        let policy = policy.replace("fee_usd = \"1\"", "fee_usd = \"0.001\"");
        std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
        let config = "policy = \"policy.toml\"\n[nodes]\nlease_secs = 3\n";
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
        Self::over(name, store, folder).await
    }

    /// One whose folder has its `hub.toml`.
    pub(super) async fn over(name: &str, store: &str, folder: TempDir) -> Self {
        let any = "127.0.0.1:0";
        let mut command = tools::hub();
        command.args(["serve", "--config", "hub.toml", "--node", name]);
        command.args(["--store", store, "--listen", any, "--provider-listen", any]);
        let part = Part::start("node", command.current_dir(folder.path()));
        let listens = |line: &str| {
            let consumers = between(line, "consumers at http://", "/v1")?;
            let providers = between(line, "providers at ws://", "/ws")?;
            Some((format!("http://{consumers}"), format!("ws://{providers}")))
        };
        let (url, socket) = part.line(listens).await;
        Self {
            part,
            url,
            socket,
            _folder: folder,
        }
    }

    /// Waits until the hub knows a key.
    pub(super) async fn knows(&self, path: &str, key: &str) {
        until("each hub knows the new key", || async {
            let answer = wire::get(&self.url, path, Some(key)).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// The provider serves at this hub, until it is dropped.
    async fn provider(&self, key: &str, folder: &TempDir) -> Part {
        let mut command = tools::provider();
        command
            .args(["run", "--echo"])
            .arg(format!("--hub={}", self.socket))
            .arg(format!("--key={key}"))
            .arg(format!("--data-dir={}", folder.path().display()));
        let provider = Part::start("echo", &mut command);
        until("the hub serves the model", || async {
            let models = wire::get(&self.url, "/v1/models", None).await.json().await;
            let mut all = models["data"].as_array()?.iter();
            let found = all.find(|one| one["id"] == IMAGE)?;
            (found["providers_online"].as_u64()? == 1).then_some(())
        })
        .await;
        provider
    }

    /// Four pictures.
    async fn serve(&self, key: &str) {
        let body = json!({"model": IMAGE, "prompt": "a swan", "n": 4});
        until("the pictures are made", || async {
            let made = wire::post(&self.url, "/v1/images/generations", key, &body).await;
            (made.status == 200).then_some(())
        })
        .await;
    }
}

async fn listed(store: &str, what: &[&str]) -> Value {
    let json = [what, &["--json"]].concat();
    serde_json::from_str(&admin(store, &json).await).unwrap()
}

fn amount(value: &Value) -> Amount {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_served_at_two_hubs_is_paid_at_a_third_though_two_of_them_are_killed() {
    let store = Server::shared().await.database().await;
    let nodes = join_all(["a", "b", "c"].map(|name| Node::start(name, &store))).await;
    let [mut a, b, mut c] = <[Node; 3]>::try_from(nodes).ok().unwrap();
    let new = [
        "key", "create", "consumer", "--name", "alice", "--grant", "1",
    ];
    let consumer = admin(&store, &new).await;
    let provider = admin(&store, &["key", "create", "provider", "--name", "rig"]).await;
    for node in [&a, &b, &c] {
        node.knows("/api/v1/user/me", &consumer).await;
        node.knows("/v1/provider/payouts", &provider).await;
    }
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let _first = a.provider(&provider, &folders[0]).await;
    let _second = b.provider(&provider, &folders[1]).await;
    a.serve(&consumer).await;
    b.serve(&consumer).await;
    a.part.kill().await;
    // By the journals, of which the killed one is one.
    let earned = amount(&listed(&store, &["provider", "list"]).await[0]["earned_usd"]);
    // Whoever ends the dead hub tells what it had earned.
    let asked = json!({"amount": earned.to_string(), "destination": "0xabc"});
    let payout = until("what both have earned is there", || async {
        let answer = wire::post(&c.url, "/v1/provider/payouts", &provider, &asked).await;
        let status = answer.status;
        let told = answer.json().await;
        match status.as_u16() {
            201 => Some(told["id"].as_str().unwrap().to_owned()),
            409 => {
                assert_eq!(told["error"]["code"], "insufficient_earnings", "{told}");
                None
            }
            _ => panic!("{status} {told}"),
        }
    })
    .await;
    c.part.kill().await;
    let paid = ["payout", "paid", &payout, "--reference", "0x77"];
    let paid = listed(&store, &paid).await;
    assert_eq!(
        (&paid["state"], &paid["reference"]),
        (&"paid".into(), &"0x77".into())
    );
    let fee = "0.001".parse::<Amount>().unwrap();
    assert_eq!(amount(&paid["pays"]), earned.checked_sub(fee).unwrap());
    let shown = wire::get(&b.url, "/v1/provider/payouts", Some(&provider)).await;
    assert_eq!(shown.json().await["data"][0]["state"], "paid");
    let audited = admin(&store, &["audit"]).await;
    assert!(
        audited.contains("the till")
            && audited.contains("add up: ok")
            && !audited.contains("BREACHES"),
        "{audited}"
    );
}
