//! `/api/v1/stats`, `/api/v1/dashboard/summary` and `/api/v1/health`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::demand::DemandRow;
use super::query::Query;
use super::reply::{Envelope, ok, refused};
use super::snapshot::snapshot;
use super::statistics::{Leader, Network, Utilization};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;

/// How busy the market is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Busy {
    /// By model.
    models: Vec<Utilization>,
    /// Requests in the hub.
    requests_in_flight: usize,
    /// Requests that it takes at once.
    capacity: usize,
}

/// What a front page shows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summary {
    /// The whole hub.
    network: Network,
    /// The models of which most is asked, ten at most.
    top_models: Vec<DemandRow>,
    /// Who leads, ten at most.
    top_providers: Vec<Leader>,
}

/// How the hub is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    /// `healthy`, `draining` or `ledger_unavailable`.
    status: &'static str,
    /// The version of the hub.
    version: &'static str,
    /// The version of its policy.
    policy: String,
    /// Seconds since it started.
    uptime_secs: u64,
    /// Providers that are connected.
    online_providers: usize,
    /// Models that somebody serves.
    online_models: usize,
}

/// `GET /api/v1/stats/network`
pub(super) async fn network(State(hub): State<Arc<Shared>>) -> Response {
    let snapshot = snapshot(&hub);
    ok(&hub, &Envelope::of(&snapshot.figures.network))
}

/// `GET /api/v1/stats/leaderboard`
pub(super) async fn leaderboard(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    paged(&hub, query.as_deref(), &snapshot(&hub).figures.leaders)
}

/// `GET /api/v1/stats/gpu`
pub(super) async fn gpu(State(hub): State<Arc<Shared>>) -> Response {
    let snapshot = snapshot(&hub);
    ok(&hub, &Envelope::of(&snapshot.figures.gpus))
}

/// `GET /api/v1/stats/utilization`
pub(super) async fn utilization(State(hub): State<Arc<Shared>>) -> Response {
    let busy = Busy {
        models: snapshot(&hub).figures.utilization.clone(),
        requests_in_flight: hub.gate.in_flight(),
        capacity: hub.limits.in_flight,
    };
    ok(&hub, &Envelope::of(busy))
}

/// `GET /api/v1/stats/model-demand`
pub(super) async fn demand(State(hub): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    paged(&hub, query.as_deref(), &snapshot(&hub).figures.demand)
}

/// `GET /api/v1/dashboard/summary`
pub(super) async fn summary(State(hub): State<Arc<Shared>>) -> Response {
    let snapshot = snapshot(&hub);
    let figures = &snapshot.figures;
    let summary = Summary {
        network: figures.network.clone(),
        top_models: figures.demand.iter().take(10).cloned().collect(),
        top_providers: figures.leaders.iter().take(10).cloned().collect(),
    };
    ok(&hub, &Envelope::of(summary))
}

/// `GET /api/v1/health`
pub(super) async fn health(State(hub): State<Arc<Shared>>) -> Response {
    let status = if hub.gate.is_leaving() {
        "draining"
    } else if hub.books.is_available() {
        "healthy"
    } else {
        "ledger_unavailable"
    };
    let snapshot = snapshot(&hub);
    let network = &snapshot.figures.network;
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        policy: hub.policy.version().as_str().to_owned(),
        uptime_secs: hub.clock.now().since(hub.started).as_secs(),
        online_providers: network.online_providers,
        online_models: network.online_models,
    };
    ok(&hub, &Envelope::of(health))
}

fn paged<T: Serialize>(hub: &Shared, query: Option<&str>, all: &[T]) -> Response {
    let all: Vec<&T> = all.iter().collect();
    let page = Query::parse(query).and_then(|query| query.page(&all));
    let page: Result<_, Answer> = page;
    match page {
        Ok(page) => ok(hub, &Envelope::of(page)),
        Err(refusal) => refused(hub, &refusal, Errors::OpenAi),
    }
}

/// Where collateral can be deposited.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chains {
    /// One entry a chain; none while this hub is connected to none.
    chains: Vec<Chain>,
}

/// One chain, and what is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chain {
    chain_id: u64,
    chain_name: String,
    contract_address: String,
    token_address: String,
    token_symbol: String,
    token_decimals: u32,
    min_collateral: String,
    rpc_url: String,
    explorer_url: String,
    faucet_url: Option<String>,
}

/// `GET /api/v1/provider/collateral/contract`
pub(super) async fn contract(State(hub): State<Arc<Shared>>) -> Response {
    ok(&hub, &Envelope::of(Chains { chains: Vec::new() }))
}
