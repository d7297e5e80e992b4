//! Requests with an idempotency key, from the official SDK and across the death of the hub.

use serde_json::{Value, json};

use super::hub::{TestHub, pico};
use super::model_server::{MODEL, chat, long_stream};
use super::part::until;
use super::provider::TestProvider;
use super::{tools, wire};

#[tokio::test]
async fn the_python_sdk_repeats_requests_and_is_charged_once_for_each() {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let seen = tools::repeated(&format!("{}/v1", hub.url()), &consumer.key, MODEL).await;
    let whole = seen["whole"].as_array().unwrap();
    for again in &whole[1..] {
        assert_eq!(again["text"], whole[0]["text"]);
        assert_eq!(again["x-request-id"], whole[0]["x-request-id"]);
        assert_eq!(again["idempotency-replayed"], "true");
    }
    assert_eq!(whole[0]["idempotency-replayed"], Value::Null);
    assert_eq!(seen["stream"][0], seen["stream"][1]);
    assert_eq!(seen["conflict"]["code"], "idempotency_conflict");
    assert_eq!(seen["conflict"]["param"], "Idempotency-Key");
    let at_once = seen["at_once"].as_array().unwrap();
    assert_eq!(at_once.len(), 4, "{seen}");
    assert!(at_once.iter().all(|one| one["text"] == at_once[0]["text"]));
    let cost = pico(&whole[0]["x-swan-cost"]);
    let funds = hub.settled_funds(&consumer, 3).await;
    assert_eq!(funds.spent, 3 * cost, "three keys, three charges");
    hub.audit().await;
}

#[tokio::test]
async fn a_killed_hub_replays_what_it_had_answered_and_runs_what_it_had_not() {
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let (url, request) = (hub.url(), chat(&json!({})));
    let first = wire::try_post_once(&url, &consumer.key, "done", &request).await;
    let first = first.unwrap();
    let id = first.header("x-request-id").unwrap().to_owned();
    let first = first.text().await;
    let running = wire::try_post_once(&url, &consumer.key, "running", &long_stream()).await;
    let mut running = running.unwrap();
    running.content().await;
    until("the record of the first request is written", || async {
        let path = format!("/v1/generation?id={id}");
        let known = wire::get(&url, &path, Some(&consumer.key)).await;
        (known.status == 200).then_some(())
    })
    .await;
    // Outcome and record are written within a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let before = hub.funds(&consumer).await.spent;
    hub.kill().await;
    drop(running);
    hub.restart().await;

    let replay = wire::try_post_once(&url, &consumer.key, "done", &request).await;
    let replay = replay.unwrap();
    assert_eq!(replay.header("idempotency-replayed"), Some("true"));
    assert_eq!(replay.header("x-request-id"), Some(id.as_str()));
    assert_eq!(replay.text().await, first);
    let known = wire::get(
        &url,
        &format!("/v1/generation?id={id}"),
        Some(&consumer.key),
    )
    .await;
    assert_eq!(known.json().await["data"]["model"], MODEL);
    assert_eq!(hub.funds(&consumer).await.spent, before);

    hub.serves(MODEL, 1).await;
    let again = chat(&json!({"stream": true}));
    let changed = wire::try_post_once(&url, &consumer.key, "running", &again).await;
    assert_eq!(
        changed.unwrap().status,
        200,
        "its request was not charged, so the key is free"
    );
    hub.settled_funds(&consumer, 2).await;
    hub.audit().await;
}
