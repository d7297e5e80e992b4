//! A model server within the test, for what needs no real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// What it serves.
pub(crate) const MODEL: &str = "Qwen/Qwen3-8B";

/// Serves [`MODEL`] in streams of two words, with the second one when there is a permit for it.
pub(crate) async fn held_endpoint() -> (String, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&permits);
    let answer = move |body: Bytes| {
        let held = Arc::clone(&held);
        async move {
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let waits = asked["hold"] == true;
            let event = |text: &str, end: Value| {
                let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]});
                format!("data: {chunk}\n\n")
            };
            let first = event("one ", Value::Null);
            let second = event("two", json!("stop")) + "data: [DONE]\n\n";
            let rest = futures::stream::once(async move {
                if waits {
                    held.acquire().await.unwrap().forget();
                }
                second
            });
            let first = futures::stream::once(async { first });
            let events = first.chain(rest).map(Ok::<_, std::convert::Infallible>);
            let body = axum::body::Body::from_stream(events);
            ([("content-type", "text/event-stream")], body).into_response()
        }
    };
    (serve(post(answer)).await, permits)
}

async fn serve(chat: MethodRouter) -> String {
    let app = Router::new().route("/v1/chat/completions", chat);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// Serves [`MODEL`] with this text, whole or streamed, after a moment; `fail` in a request makes it fail with that status, and with
/// prompt, query and headers in its words, keys included. Answers its URL and the count of what it was asked.
pub(crate) async fn endpoint(text: &'static str) -> (String, Arc<AtomicUsize>) {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let usage = json!({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9});
            let status = asked["fail"]
                .as_u64()
                .and_then(|status| u16::try_from(status).ok());
            let answer: Response = if let Some(status) = status {
                let words = format!("{} {uri} {headers:?}", asked["messages"]);
                let words = json!({"error": {"message": words}});
                (StatusCode::from_u16(status).unwrap(), words.to_string()).into_response()
            } else if asked["stream"] == true {
                let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]});
                let last = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [], "usage": usage});
                let events = format!("data: {chunk}\n\ndata: {last}\n\ndata: [DONE]\n\n");
                ([("content-type", "text/event-stream")], events).into_response()
            } else {
                let whole = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                    "usage": usage});
                ([("content-type", "application/json")], whole.to_string()).into_response()
            };
            answer
        }
    };
    (serve(post(answer)).await, served)
}
