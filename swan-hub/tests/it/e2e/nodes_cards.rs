//! Two hubs as processes over one real PostgreSQL, with one card processor that tells both of everything: what is paid is credited once, and
//! an order that was begun at one which is killed is credited, paid back and explained by the other.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use swan_core::Amount;

use super::nodes::admin;
use super::nodes_payouts::Node;
use super::part::until;
use super::payments::Processor;
use super::wire;
use crate::postgres::server::Server;

async fn start(name: &str, store: &str, processor: &Processor) -> Node {
    let folder = tempfile::tempdir().unwrap();
    for (file, secret) in [("key", "sk_test_12345"), ("hook", "whsec_e2e")] {
        let file = folder.path().join(file);
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    }
    let config = format!(
        "[nodes]\nlease_secs = 3\n[stripe]\nsecret_key_file = \"key\"\nwebhook_secret_files = [\"hook\"]\n\
        success_url = \"https://app.example.com/paid\"\ncancel_url = \"https://app.example.com/cancelled\"\n\
        api_base = \"{}\"\nlook_secs = 1\n",
        processor.base
    );
    fs::write(folder.path().join("hub.toml"), config).unwrap();
    let node = Node::over(name, store, folder).await;
    let hook = format!("{}/webhooks/stripe", node.url);
    let wanted = json!({"url": hook, "secret": "whsec_e2e"});
    let path = format!("/_config/webhooks/{name}");
    assert_eq!(processor.post(&path, wanted).await.0, 200);
    node
}

impl Node {
    /// Waits until an account has this, by what this hub says.
    async fn shows(&self, key: &str, usd: &str) {
        let usd: Amount = usd.parse().unwrap();
        until("the account has its money", || async {
            let told = wire::get(&self.url, "/api/v1/user/me", Some(key)).await;
            let told = told.json().await;
            let has = told["balances"][0]["available"].as_str()?;
            (has.parse::<Amount>().ok()? == usd).then_some(())
        })
        .await;
    }

    async fn order(&self, key: &str, usd: &str) -> (String, String) {
        let wanted = json!({"amount": usd, "pay_by": "payment_intent"});
        let answer = wire::post(&self.url, "/v1/topups", key, &wanted).await;
        assert_eq!(answer.status, 201);
        let order = answer.json().await;
        let text = |member: &str| order[member].as_str().unwrap().to_owned();
        (text("id"), text("payment"))
    }

    async fn shown(&self, key: &str, id: &str) -> Value {
        let path = format!("/v1/topups/{id}");
        wire::get(&self.url, &path, Some(key)).await.json().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_begun_at_a_hub_that_is_killed_is_credited_and_paid_back_by_another() {
    let store = Server::shared().await.database().await;
    let processor = Processor::start().await;
    let mut a = start("a", &store, &processor).await;
    let b = start("b", &store, &processor).await;
    let new = [
        "key", "create", "consumer", "--name", "alice", "--grant", "1",
    ];
    let consumer = admin(&store, &new).await;
    let boss = admin(&store, &["key", "create", "admin", "--name", "boss"]).await;
    for node in [&a, &b] {
        node.knows("/api/v1/user/me", &consumer).await;
        node.knows("/api/v1/admin/keys", &boss).await;
    }
    // Both are told of it, at once.
    let (first, payment) = a.order(&consumer, "20").await;
    processor.pay(&payment, "4242424242424242").await;
    for node in [&a, &b] {
        node.shows(&consumer, "21").await;
    }
    let shown = b.shown(&consumer, &first).await;
    assert_eq!(shown["moved"].as_array().unwrap().len(), 1, "{shown}");
    // Its notice comes a second later.
    let (order, payment) = a.order(&consumer, "12.34").await;
    let (status, paid) = processor.pay(&payment, "4242424242424242").await;
    assert_eq!((status, &paid["status"]), (200, &json!("succeeded")));
    a.part.kill().await;
    b.shows(&consumer, "33.34").await;
    let path = format!("/api/v1/admin/topups/{order}/refunds");
    let asked = json!({"amount": "2.34", "id": "000000000000000000000000000000ab"});
    until("the refund is with the card", || async {
        let answer = wire::post(&b.url, &path, &boss, &asked).await;
        let status = answer.status.as_u16();
        let refund = answer.json().await;
        match status {
            201 => (refund["state"] == "succeeded").then_some(()),
            503 => None,
            _ => panic!("{status} {refund}"),
        }
    })
    .await;
    b.shows(&consumer, "31").await;
    let explained = admin(&store, &["explain", &order]).await;
    assert!(
        explained.contains("12.34 USD ordered by") && explained.contains("card processor"),
        "{explained}"
    );
    let audited = admin(&store, &["audit"]).await;
    assert!(
        audited.contains("add up: ok") && !audited.contains("BREACHES"),
        "{audited}"
    );
}
