//! The official OpenAI SDKs, through hub and provider to llama.cpp and back.

use serde_json::Value;
use swan_core::protocol::Dialect;

use super::hub::{TestHub, pico};
use super::model_server::{COMPLETION_PICO, MODEL, PROMPT_PICO};
use super::provider::TestProvider;
use super::tools::Sdk;

#[tokio::test]
async fn the_python_sdk_is_served_and_charged() {
    is_served_and_charged(Sdk::Python, Dialect::V2).await;
}

#[tokio::test]
async fn the_node_sdk_is_served_and_charged() {
    is_served_and_charged(Sdk::Node, Dialect::V2).await;
}

#[tokio::test]
async fn the_python_sdk_does_not_notice_the_public_dialect() {
    is_served_and_charged(Sdk::Python, Dialect::V1).await;
}

/// The model is deterministic, so through the hub the SDK must see what it sees at the model server itself.
async fn is_served_and_charged(sdk: Sdk, dialect: Dialect) {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start_in(&hub, "gpu", 8, dialect).await;
    hub.serves(MODEL, 1).await;
    let direct = sdk
        .chat(&format!("{}/v1", provider.model_server.url), "none", MODEL)
        .await;
    let seen = sdk
        .chat(&format!("{}/v1", hub.url()), &consumer.key, MODEL)
        .await;

    assert_eq!(seen["model"], MODEL);
    assert!(
        seen["whole"]["content"]
            .as_str()
            .unwrap()
            .starts_with("Swan carries this answer"),
        "{seen}"
    );
    for call in ["whole", "stream", "stream_usage"] {
        for field in ["content", "finish_reason", "choiceless"] {
            assert_eq!(seen[call][field], direct[call][field], "{call}.{field}");
        }
        assert_metadata(call, &seen[call]["headers"]);
    }
    assert_eq!(
        seen["whole"]["request_id"],
        seen["whole"]["headers"]["x-swan-request-id"]
    );
    assert_eq!(
        seen["stream"]["usage"],
        Value::Null,
        "usage is only for those who ask"
    );
    assert_refusals(&seen);

    let cost = assert_usage(&direct["whole"]["usage"], &seen["whole"]["usage"]);
    assert_eq!(
        assert_usage(
            &direct["stream_usage"]["usage"],
            &seen["stream_usage"]["usage"]
        ),
        cost
    );
    assert_eq!(pico(&seen["whole"]["headers"]["x-swan-cost"]), cost);
    let funds = hub.settled_funds(&consumer, 3).await;
    assert_eq!(
        funds.spent,
        3 * cost,
        "the three answers cost the same, whether or not usage was asked for"
    );
    assert_eq!(hub.earned(provider.name).await, funds.spent * 95 / 100);
    hub.audit().await;
}

/// Every answer says which request it was, who served it and how.
fn assert_metadata(call: &str, headers: &Value) {
    for name in ["x-request-id", "x-swan-request-id", "x-swan-provider-id"] {
        assert!(
            headers[name]
                .as_str()
                .is_some_and(|value| !value.is_empty()),
            "{call}: {name} in {headers}"
        );
    }
    assert_eq!(
        headers["x-request-id"], headers["x-swan-request-id"],
        "{call}"
    );
    assert_eq!(headers["x-swan-connection-mode"], "websocket", "{call}");
    let content_type = headers["content-type"].as_str().unwrap();
    let wanted = if call == "whole" {
        "application/json"
    } else {
        "text/event-stream"
    };
    assert!(content_type.starts_with(wanted), "{call}: {content_type}");
}

/// The model server's own counts reach the consumer, with what they cost.
fn assert_usage(direct: &Value, seen: &Value) -> i128 {
    for field in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert_eq!(seen[field], direct[field], "{field}");
    }
    let tokens = |field: &str| i128::from(seen[field].as_u64().unwrap());
    let cost =
        tokens("prompt_tokens") * PROMPT_PICO + tokens("completion_tokens") * COMPLETION_PICO;
    assert_eq!(pico(&seen["cost"]), cost, "{seen}");
    cost
}

/// Both SDKs turn the hub's refusals into their own classes, with a code, words and the request's id.
fn assert_refusals(seen: &Value) {
    for (call, class, status) in [
        ("unknown_model", "NotFoundError", 404),
        ("wrong_key", "AuthenticationError", 401),
        ("wrong_type", "BadRequestError", 400),
    ] {
        let refused = &seen[call];
        assert_eq!(refused["class"], class, "{refused}");
        assert_eq!(refused["status"], status, "{refused}");
        for field in ["message", "type", "request_id"] {
            assert!(
                refused[field]
                    .as_str()
                    .is_some_and(|value| !value.is_empty()),
                "{call}: {field} in {refused}"
            );
        }
    }
}
