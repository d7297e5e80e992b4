//! Two hubs in one process, each with its own policy, store and keys: what a product does that runs a market for its customers
//! and another one for its staff.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_pair
//! $ curl http://127.0.0.1:8100/staff/v1/models
//! ```
//!
//! It prints what the same request costs in each; with `SWAN_LISTEN` it goes on and serves both.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use swan_core::{AccountId, Policy, PolicyChange, PolicyVersion};
use swan_examples::keys::issue;
use swan_hub::Hub;
use swan_hub::store::{KeyKind, MemoryStore};
use tokio::net::TcpListener;
use tower::ServiceExt;

const ASK: &str = r#"{"model":"Qwen/Qwen3-8B","max_tokens":1000,"payment":"SWAN","messages":[{"role":"user","content":"hello"}]}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listed = Policy::swan_2_0();
    // Staff pay a tenth: one value of the policy is changed, and the result is checked like any policy.
    let version = PolicyVersion::new("staff-1").ok_or("no such version")?;
    let discount = PolicyChange::new("payment.swan_discount_bps", 9_000);
    let staff = listed.amended(version, &[discount])?;

    let mut app = Router::new();
    let mut hubs = Vec::new();
    for (path, policy) in [("/customers", listed), ("/staff", staff)] {
        let hub = Hub::builder()
            .with_store(Arc::new(MemoryStore::new()))
            .with_policy(policy)
            .with_price_oracle(Arc::new(swan_hub::FixedPrice::new("0.5".parse()?)))
            .build()
            .await?;
        let account = AccountId::from_u128(1);
        let key = issue(&hub, KeyKind::Consumer(account), "app", 1).await?;
        println!("{path} key {}", key.expose());
        app = app.nest(path, hub.router());
        hubs.push((path, hub, key));
    }
    for (path, _, own) in &hubs {
        for (_, _, key) in &hubs {
            let request = Request::post(format!("{path}/v1/quote"))
                .header("authorization", format!("Bearer {}", key.expose()))
                .header("content-type", "application/json")
                .body(Body::from(ASK))?;
            let answer = app.clone().oneshot(request).await?;
            let whose = if key.expose() == own.expose() {
                "own"
            } else {
                "the other's"
            };
            println!("{path} with {whose} key: {}", answer.status());
            let body = to_bytes(answer.into_body(), 1 << 20).await?;
            let told: serde_json::Value = serde_json::from_slice(&body)?;
            if let Some(cost) = told.pointer("/worst/cost").and_then(|cost| cost.as_str()) {
                println!("{path} at most {cost} SWAN");
            }
        }
    }
    if let Ok(address) = std::env::var("SWAN_LISTEN") {
        let listener = TcpListener::bind(address).await?;
        println!("http://{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
    }
    Ok(())
}
