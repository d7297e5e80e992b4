//! Two hubs as processes over one real PostgreSQL, and a real EVM node: one of them reads the chain, and the other goes on with it when that
//! one is killed; what comes in is credited once and spent at both, and a fork takes it back.

use serde_json::Value;
use swan_core::Amount;

use super::chain_till::{self, CONFIRMATIONS, config};
use super::nodes::admin;
use super::nodes_payouts::Node;
use super::part::until;
use super::wire;
use crate::postgres::server::Server;

impl Node {
    async fn deposit_is(&self, key: &str, transaction: &str, state: &str) -> Value {
        until(&format!("the deposit is {state}"), || async {
            let list = wire::get(&self.url, "/v1/deposits", Some(key)).await;
            let list = list.json().await;
            let mut all = list["data"].as_array()?.iter();
            let found = all.find(|one| one["transaction"] == transaction)?;
            (found["state"] == state).then(|| found.clone())
        })
        .await
    }

    async fn has(&self, key: &str, usd: &str) {
        let usd: Amount = usd.parse().unwrap();
        until(&format!("the account has {usd}"), || async {
            let told = wire::get(&self.url, "/api/v1/user/me", Some(key)).await;
            let told = told.json().await;
            let has = told["balances"][0]["available"].as_str()?;
            (has.parse::<Amount>().ok()? == usd).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_hubs_reads_the_chain_and_the_other_goes_on_when_it_is_killed() {
    let (store, chain) = tokio::join!(
        async { Server::shared().await.database().await },
        chain_till::Node::start()
    );
    let (contract, tokens) = chain.contract().await;
    let start = async |name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&chain, &contract, &tokens, 6);
        let config = format!("{config}[nodes]\nlease_secs = 3\n");
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
        Node::over(name, &store, folder).await
    };
    // Whoever begins first reads.
    let mut a = start("a").await;
    let b = start("b").await;
    let new = [
        "key", "create", "consumer", "--name", "alice", "--grant", "1",
    ];
    let alice = admin(&store, &new).await;
    for node in [&a, &b] {
        node.knows("/api/v1/user/me", &alice).await;
    }
    let told = wire::get(&b.url, "/v1/deposits/instructions", Some(&alice)).await;
    let told = told.json().await;
    let reference = told["reference"].as_str().unwrap();
    let to = (contract.as_str(), tokens[0].as_str());

    let first = chain.deposit(to, reference, 12_345_678).await;
    chain.mine(CONFIRMATIONS - 1).await;
    for node in [&a, &b] {
        let _ = node.deposit_is(&alice, &first, "credited").await;
        node.has(&alice, "13.345678").await;
    }
    a.part.kill().await;
    let second = chain.deposit(to, reference, 5_000_000).await;
    chain.mine(CONFIRMATIONS - 1).await;
    let _ = b.deposit_is(&alice, &second, "credited").await;
    b.has(&alice, "18.345678").await;
    // Deeper than anybody waits.
    chain.replace(CONFIRMATIONS + 1).await;
    chain.mine(CONFIRMATIONS).await;
    let second = b.deposit_is(&alice, &second, "reversed").await;
    b.has(&alice, "13.345678").await;

    let explained = admin(&store, &["explain", second["id"].as_str().unwrap()]).await;
    assert!(explained.contains("deposit_reversed"), "{explained}");
    let audited = admin(&store, &["audit"]).await;
    assert!(
        audited.contains("add up: ok") && !audited.contains("BREACHES"),
        "{audited}"
    );
}
