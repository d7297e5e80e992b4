//! Deposits on a real EVM node, anvil, with contracts that solc has compiled: from the wallet to the balance, through forks and
//! the death of the hub.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::chain_till::{CONFIRMATIONS, Till, config, number, word};
use super::part::until;
use super::{tools, wire};

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
        (&admin, &foreign, &hers, (409, "deposit_token_unknown")),
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
