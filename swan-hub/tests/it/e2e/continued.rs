//! Texts that are continued and vectors, through hub and provider to a real llama.cpp and back.

use serde_json::{Value, json};

use super::hub::{TestHub, pico};
use super::model_server::{COMPLETION_PICO, MODEL, PROMPT_PICO};
use super::provider::TestProvider;
use super::wire;

/// The pieces of a stream put together, and its last usage.
async fn streamed(url: &str, key: &str, body: &Value) -> (String, Value) {
    let mut answer = wire::post(url, "/v1/completions", key, body).await;
    let (mut text, mut usage) = (String::new(), Value::Null);
    loop {
        let data = answer.event().await.unwrap().expect("an end");
        if data == "[DONE]" {
            return (text, usage);
        }
        let chunk: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(chunk["object"], "text_completion", "{data}");
        text += chunk["choices"][0]["text"].as_str().unwrap_or_default();
        usage = chunk["usage"].clone();
    }
}

fn tokens(usage: &Value) -> (u64, u64) {
    let count = |field: &str| usage[field].as_u64().unwrap();
    (count("prompt_tokens"), count("completion_tokens"))
}

#[tokio::test]
async fn a_text_is_continued_as_the_model_server_itself_continues_it() {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", 4).await;
    hub.serves(MODEL, 1).await;
    let server = &provider.model_server.url;
    let body =
        json!({"model": MODEL, "prompt": "Swan carries this", "max_tokens": 6, "temperature": 0});
    let direct = wire::post(server, "/v1/completions", "none", &body).await;
    let direct = direct.json().await;
    let seen = wire::post(&hub.url(), "/v1/completions", &consumer.key, &body).await;
    let seen = seen.json().await;
    let text = seen["choices"][0]["text"].as_str().unwrap();
    assert!(text.starts_with(" answer from a real"), "{seen}");
    assert_eq!(seen["choices"], direct["choices"]);
    let (prompt, made) = tokens(&seen["usage"]);
    assert_eq!((prompt, made), tokens(&direct["usage"]));
    let cost = i128::from(prompt) * PROMPT_PICO + i128::from(made) * COMPLETION_PICO;
    assert_eq!(pico(&seen["usage"]["cost"]), cost);

    let mut body = body;
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let (pieces, usage) = streamed(&hub.url(), &consumer.key, &body).await;
    assert_eq!(pieces, text);
    assert_eq!(pico(&usage["cost"]), cost);
    assert_eq!(hub.settled_funds(&consumer, 2).await.spent, 2 * cost);
    hub.audit().await;
}

#[tokio::test]
async fn vectors_of_a_model_server_reach_the_consumer_in_both_forms() {
    const EMBEDDING: &str = "swan-test-embed";
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start_with(&hub, "gpu", EMBEDDING).await;
    hub.serves(EMBEDDING, 1).await;
    let body = json!({"model": EMBEDDING, "input": ["Swan carries", "this answer"]});
    let server = &provider.model_server.url;
    let direct = wire::post(server, "/v1/embeddings", "none", &body).await;
    let direct = direct.json().await;
    let seen = wire::post(&hub.url(), "/v1/embeddings", &consumer.key, &body).await;
    let seen = seen.json().await;
    assert_eq!(seen["data"], direct["data"], "{seen}");
    let read = direct["usage"]["prompt_tokens"].as_u64().unwrap();
    assert_eq!(seen["usage"]["prompt_tokens"], read);

    let mut body = body;
    body["encoding_format"] = json!("base64");
    let direct = wire::post(server, "/v1/embeddings", "none", &body).await;
    let packed = wire::post(&hub.url(), "/v1/embeddings", &consumer.key, &body).await;
    let packed = packed.json().await;
    assert_eq!(packed["data"], direct.json().await["data"]);
    let cost = pico(&seen["usage"]["cost"]);
    assert!(cost > 0 && pico(&packed["usage"]["cost"]) == cost);
    assert_eq!(hub.settled_funds(&consumer, 2).await.spent, 2 * cost);
    hub.audit().await;
}
