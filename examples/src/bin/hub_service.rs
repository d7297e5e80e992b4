//! The hub as a tower `Service`: called from the same process, without a port for consumers, by a gateway that has its HTTP
//! already.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_service
//! ```
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use futures::StreamExt;
use swan_core::{AccountId, Currency, ProviderId, TransferId};
use swan_examples::keys::issue;
use swan_hub::store::KeyKind;
use swan_hub::{AuthenticateError, Authenticator, Consumer, Hub};
use swan_provider::{EchoBackend, Provider};
use tokio::net::TcpListener;
use tower::ServiceExt;

const MODEL: &str = "swan/echo";

/// Whoever can call into this process is the gateway itself.
#[derive(Debug)]
struct TheGateway;

#[async_trait::async_trait]
impl Authenticator for TheGateway {
    async fn authenticate(&self, _: &Parts) -> Result<Consumer, AuthenticateError> {
        Ok(Consumer::new(AccountId::from_u128(1)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = Hub::builder()
        .with_authenticator(Arc::new(TheGateway))
        .build()
        .await?;
    let (account, once) = (AccountId::from_u128(1), TransferId::from_u128(1));
    let five = "5".parse()?;
    hub.books()
        .grant(once, account, Currency::Usd, five, "prepaid")
        .await
        .map(drop)?;
    provide(&hub).await?;

    // Each call takes a clone, which is cheap: a router is a handle.
    let service: Router = hub.router();
    let ask =
        format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"no socket"}}]}}"#);
    let answer = service.clone().oneshot(post(&ask)?).await?;
    println!("whole: {} {}", answer.status(), cost(&answer));
    let whole = to_bytes(answer.into_body(), 1 << 20).await?;
    println!("{}", String::from_utf8_lossy(&whole));

    // A stream is a body like any other: it is read at the reader's pace, and dropping it stops the model.
    let ask = ask.replacen(
        '{',
        r#"{"stream":true,"stream_options":{"include_usage":true},"#,
        1,
    );
    let answer = service.oneshot(post(&ask)?).await?;
    println!("stream: {}", answer.status());
    let mut pieces = answer.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        println!("{}", String::from_utf8_lossy(&piece?).trim_end());
    }
    // Until its body is gone, a request counts as running, and a drain waits for it.
    drop(pieces);
    println!("left: {}", hub.books().available(account, Currency::Usd));
    hub.drain(Duration::from_secs(5)).await?;
    Ok(())
}

fn post(body: &str) -> Result<Request<Body>, axum::http::Error> {
    Request::post("/v1/chat/completions")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
}

fn cost(answer: &Response<Body>) -> &str {
    let cost = answer.headers().get("x-swan-cost");
    cost.and_then(|cost| cost.to_str().ok()).unwrap_or("free")
}

/// Providers dial in, so they do need a port; here is one, with a provider that echoes.
async fn provide(hub: &Hub) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = hub.provider_router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let kind = KeyKind::Provider(ProviderId::from_u128(1));
    let key = issue(hub, kind, "echo", 1).await?;
    let provider = Provider::builder(&format!("ws://{address}"), key.expose())
        .with_backend(EchoBackend::new())
        .build()?;
    tokio::spawn(Box::pin(provider.run(std::future::pending())));
    while hub.providers_online(MODEL) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
