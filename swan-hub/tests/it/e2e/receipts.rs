//! Receipts with two signatures, from real hubs and providers, and checked without either.

use std::path::Path;

use serde_json::{Value, json};
use swan_client::receipt::{Finding, HubKeys, ProviderHalf, PublishedKey, SignedReceipt};
use swan_client::{Client, check_receipt};
use swan_core::protocol::Dialect;

use super::hub::TestHub;
use super::model_server::MODEL;
use super::provider::TestProvider;
use super::{tools, wire};
use crate::gateway::http::{Answer, Call};

fn address(hub: &TestHub) -> std::net::SocketAddr {
    let url = hub.url();
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Asks with a receipt, and keeps what a consumer keeps: both bodies and the receipt.
async fn keep(hub: &TestHub, key: &str, body: &Value, folder: &Path) -> (Answer, SignedReceipt) {
    let body = body.to_string();
    let call = Call::post(address(hub), "/v1/chat/completions")
        .header("authorization", &format!("Bearer {key}"))
        .header("x-swan-receipt", "1")
        .body(body.clone());
    let answer = call.send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let client = Client::builder(format!("{}/v1", hub.url()), key);
    let client = client.build().unwrap();
    let id = answer.header("x-request-id");
    let receipt = client.receipts().get(id).await.unwrap().into_parts().0;
    let json = serde_json::to_vec(&receipt).unwrap();
    std::fs::write(folder.join("receipt"), json).unwrap();
    std::fs::write(folder.join("request"), body).unwrap();
    std::fs::write(folder.join("answer"), &answer.body).unwrap();
    (answer, receipt)
}

/// `swan-hub receipt verify` of what was kept: exit code and findings.
async fn verify(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut command = tools::hub();
    command
        .args(["receipt", "verify", &at("receipt"), "--keys", &at("keys")])
        .args(["--request", &at("request"), "--answer", &at("answer")])
        .args(more);
    let done = tools::output(&mut command).await;
    let words = String::from_utf8(done.stderr).unwrap();
    (done.status.code(), words)
}

#[tokio::test]
async fn a_consumer_proves_to_anybody_what_hub_and_provider_signed() {
    let folder = tempfile::tempdir().unwrap();
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", 4).await;
    hub.serves(MODEL, 1).await;
    let own = provider.public_key().await;
    let keys = wire::get(&hub.url(), "/.well-known/swan-keys", None).await;
    let keys = keys.json().await;
    std::fs::write(folder.path().join("keys"), keys.to_string()).unwrap();
    let trusted: HubKeys = serde_json::from_value(keys).unwrap();

    let mut body = json!({
        "model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 6, "temperature": 0,
    });
    let mut kept = Vec::new();
    for stream in [false, true] {
        body["stream"] = json!(stream);
        let (answer, receipt) = keep(&hub, &consumer.key, &body, folder.path()).await;
        assert_eq!(answer.text().contains("[DONE]"), stream);
        let (code, words) = verify(folder.path(), &["--provider-key", &own]).await;
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("that is a key you named"), "{words}");
        let (code, words) = verify(folder.path(), &["--provider-key", &"1".repeat(64)]).await;
        assert_eq!(code, Some(3), "{words}");
        kept.push(receipt);
    }

    // Both are gone, and what they signed is not.
    drop(provider);
    let (code, words) = verify(folder.path(), &["--provider-key", &own]).await;
    assert_eq!(code, Some(0), "{words}");
    let own = [PublishedKey::always(own.parse().unwrap())];
    for receipt in &kept {
        let checked = check_receipt(receipt, &trusted.keys, &own).unwrap();
        let ProviderHalf::Signed(half) = checked.provider else {
            panic!("{checked:?}");
        };
        assert_eq!(half.differences, []);
        let (charged, signed) = (checked.receipt.usage, half.statement.usage);
        assert_eq!(signed.prompt_tokens, Some(charged.prompt_tokens));
        assert_eq!(signed.completion_tokens, Some(charged.completion_tokens));
        assert!(charged.completion_tokens > 0);
        assert_eq!(half.statement.terms.policy, checked.receipt.policy);
    }
}

#[tokio::test]
async fn a_provider_of_the_public_dialect_serves_and_the_receipt_says_why_it_signed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let _provider = TestProvider::start_in(&hub, "gpu", 4, Dialect::V1).await;
    hub.serves(MODEL, 1).await;
    let keys = wire::get(&hub.url(), "/.well-known/swan-keys", None).await;
    let keys = keys.json().await;
    std::fs::write(folder.path().join("keys"), keys.to_string()).unwrap();
    let body =
        json!({"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 6});
    let (_, receipt) = keep(&hub, &consumer.key, &body, folder.path()).await;
    assert_eq!(receipt.provider_signature, None);
    let (code, words) = verify(folder.path(), &[]).await;
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains(Finding::NoKey.explanation()), "{words}");
    let (code, _) = verify(folder.path(), &["--provider-key", &"1".repeat(64)]).await;
    assert_eq!(code, Some(3), "whoever names a key wants its signature");
}
