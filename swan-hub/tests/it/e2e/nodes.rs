//! Three hubs as processes over one real PostgreSQL, hammered through HTTP on one account while one of them is killed and one
//! told to stop: what consumers were told is what was charged, once each, and never more than there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::{Method, Request};
use parking_lot::Mutex;
use serde_json::{Value, json};
use swan_core::ledger::Detail;
use swan_hub::store::PostgresStore;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::endpoint::{MODEL, endpoint};
use super::hub::pico;
use super::part::{Part, until};
use super::{tools, wire};
use crate::postgres;
use crate::postgres::server::{Server, connect};

const NAMES: [&str; 3] = ["a", "b", "c"];
/// At each hub.
const CLIENTS: usize = 3;
/// What 7 prompt and 2 completion tokens of the model cost is asked of the first answer; there is enough for about so many.
const REQUESTS: i128 = 400;

/// One hub of several.
struct Node {
    part: Part,
    url: String,
    _folder: TempDir,
}

impl Node {
    async fn start(name: &str, store: &str, endpoint: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[keys]\nfree_tier = false\n[nodes]\nlease_secs = 3\nslice = \"0.00005\"\n\
            [[external]]\nname = \"own\"\nurl = \"{endpoint}\"\nmodels = [\"{MODEL}\"]\ncapacity = 64\n"
        );
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
        let any = "127.0.0.1:0";
        let mut command = tools::hub();
        command.args(["serve", "--config", "hub.toml", "--node", name]);
        command.args(["--store", store, "--listen", any, "--provider-listen", any]);
        let part = Part::start("node", command.current_dir(folder.path()));
        let address = |line: &str| {
            let (_, rest) = line.split_once("consumers at ")?;
            Some(rest.split_once("/v1")?.0.to_owned())
        };
        let url = part.line(address).await;
        Self {
            part,
            url,
            _folder: folder,
        }
    }
}

/// What consumers were told, by the key of each request.
#[derive(Default)]
struct Told {
    charged: Mutex<BTreeMap<String, i128>>,
    refused: AtomicUsize,
    /// From now on who is refused goes.
    is_last: AtomicBool,
}

impl Told {
    fn sum(&self) -> i128 {
        self.charged.lock().values().sum()
    }
}

/// What one try has come to.
enum Answer {
    Charged(i128),
    Refused,
    /// It is to be asked again, elsewhere: whoever was asked is gone, or the request is still running.
    Unknown,
}

