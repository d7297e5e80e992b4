//! Deposits on a real EVM node, anvil, with contracts that solc has compiled: from the wallet to the balance, through forks and
//! the death of the hub.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};
use tokio::net::TcpListener;

use super::hub::{Consumer, TestHub};
use super::part::{Part, until};
use super::{tools, wire};

const CHAIN: u64 = 254;
/// As deep as the hub waits.
const CONFIRMATIONS: u64 = 3;

/// A node, with wallets that it signs for.
struct Node {
    url: String,
    payer: String,
    treasury: String,
    _part: Part,
}

impl Node {
    async fn start() -> Self {
        let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = tokio::process::Command::new(tools::installed("chain/anvil"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--chain-id", &CHAIN.to_string(), "--silent"]);
        let part = Part::start("anvil", &mut command);
        let url = format!("http://127.0.0.1:{port}");
        let wallets = until("anvil listens", || async {
            let question = question("eth_accounts", &json!([]));
            let body = Bytes::from(question.to_string());
            let asked = wire::try_call(Method::POST, &url, "/", Some("none"), body).await;
            let wallets = asked.ok()?.json().await;
            Some(wallets["result"].clone())
        })
        .await;
        let wallet = |n: usize| wallets[n].as_str().unwrap().to_owned();
        Self {
            payer: wallet(0),
            treasury: wallet(1),
            url,
            _part: part,
        }
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = wire::post(&self.url, "/", "none", &question(method, &params)).await;
        let answer = answer.json().await;
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].clone()
    }

    /// Sends a transaction, which is mined at once; answers its receipt.
    async fn send(&self, to: Option<&str>, data: &str) -> Value {
        let mut transaction = json!({"from": self.payer, "data": data, "gas": "0x500000"});
        if let Some(to) = to {
            transaction["to"] = json!(to);
        }
        let hash = self.ask("eth_sendTransaction", json!([transaction])).await;
        until("the transaction is mined", || async {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await;
            (!receipt.is_null()).then_some(receipt)
        })
        .await
    }

    async fn call(&self, to: &str, function: &str, words: &[String]) -> Value {
        let data = format!("{}{}", selector(function), words.concat());
        let receipt = self.send(Some(to), &data).await;
        assert_eq!(receipt["status"], "0x1", "{function}: {receipt}");
        receipt
    }

    /// Puts a contract there; answers its address.
    async fn deploy(&self, name: &str, words: &[String]) -> String {
        let made = artifact(&tools::installed(&format!("chain/contracts/{name}.json")));
        let code = made["bytecode"].as_str().unwrap();
        let receipt = self.send(None, &format!("{code}{}", words.concat())).await;
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    async fn token(&self, decimals: u64, is_silent: bool) -> String {
        let words = [number(decimals.into()), number(is_silent.into())];
        let token = self.deploy("TestToken", &words).await;
        let words = [word(&self.payer), number(10_u128.pow(30))];
        let _ = self.call(&token, "mint(address,uint256)", &words).await;
        token
    }

    async fn mine(&self, blocks: u64) {
        let _ = self
            .ask("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    /// Replaces the youngest blocks by empty ones.
    async fn replace(&self, blocks: u64) {
        let _ = self.ask("anvil_reorg", json!([blocks, []])).await;
    }
}

fn question(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn artifact(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn selector(function: &str) -> String {
    let hash = Keccak256::digest(function.as_bytes());
    let digits = hash.iter().take(4).map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

fn number(number: u128) -> String {
    format!("{number:064x}")
}

/// An address or a reference as an argument.
fn word(hex: &str) -> String {
    format!("{:0>64}", hex.trim_start_matches("0x"))
}

/// A chain with tokens and the contract, and a hub that watches it.
struct Till {
    node: Node,
    contract: String,
    /// USDC; USDT, which answers nothing; SWAN; and one that the contract takes and the hub does not.
    tokens: [String; 4],
    hub: TestHub,
    alice: Consumer,
    reference: String,
}

fn config(node: &Node, contract: &str, tokens: &[String; 4], usdc: u8) -> String {
    let [usdc_at, usdt_at, swan_at, _] = tokens;
    let (url, treasury) = (&node.url, &node.treasury);
    format!(
        "[chain]
        rpc_urls = [\"{url}\"]
        contract = \"{contract}\"
        treasury = \"{treasury}\"
        start_block = 1
        confirmations = {CONFIRMATIONS}
        poll_ms = 50
        tokens = [
            {{ symbol = \"USDC\", address = \"{usdc_at}\", decimals = {usdc} }},
            {{ symbol = \"USDT\", address = \"{usdt_at}\", decimals = 6 }},
            {{ symbol = \"SWAN\", address = \"{swan_at}\", decimals = 18 }},
        ]\n"
    )
}

impl Till {
    async fn open() -> Self {
        let node = Node::start().await;
        let tokens = [
            node.token(6, false).await,
            node.token(6, true).await,
            node.token(18, false).await,
            node.token(8, false).await,
        ];
        // Two arguments: the treasury, and where the list begins; then its length and the list.
        let mut words = vec![word(&node.treasury), number(64), number(4)];
        words.extend(tokens.iter().map(|token| word(token)));
        let contract = node.deploy("SwanDeposits", &words).await;
        for token in &tokens {
            let words = [word(&contract), number(u128::MAX)];
            let _ = node.call(token, "approve(address,uint256)", &words).await;
        }
        let hub = TestHub::start_with(&config(&node, &contract, &tokens, 6)).await;
        let alice = hub.consumer("alice", "1").await;
        let told = wire::get(&hub.url(), "/v1/deposits/instructions", Some(&alice.key)).await;
        let told = told.json().await;
        assert_eq!(told["chain_id"], CHAIN, "{told}");
        assert_eq!(told["contract"], contract.as_str(), "{told}");
        let reference = told["reference"].as_str().unwrap().to_owned();
        Self {
            node,
            contract,
            tokens,
            hub,
            alice,
            reference,
        }
    }

    /// Deposits so many units; answers the transaction.
    async fn deposit(&self, token: usize, units: u128) -> String {
        let words = [
            word(&self.tokens[token]),
            number(units),
            word(&self.reference),
        ];
        let function = "deposit(address,uint256,bytes32)";
        let receipt = self.node.call(&self.contract, function, &words).await;
        receipt["transactionHash"].as_str().unwrap().to_owned()
    }

    async fn deposits(&self) -> Vec<Value> {
        let list = wire::get(&self.hub.url(), "/v1/deposits", Some(&self.alice.key)).await;
        list.json().await["data"].as_array().unwrap().clone()
    }

    /// Waits until the deposit of a transaction is so far.
    async fn comes_to(&self, transaction: &str, state: &str) -> Value {
        until(&format!("the deposit is {state}"), || async {
            let all = self.deposits().await;
            let one = all.into_iter().find(|it| it["transaction"] == transaction);
            one.filter(|one| one["state"] == state)
        })
        .await
    }

    async fn me(&self) -> Value {
        let me = wire::get(&self.hub.url(), "/api/v1/user/me", Some(&self.alice.key)).await;
        me.json().await
    }

    /// What the account has, in USD and SWAN.
    async fn has(&self) -> [String; 2] {
        let me = self.me().await;
        let me = me.get("data").unwrap_or(&me);
        [0, 1].map(|n| me["balances"][n]["available"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn deposits_are_credited_once_through_forks_and_the_death_of_the_hub() {
    let mut till = Till::open().await;
    let usdc = till.deposit(0, 12_345_678).await;
    let seen = till.comes_to(&usdc, "confirming").await;
    assert_eq!(
        (&seen["confirmations"], &seen["confirmations_needed"]),
        (&json!(1), &json!(CONFIRMATIONS)),
        "{seen}"
    );
    assert_eq!(till.has().await, ["1", "0"]);
    till.node.mine(CONFIRMATIONS - 1).await;
    let credited = till.comes_to(&usdc, "credited").await;
    assert_eq!(credited["amount"], "12.345678", "{credited}");
    assert_eq!(till.has().await, ["13.345678", "0"]);

    // What comes in while the hub is dead is there when it comes back; what came before is not there twice.
    till.hub.kill().await;
    let usdt = till.deposit(1, 2_000_000).await;
    let swan = till.deposit(2, 1_000_000_000_001_999_999).await;
    till.node.mine(CONFIRMATIONS - 1).await;
    till.hub.restart().await;
    let _ = till.comes_to(&usdt, "credited").await;
    let swan = till.comes_to(&swan, "credited").await;
    assert_eq!(swan["dust_units"], "999999", "{swan}");
    assert_eq!(till.has().await, ["15.345678", "1.000000000001"]);

    // A fork before the end.
    let gone = till.deposit(0, 1_000_000).await;
    let _ = till.comes_to(&gone, "confirming").await;
    till.node.replace(1).await;
    let _ = till.comes_to(&gone, "orphaned").await;

    // One that goes deeper than anybody waits: what was credited is taken back.
    let late = till.deposit(0, 5_000_000).await;
    till.node.mine(CONFIRMATIONS - 1).await;
    let _ = till.comes_to(&late, "credited").await;
    assert_eq!(till.has().await[0], "20.345678");
    till.node.replace(CONFIRMATIONS + 1).await;
    till.node.mine(CONFIRMATIONS).await;
    let late = till.comes_to(&late, "reversed").await;
    assert_eq!(till.has().await[0], "15.345678");
    till.hub.says("have been replaced").await;

    let id = late["id"].as_str().unwrap();
    let told = till.hub.admin(&["explain", id]).await;
    assert!(told.contains("deposit_reversed"), "{told}");
    let status = till.hub.json(&["chain", "status", "--json"]).await;
    assert_eq!(status["problem"], Value::Null, "{status}");
    till.hub.audit().await;
}

#[tokio::test]
async fn what_is_nobodys_is_kept_for_the_operator() {
    let till = Till::open().await;
    let _ = till.deposit(3, 7).await;
    let words = [word(&till.node.treasury), number(3_000_000)];
    let plain = "transfer(address,uint256)";
    let _ = till.node.call(&till.tokens[0], plain, &words).await;
    till.node.mine(CONFIRMATIONS).await;
    let unmatched = until("both are told", || async {
        let list = till.hub.json(&["chain", "unmatched", "--json"]).await;
        let list = list.as_array().unwrap().clone();
        (list.len() == 2).then_some(list)
    })
    .await;
    till.hub.says("the token is none that this hub takes").await;
    let of = |why: &str| {
        let one = unmatched.iter().find(|one| one["why"] == why);
        one.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let _ = of("unknown_token");
    assert_eq!(till.has().await, ["1", "0"]);
    let me = till.me().await;
    let alice = me.get("data").unwrap_or(&me)["account_id"]
        .as_str()
        .unwrap();
    let id = of("plain_transfer");
    let admin = ["key", "create", "admin", "--name", "ops"];
    let admin = till.hub.admin(&admin).await;
    let assign = async |key: &str, id: &str, body: Value| {
        let path = format!("/api/v1/admin/deposits/{id}/assign");
        let answer = wire::post(&till.hub.url(), &path, key, &body).await;
        let status = answer.status.as_u16();
        let code = answer.json().await["error"]["code"].clone();
        (status, code.as_str().unwrap_or_default().to_owned())
    };
    let hers = json!({"account": alice});
    let nobody = json!({"account": format!("acc-{:032x}", 5)});
    until("the hub knows a new key", || async {
        let path = "/api/v1/admin/deposits?phase=unmatched";
        let list = wire::get(&till.hub.url(), path, Some(&admin)).await;
        let is_known = list.status == 200;
        let list = list.json().await;
        is_known.then(|| assert_eq!(list["data"].as_array().unwrap().len(), 2))
    })
    .await;
    let foreign = of("unknown_token");
    let unknown = format!("dep-{:032x}", 1);
    for (key, id, body, expected) in [
        (&till.alice.key, &id, &hers, (403, "wrong_kind_of_key")),
        (&admin, &id, &nobody, (404, "account_not_found")),
        (&admin, &unknown, &hers, (404, "deposit_not_found")),
        (&admin, &foreign, &hers, (409, "deposit_not_assignable")),
        (&admin, &id, &hers, (200, "")),
        (
            &admin,
            &id,
            &json!({"account": nobody["account"]}),
            (409, "deposit_not_unmatched"),
        ),
    ] {
        let (status, code) = assign(key, id, body.clone()).await;
        assert_eq!((status, code.as_str()), expected, "{id} {body}");
    }
    until("it is credited", || async {
        (till.has().await[0] == "4").then_some(())
    })
    .await;
    till.hub.audit().await;
}

#[tokio::test]
async fn a_token_with_other_decimals_is_refused() {
    let till = Till::open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, config(&till.node, &till.contract, &till.tokens, 18)).unwrap();
    let mut serve = tools::hub();
    serve
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--provider-listen",
            "127.0.0.1:0",
        ])
        .arg("--config")
        .arg(&file)
        .arg("--data-dir")
        .arg(folder.path());
    let refused = tokio::time::timeout(Duration::from_secs(60), serve.output());
    let refused = refused.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(
        said.contains("has 6 decimals, and 18 are configured"),
        "{said}"
    );
}

/// Whoever deploys the contract deploys what its source says.
#[test]
fn the_contract_is_what_its_source_compiles_to() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/SwanDeposits.json");
    let compiled = tools::installed("chain/contracts/SwanDeposits.json");
    assert!(
        std::fs::read(kept).unwrap() == std::fs::read(&compiled).unwrap(),
        "swan-hub/contracts/SwanDeposits.json is not what its source compiles to: copy {}",
        compiled.display()
    );
}
