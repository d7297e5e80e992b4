//! Consumers that leave: the model server stops, and nothing stays held.

use std::time::{Duration, Instant};

use serde_json::json;

use super::hub::{Consumer, TestHub};
use super::model_server::{MODEL, chat, long_stream};
use super::provider::TestProvider;
use super::wire;

/// How soon the model server has to be told.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test]
async fn who_hangs_up_in_the_middle_of_a_stream_stops_the_model_server() {
    let (hub, consumer, provider) = market().await;
    let mut answer = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &long_stream(),
    )
    .await;
    for _ in 0..3 {
        answer.content().await;
    }
    drop(answer);
    assert_stops_soon(&provider).await;
    let funds = hub.settled_funds(&consumer, 1).await;
    assert!(funds.spent > 0, "what was delivered is charged");
    assert_eq!(hub.earned(provider.name).await, funds.spent * 95 / 100);
    hub.audit().await;
}

#[tokio::test]
async fn who_hangs_up_before_a_whole_answer_stops_the_model_server_and_pays_nothing() {
    let (hub, consumer, provider) = market().await;
    let request = chat(&json!({"ignore_eos": true, "delay_ms": 50, "max_tokens": 400}));
    let url = hub.url();
    tokio::select! {
        answer = wire::post(&url, "/v1/chat/completions", &consumer.key, &request) => panic!("an answer: {answer:?}"),
        () = provider.model_server.reaches("tokens", 3) => {}
    }
    assert_stops_soon(&provider).await;
    let funds = hub.settled_funds(&consumer, 0).await;
    assert_eq!(funds.spent, 0, "nothing was delivered");
    hub.audit().await;
}

async fn market() -> (TestHub, Consumer, TestProvider) {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    (hub, consumer, provider)
}

async fn assert_stops_soon(provider: &TestProvider) {
    let left = Instant::now();
    provider.model_server.reaches("cancelled", 1).await;
    assert!(
        left.elapsed() < SOON,
        "the model server worked on for {:?}",
        left.elapsed()
    );
    assert_eq!(provider.model_server.count("active").await, 0);
}
