//! An endpoint of the hub's own, for when no provider can serve.

use serde_json::{Value, json};

use super::hub::TestHub;
use super::model_server::{COMPLETION_PICO, MODEL, ModelServer, PROMPT_PICO, chat};
use super::provider::TestProvider;
use super::wire;

#[tokio::test]
async fn without_a_provider_the_hubs_own_endpoint_answers_at_the_same_price() {
    let endpoint = ModelServer::start(8).await;
    let hub = TestHub::start_with(&config(&endpoint)).await;
    let consumer = hub.consumer("alice", "5").await;
    let answer = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-swan-connection-mode"), Some("external"));
    let usage = answer.json().await["usage"].clone();
    let tokens = |field: &str| i128::from(usage[field].as_u64().unwrap());
    let cost =
        tokens("prompt_tokens") * PROMPT_PICO + tokens("completion_tokens") * COMPLETION_PICO;
    let funds = hub.settled_funds(&consumer, 1).await;
    assert_eq!(funds.spent, cost);
    assert_eq!(funds.charges[0]["provider"], Value::Null);
    hub.audit().await;
}

#[tokio::test]
async fn an_endpoint_from_the_command_line_serves_the_models_that_it_lists() {
    let endpoint = ModelServer::start(8).await;
    let flag = format!("own={}", endpoint.url);
    let hub = TestHub::start_flagged(&["--external", &flag]).await;
    let consumer = hub.consumer("alice", "5").await;
    // Listed, though no provider is there.
    hub.serves(MODEL, 0).await;
    let answer = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-swan-connection-mode"), Some("external"));
    assert_eq!(answer.header("x-swan-provider-name"), Some("own"));
    let usage = answer.json().await["usage"].clone();
    let tokens = |field: &str| i128::from(usage[field].as_u64().unwrap());
    let cost =
        tokens("prompt_tokens") * PROMPT_PICO + tokens("completion_tokens") * COMPLETION_PICO;
    assert_eq!(hub.settled_funds(&consumer, 1).await.spent, cost);
    hub.audit().await;
}

#[tokio::test]
async fn when_the_only_provider_dies_before_the_first_token_the_endpoint_takes_over() {
    let endpoint = ModelServer::start(8).await;
    let hub = TestHub::start_with(&config(&endpoint)).await;
    let consumer = hub.consumer("alice", "5").await;
    let mut provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let request = chat(&json!({"stream": true, "first_delay_ms": 1500}));
    let url = hub.url();
    let (answer, ()) = tokio::join!(
        wire::post(&url, "/v1/chat/completions", &consumer.key, &request),
        async {
            provider.model_server.reaches("active", 1).await;
            provider.kill().await;
        }
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-swan-connection-mode"), Some("external"));
    let text = answer.text().await;
    assert!(
        text.contains(" word.") && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
    assert_eq!(
        hub.settled_funds(&consumer, 1).await.charges[0]["provider"],
        Value::Null
    );
    assert_eq!(
        hub.earned(provider.name).await,
        0,
        "who died has delivered nothing"
    );
    hub.audit().await;
}

fn config(endpoint: &ModelServer) -> String {
    format!(
        "[[external]]\nname = \"own\"\nurl = \"{}/v1\"\nmodels = [\"{MODEL}\"]\n",
        endpoint.url
    )
}
