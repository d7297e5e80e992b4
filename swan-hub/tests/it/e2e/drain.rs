//! Parts that are told to stop: they finish what is under way, and the market goes on without them.

use serde_json::json;

use super::hub::TestHub;
use super::model_server::{MODEL, chat};
use super::provider::TestProvider;
use super::wire::{self, Answer};

#[tokio::test]
async fn a_provider_told_to_stop_finishes_its_streams_and_gets_no_new_ones() {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let mut leaving = TestProvider::start(&hub, "gpu-one", 8).await;
    hub.serves(MODEL, 1).await;
    let mut answer = begin_stream(&hub, &consumer.key).await;
    let staying = TestProvider::start(&hub, "gpu-two", 8).await;
    hub.serves(MODEL, 2).await;

    leaving.terminate().await;
    hub.serves(MODEL, 1).await;
    let next = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(next.header("x-swan-provider-name"), Some(staying.name));
    assert_eq!(next.status, 200);
    ends_whole(&mut answer).await;
    leaving.end().await;
    let funds = hub.settled_funds(&consumer, 2).await;
    assert!(
        funds
            .charges
            .iter()
            .all(|charge| charge["basis"] == "reported"),
        "{funds:?}"
    );
    hub.audit().await;
}

#[tokio::test]
async fn a_hub_told_to_stop_finishes_its_streams_and_settles_them() {
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let mut answer = begin_stream(&hub, &consumer.key).await;

    hub.terminate().await;
    ends_whole(&mut answer).await;
    hub.end().await;
    let funds = hub.settled_funds(&consumer, 1).await;
    assert_eq!(funds.charges[0]["basis"], "reported", "{funds:?}");
    assert!(funds.spent > 0);
    hub.audit().await;
}

/// A stream of two seconds that has begun.
async fn begin_stream(hub: &TestHub, key: &str) -> Answer {
    let request =
        chat(&json!({"stream": true, "ignore_eos": true, "delay_ms": 50, "max_tokens": 40}));
    let mut answer = wire::post(&hub.url(), "/v1/chat/completions", key, &request).await;
    assert_eq!(answer.status, 200);
    answer.content().await;
    answer
}

async fn ends_whole(answer: &mut Answer) {
    let mut last = None;
    while let Some(data) = answer.event().await.expect("the stream goes on to its end") {
        last = Some(data);
    }
    assert_eq!(last.as_deref(), Some("[DONE]"));
}
