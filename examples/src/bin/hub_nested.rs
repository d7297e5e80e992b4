//! A market inside another product: nested under `/market`, behind the product's own login, with its own record of what
//! happened and no keys of the hub at all.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_nested
//! $ curl http://127.0.0.1:8100/market/v1/models
//! $ curl http://127.0.0.1:8100/market/v1/chat/completions -H 'x-user: 7' -d '{"model":"qwen3:8b","messages":[]}'
//! ```
//!
//! `SWAN_LISTEN` chooses another address.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Router, routing::get};
use swan_core::{AccountId, LeastConnections};
use swan_hub::{AuthenticateError, Authenticator, Consumer, EventSink, Hub, RequestRecord};
use tokio::net::TcpListener;

/// Whom the product's own middleware has recognised.
#[derive(Clone)]
struct User(u128);

/// Every user of the product has an account of the same number.
#[derive(Debug)]
struct OurUsers;

#[async_trait::async_trait]
impl Authenticator for OurUsers {
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError> {
        match request.extensions.get::<User>() {
            Some(User(number)) => Ok(Consumer::new(AccountId::from_u128(*number))),
            None => Err(AuthenticateError::Forbidden("log in first".to_owned())),
        }
    }
}

/// Writes down what happened; a product would put it into its own database, through a channel.
#[derive(Debug)]
struct OurRecords;

impl EventSink for OurRecords {
    fn on_request(&self, record: &RequestRecord) {
        println!(
            "{} {} cost {} {}",
            record.request,
            record.outcome.as_str(),
            record.charge,
            record.currency.code()
        );
    }
}

/// The product's login, which here believes a header.
async fn log_in(mut request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get("x-user")
        .and_then(|value| value.to_str().ok());
    if let Some(number) = header.and_then(|text| text.parse().ok()) {
        request.extensions_mut().insert(User(number));
    }
    next.run(request).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = Hub::builder()
        .with_authenticator(Arc::new(OurUsers))
        .with_routing(Arc::new(LeastConnections::new()))
        .with_event_sink(Arc::new(OurRecords))
        .build()
        .await?;
    let app = Router::new()
        .route("/", get(|| async { "our product" }))
        .nest("/market", hub.router())
        .layer(middleware::from_fn(log_in));
    let address = std::env::var("SWAN_LISTEN").unwrap_or_else(|_| "127.0.0.1:8100".to_owned());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("http://{address}/market/v1");
    axum::serve(listener, app).await?;
    Ok(())
}
