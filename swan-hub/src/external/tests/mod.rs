//! Endpoints over real sockets: axum where a server behaves, bare sockets where it does not.

mod connections;
mod exchanges;
mod faults;
mod health;
mod hostile;
mod kinds;
mod wrong;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::HeaderValue;
use swan_core::health::HealthRules;
use swan_core::protocol::Operation;
use swan_core::routing::{Candidates as _, RouteRequest};
use swan_core::testkit::{ManualClock, swan_2_0};
use swan_core::{Clock, ModelId, RequestId};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Endpoints, ExternalConfig, ExternalError};
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

/// A set of one endpoint, on a clock that stands still.
struct Spare {
    endpoints: Endpoints,
    clock: Arc<ManualClock>,
}

impl Spare {
    fn of(configs: &[ExternalConfig]) -> Result<Self, ExternalError> {
        Self::after(configs, None)
    }

    /// After a reload, where there was another set before.
    fn after(configs: &[ExternalConfig], before: Option<&Self>) -> Result<Self, ExternalError> {
        let clock = before.map_or_else(Arc::default, |before| Arc::clone(&before.clock));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let known = before.map(|before| &before.endpoints);
        let policy = Arc::new(swan_2_0().clone());
        let endpoints = Endpoints::new(configs, &policy, &shared, &rules(), known)?;
        Ok(Self { endpoints, clock })
    }

    fn names(&self) -> Vec<ModelId> {
        let models = self.endpoints.models();
        models.iter().map(|model| model.id.clone()).collect()
    }

    /// Takes a place for a small request, where routing would.
    fn connect(&self, model: &ModelId) -> Option<Slot> {
        self.connect_for(model, 0)
    }

    fn connect_for(&self, model: &ModelId, tokens: u64) -> Option<Slot> {
        let tiers = self.endpoints.of(model)?;
        let request = RouteRequest {
            prompt_tokens: tokens,
            ..RouteRequest::default()
        };
        let tier = tiers.first()?.at(self.clock.now(), &request, None);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        tier.candidate(0)?
            .is_usable()
            .then(|| tier.take(0, &clock, None))?
    }

    async fn look(&self) {
        self.endpoints.look().await;
    }
}

fn endpoint(base: &str) -> Spare {
    Spare::of(&[config(base)]).expect("a good configuration")
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
        sign: None,
        #[cfg(feature = "otel")]
        trace: None,
    }
}

fn ask(endpoint: &Spare, job: Job) -> (Slot, Reply) {
    let slot = endpoint.connect(&model()).expect("room");
    let reply = slot.dispatch(job).expect("sent");
    (slot, reply)
}

fn rules() -> Arc<HealthRules> {
    Arc::new(*swan_2_0().health())
}
