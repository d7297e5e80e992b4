//! Vectors, images and text completions by the official OpenAI SDKs, through a hub and a provider with the built-in models.

use serde::Deserialize as _;
use serde_json::Value;

use super::hub::{TestHub, pico};
use super::part::Part;
use super::tools::{self, Sdk};

const CHAT: &str = "swan/echo";
const EMBEDDING: &str = "swan/echo-embedding";
const IMAGE: &str = "swan/echo-image";

/// 0.003 USD, in 10^-12 USD.
const IMAGE_PICO: i128 = 3_000_000_000;
/// 0.005 USD for a million tokens.
const VECTOR_PICO: i128 = 5_000;

#[tokio::test]
async fn the_python_sdk_makes_vectors_images_and_texts() {
    makes_vectors_images_and_texts(Sdk::Python).await;
}

#[tokio::test]
async fn the_node_sdk_makes_vectors_images_and_texts() {
    makes_vectors_images_and_texts(Sdk::Node).await;
}

async fn makes_vectors_images_and_texts(sdk: Sdk) {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let key = hub.provider_key("echo").await;
    let data = tempfile::tempdir().unwrap();
    let mut command = tools::provider();
    command
        .args(["run", "--echo"])
        .arg(format!("--hub={}", hub.socket_url()))
        .arg(format!("--key={key}"))
        .arg(format!("--data-dir={}", data.path().display()));
    let _provider = Part::start("echo", &mut command);
    for model in [CHAT, EMBEDDING, IMAGE] {
        hub.serves(model, 1).await;
    }
    let url = format!("{}/v1", hub.url());
    let models = [CHAT, EMBEDDING, IMAGE];
    let seen = sdk.run("operations", &url, &consumer.key, &models).await;

    let vectors = seen["default"]["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    assert_eq!(vectors[0].as_array().unwrap().len(), 8);
    assert_near(&seen["float"]["vectors"], &seen["default"]["vectors"]);
    assert!(
        seen["packed"]["vectors"][0].is_string(),
        "{}",
        seen["packed"]
    );
    assert_eq!(seen["short"]["vectors"][0].as_array().unwrap().len(), 2);
    for call in ["default", "float", "packed", "short"] {
        let usage = &seen[call]["usage"];
        assert_eq!(usage["prompt_tokens"], 2, "{call}");
        assert_eq!(pico(&usage["cost"]), 2 * VECTOR_PICO, "{call}");
    }
    assert_eq!(seen["b64"]["images"][1], "89504e470d0a1a0a", "a PNG");
    assert_eq!(seen["url"]["images"][0], hex(b"data:ima"));
    for call in ["b64", "url"] {
        assert_eq!(pico(&seen[call]["usage"]["cost"]), 2 * IMAGE_PICO);
    }
    for call in ["whole", "stream"] {
        assert_eq!(
            seen[call]["text"], "This is the built-in echo model ",
            "{call}"
        );
        assert_eq!(seen[call]["object"], "text_completion", "{call}");
        assert_eq!(seen[call]["usage"]["completion_tokens"], 6, "{call}");
        assert!(pico(&seen[call]["usage"]["cost"]) > 0, "{call}");
    }
    let refused = &seen["wrong_endpoint"];
    assert_eq!(
        (&refused["class"], &refused["status"]),
        (&"BadRequestError".into(), &400.into())
    );
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("/v1/chat/completions")
    );

    let costs = [
        "default", "float", "packed", "short", "b64", "url", "whole", "stream",
    ];
    let sum: i128 = costs
        .iter()
        .map(|call| pico(&seen[*call]["usage"]["cost"]))
        .sum();
    let funds = hub.settled_funds(&consumer, costs.len()).await;
    assert_eq!(funds.spent, sum);
    hub.audit().await;
}

/// As 32-bit floats they are the same.
fn assert_near(one: &Value, other: &Value) {
    let floats = |value: &Value| Vec::<Vec<f32>>::deserialize(value).unwrap();
    assert_eq!(floats(one), floats(other));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
