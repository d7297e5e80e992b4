//! A real EVM node, anvil, with tokens and the contract that takes deposits, and a hub that watches it.

use std::path::Path;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};
use tokio::net::TcpListener;

use super::hub::{Consumer, TestHub};
use super::part::{Part, until};
use super::{tools, wire};

pub(super) const CHAIN: u64 = 254;
/// As deep as the hub waits.
pub(super) const CONFIRMATIONS: u64 = 3;

/// A node, with wallets that it signs for.
pub(super) struct Node {
    pub(super) url: String,
    pub(super) payer: String,
    pub(super) treasury: String,
    _part: Part,
}

impl Node {
    pub(super) async fn start() -> Self {
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

    pub(super) async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = wire::post(&self.url, "/", "none", &question(method, &params)).await;
        let answer = answer.json().await;
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].clone()
    }

    /// Sends a transaction, which is mined at once; answers its receipt.
    pub(super) async fn send(&self, to: Option<&str>, data: &str) -> Value {
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

    pub(super) async fn call(&self, to: &str, function: &str, words: &[String]) -> Value {
        let data = format!("{}{}", selector(function), words.concat());
        let receipt = self.send(Some(to), &data).await;
        assert_eq!(receipt["status"], "0x1", "{function}: {receipt}");
        receipt
    }

    /// Puts a contract there; answers its address.
    pub(super) async fn deploy(&self, name: &str, words: &[String]) -> String {
        let made = artifact(&tools::installed(&format!("chain/contracts/{name}.json")));
        let code = made["bytecode"].as_str().unwrap();
        let receipt = self.send(None, &format!("{code}{}", words.concat())).await;
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    pub(super) async fn token(&self, decimals: u64, is_silent: bool) -> String {
        let words = [number(decimals.into()), number(is_silent.into())];
        let token = self.deploy("TestToken", &words).await;
        let words = [word(&self.payer), number(10_u128.pow(30))];
        let _ = self.call(&token, "mint(address,uint256)", &words).await;
        token
    }

    /// The contract for deposits with its tokens, which it may take of the payer.
    pub(super) async fn contract(&self) -> (String, [String; 4]) {
        let tokens = [
            self.token(6, false).await,
            self.token(6, true).await,
            self.token(18, false).await,
            self.token(8, false).await,
        ];
        // Two arguments: the treasury, and where the list begins; then its length and the list.
        let mut words = vec![word(&self.treasury), number(64), number(4)];
        words.extend(tokens.iter().map(|token| word(token)));
        let contract = self.deploy("SwanDeposits", &words).await;
        for token in &tokens {
            let words = [word(&contract), number(u128::MAX)];
            let _ = self.call(token, "approve(address,uint256)", &words).await;
        }
        (contract, tokens)
    }

    /// Deposits so many units of a token by a reference; answers the transaction.
    pub(super) async fn deposit(
        &self,
        (contract, token): (&str, &str),
        reference: &str,
        units: u128,
    ) -> String {
        let words = [word(token), number(units), word(reference)];
        let function = "deposit(address,uint256,bytes32)";
        let receipt = self.call(contract, function, &words).await;
        receipt["transactionHash"].as_str().unwrap().to_owned()
    }

    pub(super) async fn mine(&self, blocks: u64) {
        let _ = self
            .ask("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    /// Replaces the youngest blocks by empty ones.
    pub(super) async fn replace(&self, blocks: u64) {
        let _ = self.ask("anvil_reorg", json!([blocks, []])).await;
    }
}

pub(super) fn question(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

pub(super) fn artifact(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(super) fn selector(function: &str) -> String {
    let hash = Keccak256::digest(function.as_bytes());
    let digits = hash.iter().take(4).map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

pub(super) fn number(number: u128) -> String {
    format!("{number:064x}")
}

/// An address or a reference as an argument.
pub(super) fn word(hex: &str) -> String {
    format!("{:0>64}", hex.trim_start_matches("0x"))
}

/// A chain with tokens and the contract, and a hub that watches it.
pub(super) struct Till {
    pub(super) node: Node,
    pub(super) contract: String,
    /// USDC; USDT, which answers nothing; SWAN; and one that the contract takes and the hub does not.
    pub(super) tokens: [String; 4],
    pub(super) hub: TestHub,
    pub(super) alice: Consumer,
    pub(super) reference: String,
}

pub(super) fn config(node: &Node, contract: &str, tokens: &[String; 4], usdc: u8) -> String {
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
    pub(super) async fn open() -> Self {
        let node = Node::start().await;
        let (contract, tokens) = node.contract().await;
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
    pub(super) async fn deposit(&self, token: usize, units: u128) -> String {
        self.deposit_for(&self.reference, token, units).await
    }

    /// Deposits so many units by a reference; answers the transaction.
    pub(super) async fn deposit_for(&self, reference: &str, token: usize, units: u128) -> String {
        let to = (self.contract.as_str(), self.tokens[token].as_str());
        self.node.deposit(to, reference, units).await
    }

    pub(super) async fn deposits(&self) -> Vec<Value> {
        let list = wire::get(&self.hub.url(), "/v1/deposits", Some(&self.alice.key)).await;
        list.json().await["data"].as_array().unwrap().clone()
    }

    /// Waits until the deposit of a transaction is so far.
    pub(super) async fn comes_to(&self, transaction: &str, state: &str) -> Value {
        until(&format!("the deposit is {state}"), || async {
            let all = self.deposits().await;
            let one = all.into_iter().find(|it| it["transaction"] == transaction);
            one.filter(|one| one["state"] == state)
        })
        .await
    }

    pub(super) async fn me(&self) -> Value {
        let me = wire::get(&self.hub.url(), "/api/v1/user/me", Some(&self.alice.key)).await;
        me.json().await
    }

    /// What the account has, in USD and SWAN.
    pub(super) async fn has(&self) -> [String; 2] {
        let me = self.me().await;
        let me = me.get("data").unwrap_or(&me);
        [0, 1].map(|n| me["balances"][n]["available"].as_str().unwrap().to_owned())
    }
}
