//! Warm-up, proof and benchmark, as the public hub sends them (public-swan.md 1.4), frame by frame.

use crate::support::{KEY, SOON};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use swan_provider::{EchoBackend, Provider};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

struct PublicHub(WebSocketStream<TcpStream>);

impl PublicHub {
    async fn say(&mut self, kind: &str, payload: Value) {
        let frame = json!({"type": kind, "request_id": "hub-1", "payload": payload});
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame that satisfies `wanted`.
    async fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let read = async {
            loop {
                let frame = self.0.next().await.unwrap().unwrap();
                let Message::Text(text) = frame else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap();
                if wanted(&frame) {
                    return frame;
                }
            }
        };
        time::timeout(SOON, read).await.expect("soon")
    }
}

/// A provider of the echo, connected and accepted.
async fn accepted() -> (PublicHub, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let provider = Provider::builder(&url, KEY)
        .with_backend(EchoBackend::new())
        .with_v1_only()
        .build()
        .unwrap();
    let task = tokio::spawn(async move {
        let _ = provider.run(std::future::pending()).await;
    });
    let socket = loop {
        let (socket, _) = listener.accept().await.unwrap();
        // The question before the dial finds no status route here.
        if let Ok(socket) = accept_async(socket).await {
            break socket;
        }
    };
    let mut hub = PublicHub(socket);
    let models = |frame: &Value| {
        frame["payload"]["models"]
            .as_array()
            .is_some_and(|models| !models.is_empty())
    };
    let register = hub
        .hear(|frame| frame["type"] == "register" && models(frame))
        .await;
    assert_eq!(register["payload"]["token"], KEY);
    let id = register["request_id"].clone();
    hub.say(
        "ack",
        json!({"request_id": id, "success": true, "message": "welcome"}),
    )
    .await;
    hub.hear(|frame| frame["type"] == "model_health_update")
        .await;
    (hub, task)
}

#[tokio::test]
async fn a_warm_up_runs_the_model_and_says_how_long_it_took() {
    let (mut hub, task) = accepted().await;
    for (model, success) in [(EchoBackend::MODEL, true), ("unknown", false)] {
        hub.say(
            "warmup",
            json!({"model_id": model, "warmup_type": "inference"}),
        )
        .await;
        let answer = hub.hear(|frame| frame["type"] == "ack").await;
        assert_eq!(answer["request_id"], "hub-1");
        assert_eq!(answer["payload"]["success"], success, "{answer}");
    }
    task.abort();
}

#[tokio::test]
async fn a_benchmark_is_answered_and_not_graded() {
    let (mut hub, task) = accepted().await;
    let prompts = json!([{"id": "a", "prompt": "2+2"}, {"id": "b", "prompt": "3+3"}]);
    let benchmark = json!({
        "benchmark_id": "bench-1", "test_type": "math", "model_id": EchoBackend::MODEL,
        "prompts": prompts, "timeout_ms": 10_000,
    });
    hub.say("benchmark", benchmark).await;
    let answer = hub
        .hear(|frame| frame["type"] == "benchmark_response")
        .await;
    assert_eq!(answer["payload"]["benchmark_id"], "bench-1");
    let results = answer["payload"]["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[1]["prompt_id"]), (2, &json!("b")));
    assert!(results[0]["answer"].as_str().unwrap().ends_with("2+2"));
    assert!(results[0]["tokens_out"].as_u64().unwrap() > 0);
    task.abort();
}

#[tokio::test]
async fn a_proof_that_it_cannot_give_is_not_made_up() {
    let (mut hub, task) = accepted().await;
    let verify = json!({
        "challenge_id": "c-1", "challenge_type": "fingerprint", "model_id": EchoBackend::MODEL,
        "challenge": {"files": [{"filename": "w", "expected_hash": "00"}]},
    });
    hub.say("verify", verify).await;
    let answer = hub.hear(|frame| frame["type"] == "verify").await;
    assert_eq!(answer["payload"]["challenge_id"], "c-1");
    assert_eq!(answer["payload"]["success"], false, "{answer}");
    task.abort();
}

#[tokio::test]
async fn garbage_from_the_hub_is_borne() {
    let (mut hub, task) = accepted().await;
    for garbage in [
        "",
        "{",
        "[]",
        r#"{"type":7}"#,
        r#"{"type":"inference","payload":null}"#,
    ] {
        hub.0.send(Message::text(garbage)).await.unwrap();
    }
    hub.0.send(Message::binary(vec![0xff; 100])).await.unwrap();
    hub.say("from_the_future", json!({})).await;
    hub.say(
        "warmup",
        json!({"model_id": EchoBackend::MODEL, "warmup_type": "load"}),
    )
    .await;
    let answer = hub
        .hear(|f| f["type"] == "ack" && f["request_id"] == "hub-1")
        .await;
    assert_eq!(answer["payload"]["success"], true, "{answer}");
    task.abort();
}
