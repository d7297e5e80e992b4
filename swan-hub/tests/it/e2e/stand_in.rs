//! A model server over HTTP whose models' names tell nothing: what they do stands in its list alone, in the words of several
//! real servers. Each of them knows its own route, and no other.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Its models of vectors, of pictures and of recordings.
pub(crate) const VECTORS: &str = "house-one";
pub(crate) const PICTURES: &str = "house-two";
pub(crate) const EARS: &str = "house-three";
/// One that is no model for anything that a hub is asked for.
pub(crate) const JUDGE: &str = "house-four";

/// What is said in every recording.
pub(crate) const SAID: &str = "A swan has called.";

/// Starts it; it ends with the test. The answer is its URL.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/models", get(list))
        .route("/v1/embeddings", post(vectors))
        .route("/v1/images/generations", post(pictures))
        .route("/v1/audio/transcriptions", post(words))
        .layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn list() -> Response {
    whole(&json!({"object": "list", "data": [
        {"id": VECTORS, "object": "model", "owned_by": "house", "mode": "embedding"},
        {"id": PICTURES, "object": "model", "owned_by": "house", "type": "image"},
        {"id": EARS, "object": "model", "owned_by": "house", "task": "automatic-speech-recognition"},
        {"id": JUDGE, "object": "model", "owned_by": "house", "capabilities": ["rerank"]},
    ]}))
}

async fn vectors(body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(asked["model"], VECTORS);
    let texts = asked["input"].as_array().map_or(1, Vec::len);
    let one = |index| match asked["encoding_format"].as_str() {
        // 0.5 and -0.25 as 32-bit floats.
        Some("base64") => {
            json!({"object": "embedding", "index": index, "embedding": "AAAAPwAAgL4="})
        }
        _ => json!({"object": "embedding", "index": index, "embedding": [0.5, -0.25]}),
    };
    let data: Vec<Value> = (0..texts).map(one).collect();
    let usage = json!({"prompt_tokens": texts, "total_tokens": texts});
    whole(&json!({"object": "list", "model": VECTORS, "data": data, "usage": usage}))
}

async fn pictures(body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(asked["model"], PICTURES);
    let count = asked["n"].as_u64().unwrap_or(1);
    let one = match asked["response_format"].as_str() {
        Some("b64_json") => json!({"b64_json": "iVBORw0KGgo="}),
        _ => json!({"url": "https://pictures.example.com/swan.png"}),
    };
    let data: Vec<&Value> = (0..count).map(|_| &one).collect();
    whole(&json!({"created": 1, "data": data}))
}

async fn words(body: Bytes) -> Response {
    let form = String::from_utf8_lossy(&body);
    let field = |name: &str| {
        let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        rest.split("\r\n").next()
    };
    assert_eq!(field("model"), Some(EARS), "{form:.400}");
    let text = |kind: &'static str, text: String| ([(CONTENT_TYPE, kind)], text).into_response();
    match field("response_format") {
        Some("text") => text("text/plain", format!("{SAID}\n")),
        Some("srt") => text(
            "application/x-subrip",
            format!("1\n00:00:00,000 --> 00:00:01,000\n{SAID}\n\n"),
        ),
        Some("vtt") => text(
            "text/vtt",
            format!("WEBVTT\n\n00:00.000 --> 00:01.000\n{SAID}\n\n"),
        ),
        Some("verbose_json") => {
            let segment = json!({"id": 0, "start": 0.0, "end": 1.0, "text": SAID});
            whole(
                &json!({"task": "transcribe", "language": "english", "duration": 1.0, "text": SAID, "segments": [segment]}),
            )
        }
        _ => whole(&json!({"text": SAID})),
    }
}

fn whole(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
