//! `/api/v1/stats`, `/api/v1/dashboard/summary` and `/api/v1/health`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{Amount, ProviderId};

use super::demand::DemandRow;
use super::query::Query;
use super::reply::{Envelope, ok, refused};
use super::snapshot::snapshot;
use super::statistics::{Leader, Network, Utilization};
use crate::collateral::{Bond, adequacy};
use crate::deposits::{DepositOptions, Token};
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
    /// One entry a token; none while this hub takes none on a chain.
    chains: Vec<Chain>,
}

/// One token on a chain, and the contract that takes it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chain {
    chain_id: u64,
    chain_name: String,
    /// Takes `deposit(address token, uint256 amount, bytes32 reference)`; a provider's reference is told by
    /// `GET /v1/provider/collateral`.
    contract_address: String,
    token_address: String,
    token_symbol: String,
    token_decimals: u32,
    /// What the policy asks for in this token before it knows a provider's machines; "0" where it says nothing of it.
    min_collateral: String,
    /// Empty where the operator names none.
    rpc_url: String,
    /// Empty where the operator names none.
    explorer_url: String,
    faucet_url: Option<String>,
}

/// `GET /api/v1/provider/collateral/contract`
pub(super) async fn contract(State(hub): State<Arc<Shared>>) -> Response {
    let takes = hub.policy.collateral().is_ok();
    let options = hub.deposits.options.as_deref().filter(|_| takes);
    let tokens = options.into_iter().flat_map(|options| {
        let tokens = options.tokens.iter();
        tokens.map(|token| chain(&hub, options, token))
    });
    let chains = Chains {
        chains: tokens.collect(),
    };
    ok(&hub, &Envelope::of(chains))
}

fn chain(hub: &Shared, options: &DepositOptions, token: &Token) -> Chain {
    let (names, number) = (&options.names, options.chain);
    let nobody = Bond::new(ProviderId::from_u128(0), token.currency);
    let required = adequacy(&hub.policy, &nobody, &[]).requirement;
    let least = required.map_or(Amount::ZERO, |required| required.amount);
    Chain {
        chain_id: number,
        chain_name: names.name.clone().unwrap_or_else(|| match number {
            1 => "Ethereum".to_owned(),
            254 => "Swan Chain".to_owned(),
            8_453 => "Base".to_owned(),
            other => format!("chain {other}"),
        }),
        contract_address: options.contract.to_string(),
        token_address: token.address.to_string(),
        token_symbol: token.symbol.clone(),
        token_decimals: u32::from(token.decimals),
        min_collateral: least.to_string(),
        rpc_url: names.rpc_url.clone().unwrap_or_default(),
        explorer_url: names.explorer_url.clone().unwrap_or_default(),
        faucet_url: names.faucet_url.clone(),
    }
}
