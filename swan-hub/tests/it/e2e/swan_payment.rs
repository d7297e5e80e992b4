//! The same request paid in dollars and in SWAN, and its provider paid in what it prefers: with the programs that people run.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::hub::{TestHub, pico};
use super::model_server::{MODEL, chat};
use super::part::until;
use super::provider::TestProvider;
use super::wire;

/// One SWAN is worth an eighth of a dollar.
const CONFIG: &str = "usd_per_swan = \"0.125\"\n[keys]\nfree_tier = false\n";

pub(super) async fn paid_in(hub: &TestHub, key: &str, currency: &str) -> (String, i128) {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/chat/completions")
        .header("x-swan-payment", currency);
    let body = Bytes::from(chat(&json!({})).to_string());
    let answer = wire::call(request, &hub.url(), Some(key), body).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("x-swan-cost-currency"), Some(currency));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let cost = answer.header("x-swan-cost").unwrap().to_owned();
    let body = answer.json().await;
    assert_eq!(body["usage"]["cost"], cost.as_str());
    (id, pico(&Value::from(cost)))
}

#[tokio::test]
async fn a_request_in_swan_costs_a_fifth_less_and_explain_says_by_which_rate() {
    let hub = TestHub::start_with(CONFIG).await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let consumer = hub.consumer("alice", "5").await;
    let accounts = hub.json(&["account", "show", "--json"]).await;
    let account = accounts[0]["id"].as_str().unwrap().to_owned();
    hub.admin(&["account", "grant", &account, "5", "--currency", "swan"])
        .await;

    let (_, usd) = paid_in(&hub, &consumer.key, "USD").await;
    let (id, swan) = paid_in(&hub, &consumer.key, "SWAN").await;
    // The answer is the same, so the charge is exactly USD x 0.8 / 0.125.
    assert!(usd > 0);
    assert_eq!(swan * 10, usd * 8 * 8);
    // The record of a request is on the disk within a second of its end.
    let told = until("the record is written", || async {
        let told = hub.admin(&["explain", &id]).await;
        (!told.contains("is not in the store")).then_some(told)
    })
    .await;
    for words in [
        "the discount is 20%",
        "0.125 USD for 1 SWAN, by configuration at ",
        "95%",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = hub.json(&["explain", &id, "--json"]).await;
    assert_eq!(told["charge"]["adds_up"], true);
    let split = told["charge"]["split"].as_array().unwrap();
    assert_eq!(pico(&split[0]["amount"]) * 100, swan * 95);
    hub.audit().await;
}

#[tokio::test]
async fn a_provider_is_paid_in_the_currency_that_it_prefers() {
    let hub = TestHub::start_with(CONFIG).await;
    let provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let consumer = hub.consumer("alice", "5").await;
    let (_, usd) = paid_in(&hub, &consumer.key, "USD").await;
    let id = hub.json(&["provider", "list", "--json"]).await[0]["id"].clone();
    let id = id.as_str().unwrap();
    hub.admin(&[
        "exchange",
        "fund",
        "1000",
        "--currency",
        "swan",
        "--note",
        "stock",
    ])
    .await;
    assert_eq!(
        hub.admin(&["provider", "payment", id, "swan"]).await,
        "SWAN"
    );
    // The hub has it with its next minute, and at once when the provider asks.
    let body = json!({"currency": "swan"}).to_string();
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/v1/provider/payment");
    let said = wire::call(request, &hub.url(), Some(&provider.key), body.into()).await;
    let said = said.unwrap().json().await;
    let earned = usd * 95 / 100;
    assert_eq!(said["currency"], "SWAN");
    assert_eq!(pico(&said["earnings"][0]["available"]), 0);
    assert_eq!(pico(&said["earnings"][1]["available"]), earned * 8);
    let shown = hub.json(&["exchange", "show", "--json"]).await;
    assert_eq!(pico(&shown[0]["stock"]), earned);
    assert_eq!(pico(&shown[1]["to_providers"]), earned * 8);
    let told = hub.admin(&["explain", id]).await;
    assert!(told.contains("/ 0.125 USD for 1 SWAN = "), "{told}");
    assert!(told.contains("the rate is by configuration at "), "{told}");
    let statement = hub.admin(&["statement", id, "--currency", "swan"]).await;
    assert!(statement.contains("exchange"), "{statement}");
    hub.audit().await;
}
