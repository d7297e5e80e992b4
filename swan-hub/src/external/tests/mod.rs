//! Endpoints over real sockets: axum where a server behaves, bare sockets where it does not.

mod exchanges;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::HeaderValue;
use swan_core::health::HealthRules;
use swan_core::protocol::Operation;
use swan_core::testkit::{ManualClock, swan_2_0};
use swan_core::{ModelId, RequestId};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{ExternalConfig, ExternalEndpoint};
use crate::providers::{Job, Reply, Slot};

const PATIENCE: Duration = Duration::from_secs(10);

/// Serves `router` and answers its base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn model() -> ModelId {
    "Qwen/Qwen3-32B".parse().expect("a name")
}

fn config(base: &str) -> ExternalConfig {
    ExternalConfig::new("spare", base)
        .with_model(model().as_str(), "qwen-upstream")
        .with_api_key("sk-upstream")
        .with_capacity(2)
}

fn endpoint(base: &str) -> ExternalEndpoint {
    let clock = Arc::new(ManualClock::default());
    ExternalEndpoint::new(&config(base), clock, rules()).expect("a good configuration")
}

fn job(streaming: bool) -> Job {
    Job {
        request: RequestId::from_u128(1),
        attempt: 0,
        operation: Operation::ChatCompletions,
        streaming,
        content_type: HeaderValue::from_static("application/json"),
        body: vec![
            Bytes::from_static(b"{\"model\":"),
            Bytes::from_static(b"\"qwen-upstream\"}"),
        ],
        deadline: Instant::now() + PATIENCE,
        content_by: None,
        idle: PATIENCE,
    }
}

fn ask(endpoint: &ExternalEndpoint, job: Job) -> (Slot, Reply) {
    let slot = endpoint.connect(&model()).expect("room");
    let reply = slot.dispatch(job).expect("sent");
    (slot, reply)
}

fn rules() -> Arc<HealthRules> {
    Arc::new(*swan_2_0().health())
}
