//! Endpoints of the hub's own: OpenAI-compatible servers that serve what no provider can.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use parking_lot::Mutex;
use swan_core::Amount;
use swan_core::protocol::Failure;
use swan_hub::ExternalConfig;
use tokio::net::TcpListener;

use super::provider::Act;
use super::queue::no_waiting;
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage, within};

/// What the server was sent: the key and the body.
pub(super) type Sent = Arc<Mutex<Vec<(String, String)>>>;

/// A model server that answers everything in the same way.
pub(super) async fn server(
    status: u16,
    content_type: &'static str,
    body: String,
) -> (SocketAddr, Sent) {
    let sent = Sent::default();
    let log = Arc::clone(&sent);
    let answer = move |headers: HeaderMap, bytes: Bytes| {
        let key = headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        log.lock().push((key.unwrap_or_default(), text));
        let status = StatusCode::from_u16(status).unwrap();
        let response: Response =
            (status, [("content-type", content_type)], body.clone()).into_response();
        async { response }
    };
    let app = Router::new().route("/v1/chat/completions", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, sent)
}

async fn market(address: SocketAddr) -> Market {
    let endpoint = ExternalConfig::new("backup", format!("http://{address}"))
        .with_api_key("sk-upstream")
        .with_model(MODEL, "qwen-upstream");
    Market::with(|builder| builder.with_external(endpoint)).await
}

#[tokio::test]
async fn an_endpoint_serves_when_no_provider_is_there() {
    let (address, sent) = server(200, "application/json", completion("hello", 7, 2)).await;
    let market = market(address).await;
    let answer = market.chat(ask("\"seed\":1")).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-swan-connection-mode"), "external");
    assert_eq!(answer.header("x-swan-provider-name"), "backup");
    assert_eq!(answer.header("x-swan-cost"), market.price(7, 2).to_string());
    assert_eq!(market.spent("5"), market.price(7, 2));
    let (key, body) = sent.lock()[0].clone();
    assert_eq!(key, "Bearer sk-upstream");
    assert!(body.contains("\"model\":\"qwen-upstream\"") && body.contains("\"seed\":1"));
    assert!(!answer.text().contains("sk-upstream"));
    assert_eq!(market.records.last().provider, None);
}

#[tokio::test]
async fn an_endpoint_streams_like_a_provider() {
    let stream = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
    let (address, _) = server(200, "text/event-stream", stream).await;
    let market = market(address).await;
    let answer = market.chat(ask("\"stream\":true")).send().await;
    assert_eq!(answer.events().len(), 3, "{}", answer.text());
    assert_eq!(answer.header("x-swan-cost-currency"), "USD");
    market.settled().await;
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn after_as_many_providers_as_are_worth_trying_the_endpoint_serves() {
    let (address, _) = server(200, "application/json", completion("hello", 7, 2)).await;
    let market = market(address).await;
    let mut failing = Vec::new();
    for number in 1..=4 {
        let mut provider = market.provider(number).await;
        failing.push(tokio::spawn(async move {
            provider
                .serve([Act::Fail(Failure::provider(500, "broken"))])
                .await;
        }));
    }
    let answer = market.chat(ask("")).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-swan-connection-mode"), "external");
    assert_eq!(market.records.last().attempts.len(), 4);
    assert_eq!(market.spent("5"), market.price(7, 2));
    failing.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_endpoint_that_fails_costs_nothing() {
    for (status, body) in [
        (500, "<html><title>Oops</title></html>"),
        (401, r#"{"error":"key"}"#),
    ] {
        let (address, _) = server(status, "text/html", body.into()).await;
        let market = market(address).await;
        let answer = market.chat(ask("")).send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (502, "provider_failed")
        );
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
}

#[tokio::test]
async fn an_endpoint_that_is_full_is_busy_and_not_absent() {
    let arrived = Arc::new(tokio::sync::Notify::new());
    let inside = Arc::clone(&arrived);
    let never = move || async move {
        inside.notify_one();
        std::future::pending::<StatusCode>().await
    };
    let app = Router::new().route("/v1/chat/completions", post(never));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let endpoint = ExternalConfig::new("backup", format!("http://{address}"))
        .with_model(MODEL, "qwen-upstream")
        .with_capacity(1);
    let market =
        Market::with(|builder| builder.with_external(endpoint).with_queue(no_waiting())).await;
    let first = market.chat(ask("")).background();
    within(arrived.notified()).await;
    let answer = market.chat(ask("")).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (503, "providers_busy")
    );
    first.abort();
}