async fn once(url: &str, key: &str, name: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/chat/completions")
        .header("idempotency-key", name);
    let body =
        json!({"model": MODEL, "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]});
    let sent = wire::call(request, url, Some(key), Bytes::from(body.to_string())).await;
    let Ok(answer) = sent else {
        return Answer::Unknown;
    };
    let cost = answer.header("x-swan-cost").map(|cost| json!(cost));
    let status = answer.status.as_u16();
    let Ok(told) = answer.try_json().await else {
        // Its hub died in the middle of the answer.
        return Answer::Unknown;
    };
    match status {
        200 => Answer::Charged(pico(&cost.unwrap())),
        402 => Answer::Refused,
        409 if told["error"]["code"] == "idempotency_in_progress" => Answer::Unknown,
        409 => Answer::Charged(lost(&told)),
        // A new key is known a moment later.
        401 | 503 => Answer::Unknown,
        _ => panic!("{status} {told}"),
    }
}

/// What a request was charged whose hub died before its answer was kept.
fn lost(told: &Value) -> i128 {
    let message = told["error"]["message"].as_str().unwrap();
    let (_, rest) = message
        .split_once("was charged ")
        .unwrap_or_else(|| panic!("{told}"));
    let (cost, _) = rest.split_once(' ').unwrap();
    pico(&json!(cost))
}

/// One request after the other, each at this hub, or at the next one when it is gone, until it is answered.
async fn consume(client: usize, urls: &[String], key: &str, told: &Told) {
    let mut at = client % urls.len();
    for number in 0.. {
        let name = format!("{client}-{number}");
        loop {
            match once(&urls[at], key, &name).await {
                Answer::Charged(cost) => {
                    let before = told.charged.lock().insert(name, cost);
                    assert_eq!(before, None);
                    break;
                }
                Answer::Refused if told.is_last.load(Ordering::SeqCst) => return,
                Answer::Refused => {
                    told.refused.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    break;
                }
                Answer::Unknown => {
                    at = (at + 1) % urls.len();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// What the journals charged: how much, and for how many requests.
async fn charged(url: &str) -> (i128, usize) {
    let (mut sum, mut requests) = (0, Vec::new());
    for name in NAMES {
        let store: PostgresStore = postgres::open(url)
            .await
            .unwrap()
            .as_node(name, Duration::from_secs(3));
        let report = crate::ledger::audit(&store).await;
        assert_eq!((report.breaches, report.pending), (Vec::new(), 0), "{name}");
        let each = |entry: swan_core::ledger::Entry| {
            if let Detail::Charge(charge) = &entry.group.cause.detail {
                sum += charge.gross.pico();
                requests.push(entry.group.cause.request.unwrap());
            }
        };
        swan_hub::ledger::read_journal(&store, 1, each)
            .await
            .unwrap();
    }
    let count = requests.len();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), count, "a request was charged twice");
    (sum, count)
}

/// Waits until what a hub had is given back, by itself or by another.
async fn until_cleared(url: &str, name: &'static str) {
    let client = connect(url).await.unwrap();
    until("what the hub had is given back", || async {
        let cleared = "SELECT FROM swan.nodes WHERE id = $1 AND cleared";
        let rows = client.query(cleared, &[&name]).await.unwrap();
        (!rows.is_empty()).then_some(())
    })
    .await;
}

pub(super) async fn admin(store: &str, command: &[&str]) -> String {
    let done = tools::output(tools::hub().args(command).args(["--store", store])).await;
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {words}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Hubs that serve, and a consumer with funds whom all of them know.
struct Scene {
    store: String,
    nodes: Vec<Node>,
    key: String,
    /// Of one request.
    cost: i128,
    funds: i128,
    told: Arc<Told>,
}

impl Scene {
    async fn start() -> Self {
        let store = Server::shared().await.database().await;
        let (model, _) = endpoint("two words").await;
        let nodes = join_all(NAMES.map(|name| Node::start(name, &store, &model))).await;
        // An account of its own tells what one request costs.
        let new = |name, usd| ["key", "create", "consumer", "--name", name, "--grant", usd];
        let scout = admin(&store, &new("scout", "1")).await;
        let cost = until("a hub knows the new key and its funds", || async {
            match once(&nodes[0].url, &scout, "scout").await {
                Answer::Charged(cost) => Some(cost),
                _ => None,
            }
        })
        .await;
        let funds = cost * REQUESTS + 1;
        let usd = swan_core::Amount::from_pico(funds).unwrap().to_string();
        let key = admin(&store, &new("alice", &usd)).await;
        for node in &nodes {
            until("each hub knows the new key", || async {
                let answer = wire::get(&node.url, "/api/v1/user/me", Some(&key)).await;
                (answer.status == 200).then_some(())
            })
            .await;
        }
        Self {
            store,
            nodes,
            key,
            cost,
            funds,
            told: Arc::default(),
        }
    }

    /// Consumers at every hub, until they are told that who is refused goes.
    fn consumers(&self) -> Vec<JoinHandle<()>> {
        let urls: Vec<String> = self.nodes.iter().map(|node| node.url.clone()).collect();
        (0..CLIENTS * NAMES.len())
            .map(|client| {
                let (urls, key, told) = (urls.clone(), self.key.clone(), Arc::clone(&self.told));
                tokio::spawn(async move { consume(client, &urls, &key, &told).await })
            })
            .collect()
    }

    /// Waits until so many hundredths of the funds are spent.
    async fn spends(&self, part: i128) {
        until("a part of it is spent", || async {
            (self.told.sum() >= self.funds * part / 100).then_some(())
        })
        .await;
    }

    /// `SIGTERM`, to which a hub answers by ending in good order.
    async fn stop(&mut self, node: usize) {
        let part = &mut self.nodes[node].part;
        part.signal("TERM").await;
        assert!(part.end().await.success(), "{}", part.output());
    }

    /// The journals, what is shared, and what consumers were told are one story.
    async fn check(&self) {
        let told = self.told.sum();
        let (spent, requests) = charged(&self.store).await;
        assert_eq!(spent, told + self.cost, "charged is what was answered");
        assert_eq!(requests, self.told.charged.lock().len() + 1);
        assert!(told <= self.funds, "{told} of {}", self.funds);
        let database = postgres::open(&self.store).await.unwrap();
        let shared = database.shared_accounts().await.unwrap();
        for (_, [free, slices, granted]) in &shared {
            assert_eq!(free.pico() + slices.pico(), granted.pico());
        }
        let own = |[.., granted]: [swan_core::Amount; 3]| granted.pico() == self.funds;
        let (_, [free, slices, _]) = shared.iter().find(|(_, all)| own(*all)).unwrap();
        assert_eq!((free.pico(), slices.pico()), (self.funds - told, told));
        let audited = admin(&self.store, &["audit"]).await;
        let all = "shared funds of 2 accounts add up: ok";
        assert!(
            audited.contains(all) && !audited.contains("BREACHES"),
            "{audited}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hubs_hammered_on_one_account_while_one_is_killed_spend_exactly_what_they_told() {
    let mut scene = Scene::start().await;
    let consumers = scene.consumers();
    scene.spends(25).await;
    scene.nodes[0].part.kill().await;
    scene.spends(45).await;
    scene.stop(1).await;
    until_cleared(&scene.store, "a").await;
    until_cleared(&scene.store, "b").await;
    scene.spends(90).await;
    scene.told.is_last.store(true, Ordering::SeqCst);
    for consumer in consumers {
        consumer.await.unwrap();
    }
    scene.stop(2).await;
    scene.check().await;
}
