//! A proxy in the manner of LiteLLM: one OpenAI-compatible address in front of several hubs and keys.
//!
//! ```console
//! $ cat models.json
//! [{"model_name": "chat", "model": "Qwen/Qwen3-8B", "api_base": "http://hub-a:8100/v1", "api_key": "sk-swan-…"},
//!  {"model_name": "chat", "model": "Qwen/Qwen3-8B", "api_base": "http://hub-b:8100/v1", "api_key": "sk-swan-…"}]
//! $ PROXY_KEY=sk-proxy cargo run -p swan-examples --bin proxy -- models.json
//! ```
//!
//! Deployments of one name are tried in their order, each with the client's own retries; streams pass byte for byte, and with
//! them every header of the hub: cost, provider, request id, rate limits. `SWAN_LISTEN` chooses another address.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use swan_client::openai::{ErrorBody, ModelInfo, ModelList};
use swan_client::{Client, RetryPolicy};
use swan_core::openai::{RequestHead, Rewrite};
use swan_core::protocol::Operation;
use tokio::net::TcpListener;

const BODY_BYTES: usize = 10 << 20;

/// One line of the list of models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    model_name: String,
    model: String,
    api_base: String,
    api_key: String,
}

/// A model at one hub.
struct Deployment {
    name: String,
    model: String,
    client: Client,
}

struct Proxy {
    /// What callers show; nobody is asked when it is empty.
    key: String,
    deployments: Vec<Deployment>,
}

impl Proxy {
    fn read(list: &str, key: String) -> Result<Self, Box<dyn Error>> {
        // A hub that asks for more patience than this is left for the next one.
        let retry = RetryPolicy::default()
            .with_max_retries(1)
            .with_max_retry_after(Duration::from_secs(1));
        let mut deployments = Vec::new();
        for entry in serde_json::from_str::<Vec<Entry>>(list)? {
            let client = Client::builder(entry.api_base, entry.api_key).with_retry(retry.clone());
            deployments.push(Deployment {
                name: entry.model_name,
                model: entry.model,
                client: client.build()?,
            });
        }
        Ok(Self { key, deployments })
    }

    fn lets_in(&self, request: &Request) -> bool {
        let shown = request.headers().get(AUTHORIZATION);
        let expected = format!("Bearer {}", self.key);
        self.key.is_empty() || shown.is_some_and(|shown| shown.as_bytes() == expected.as_bytes())
    }
}

/// Every endpoint with a JSON body that names a model.
async fn pass(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    if !proxy.lets_in(&request) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "this proxy wants its own key",
            "invalid_api_key",
        );
    }
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(Body::new(body), BODY_BYTES).await else {
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
            "too_large",
        );
    };
    let path = head.uri.path().trim_start_matches("/v1/");
    let operation = Operation::parse(path).unwrap_or(Operation::ChatCompletions);
    let asked = match RequestHead::parse(&operation, &body) {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string(), "bad_request"),
    };
    let mut last = None;
    let deployments = proxy.deployments.iter();
    for deployment in deployments.filter(|deployment| deployment.name == asked.model) {
        // Only the model's name is changed: everything else reaches the hub as it was written.
        let body = Rewrite::new()
            .with_model(&deployment.model)
            .apply(&body, &asked);
        let mut passed = axum::http::Request::new(Bytes::from(body.concat()));
        *passed.method_mut() = head.method.clone();
        *passed.headers_mut() = head.headers.clone();
        let Ok(target) = format!("/{path}").parse() else {
            continue;
        };
        *passed.uri_mut() = target;
        match deployment.client.forward(passed).await {
            Ok(answer) if !is_worth_another(answer.status()) => return hand_back(answer),
            Ok(answer) => last = Some(hand_back(answer)),
            Err(error) => {
                let status = if error.is_timeout() { 504 } else { 502 };
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                last = Some(refuse(status, &error.to_string(), "upstream_failed"));
            }
        }
    }
    last.unwrap_or_else(|| {
        let message = format!("no deployment is called {:?}", asked.model);
        refuse(StatusCode::NOT_FOUND, &message, "model_not_found")
    })
}

/// Whether another hub may do better: this one is busy, broke, out of money, or knows no such model.
fn is_worth_another(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 402 | 404 | 408 | 429) || status.is_server_error()
}

fn hand_back(answer: axum::http::Response<swan_client::Body>) -> Response {
    answer.map(Body::from_stream)
}

fn refuse(status: StatusCode, message: &str, code: &str) -> Response {
    let body = ErrorBody::new(message, "proxy_error").with_code(code);
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (status, [json], body.to_json()).into_response()
}

async fn models(State(proxy): State<Arc<Proxy>>) -> Response {
    let mut names: Vec<&str> = proxy
        .deployments
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    names.dedup();
    let models = names
        .into_iter()
        .map(|name| ModelInfo::new(name, 0, "proxy"));
    axum::Json(ModelList::new(models.collect())).into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: proxy <models.json>")?;
    let key = std::env::var("PROXY_KEY").unwrap_or_default();
    let proxy = Arc::new(Proxy::read(&std::fs::read_to_string(file)?, key)?);
    let app = Router::new()
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(pass))
        .route("/v1/completions", post(pass))
        .route("/v1/embeddings", post(pass))
        .route("/v1/images/generations", post(pass))
        .with_state(proxy);
    let address = std::env::var("SWAN_LISTEN").unwrap_or_else(|_| "127.0.0.1:4000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/v1", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
