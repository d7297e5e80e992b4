//! A model server that takes every request, so that whatever is refused was refused by the hub.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What it serves, one model of each kind, by the names of the catalogue.
pub(crate) const MODELS: [&str; 4] = [
    "Qwen/Qwen3-8B",
    "BAAI/bge-large-en-v1.5",
    "black-forest-labs/FLUX.1-schnell",
    "openai/whisper-large-v3",
];

/// Starts it; it ends with the test. The answer is the table of the configuration that makes it an endpoint of the hub.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(any(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let models = json!(MODELS);
    format!("[[external]]\nname = \"agreeable\"\nurl = \"http://{address}\"\nmodels = {models}\n")
}

async fn answer(request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    let body = body.unwrap_or_default();
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2});
    match path.as_str() {
        "/v1/chat/completions" => text(&body, |content| {
            let message = json!({"role": "assistant", "content": content});
            json!({"index": 0, "message": message, "delta": message, "finish_reason": "stop"})
        }),
        "/v1/completions" => text(
            &body,
            |content| json!({"index": 0, "text": content, "finish_reason": "stop"}),
        ),
        "/v1/embeddings" => {
            let data = [json!({"object": "embedding", "index": 0, "embedding": [0.5, 0.25]})];
            whole(&json!({"object": "list", "data": data, "usage": usage}))
        }
        "/v1/images/generations" => whole(&json!({"created": 1, "data": [{"b64_json": "aGk="}]})),
        "/v1/audio/transcriptions" => whole(&json!({"text": "hello"})),
        _ => {
            let data: Vec<Value> = MODELS.iter().map(|id| json!({"id": id})).collect();
            whole(&json!({"object": "list", "data": data}))
        }
    }
}

/// A chat or a text, streamed where that is asked for.
fn text(body: &Bytes, choice: impl Fn(&str) -> Value) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2});
    let said = json!({"id": "x", "object": "x", "choices": [choice("hello")], "usage": usage});
    if asked["stream"] == true {
        let events = format!("data: {said}\n\ndata: [DONE]\n\n");
        ([(CONTENT_TYPE, "text/event-stream")], events).into_response()
    } else {
        whole(&said)
    }
}

fn whole(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
