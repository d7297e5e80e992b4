//! What the market did in the last 24 hours, and who leads in it.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::leaderboard::{Latency, Performance, Ranked};
use swan_core::standing::Rate;
use swan_core::{Amount, ModelId, ProviderId, Timestamp};

use super::demand::{self, DemandRow};
use super::exact::Exact;
use super::presence::Attended;
use super::rows::ModelRow;
use crate::generations::Totals;
use crate::hub::Shared;

/// Everything that `/api/v1/stats` tells.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) network: Network,
    pub(super) leaders: Vec<Leader>,
    pub(super) gpus: Gpus,
    pub(super) utilization: Vec<Utilization>,
    pub(super) demand: Vec<DemandRow>,
}

/// The whole hub.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Network {
    /// Providers that are connected now.
    pub(super) online_providers: usize,
    /// Providers that this hub has seen since it started.
    pub(super) known_providers: usize,
    /// Machines that are connected now.
    pub(super) online_nodes: usize,
    /// Models that somebody serves now.
    pub(super) online_models: usize,
    /// Models in all.
    pub(super) total_models: usize,
    /// Requests under way at providers.
    pub(super) requests_in_flight: u64,
    /// Requests of the last 24 hours.
    pub(super) requests_24h: u64,
    /// Those that were answered to the end.
    pub(super) completed_24h: u64,
    /// Tokens that were charged in the last 24 hours.
    pub(super) tokens_24h: u64,
    /// US dollars that were charged in the last 24 hours.
    pub(super) revenue_24h: Exact,
    /// SWAN that was charged in the last 24 hours.
    pub(super) revenue_swan_24h: Exact,
    /// Percent of requests of the last 24 hours that did not fail.
    pub(super) success_rate_24h: Option<Exact>,
    /// Milliseconds to the first content of a stream, on average.
    pub(super) ttft_avg_ms: Option<u64>,
    /// Since when this hub runs, in seconds of the epoch; nothing before it is counted.
    pub(super) since: u64,
}

/// A line of the leaderboard.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Leader {
    /// The place, from 1.
    pub(super) rank: u64,
    /// Who stands there.
    pub(super) provider_id: String,
    /// What it is called.
    pub(super) provider_name: String,
    /// The score, 0 to 100; by the policy's weights, as far as one can be sure.
    pub(super) score: Exact,
    /// Its part for being there.
    pub(super) availability_score: Exact,
    /// Its part for answering well.
    pub(super) success_score: Exact,
    /// Its part for answering fast.
    pub(super) latency_score: Exact,
    /// Percent of the last 30 days, or since it was first seen.
    pub(super) uptime_30d: Option<Exact>,
    /// Percent of requests of the last 24 hours that did not fail by its fault.
    pub(super) success_rate: Option<Exact>,
    /// Milliseconds to the first content of a stream.
    pub(super) ttft_avg_ms: Option<u64>,
    /// Requests of the last 24 hours.
    pub(super) requests_24h: u64,
    /// Tokens of the last 24 hours.
    pub(super) tokens_24h: u64,
    /// Its latest benchmark; null, since this hub has measured none.
    pub(super) benchmark_score: Option<Exact>,
    /// Whether it is connected now.
    pub(super) online: bool,
}

/// The hardware that providers declare.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Gpus {
    /// Cards in all.
    pub(super) total_gpus: u64,
    /// Memory of those cards of which it is known, in GB.
    pub(super) total_vram_gb: u64,
    /// Machines that declare nothing.
    pub(super) undeclared_nodes: usize,
    /// By kind of card.
    pub(super) gpus: Vec<Gpu>,
}

/// One kind of card.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Gpu {
    /// Its name, as declared.
    pub(super) gpu_model: String,
    /// Cards.
    pub(super) count: u64,
    /// Machines that have them.
    pub(super) nodes: usize,
    /// Memory of one card in GB; null when nobody said.
    pub(super) vram_gb: Option<u64>,
}

/// How busy a model is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Utilization {
    /// The model.
    pub(super) model_id: String,
    /// Machines that serve it.
    pub(super) online_providers: usize,
    /// Requests that they take at once.
    pub(super) capacity: u64,
    /// Requests under way.
    pub(super) in_flight: u64,
    /// The latter of the former, in percent.
    pub(super) utilization: Exact,
}

/// The mean time to the first content of a stream.
pub(super) fn first_content_ms(totals: &Totals) -> Option<u64> {
    let first = totals.first_content()?;
    u64::try_from(first.as_millis()).ok()
}

/// What went well of what went well or wrong.
pub(super) fn success(totals: &Totals) -> Option<Rate> {
    let ended = totals.completed.checked_add(totals.failed)?;
    Rate::new(totals.completed, ended)
}

/// Tokens of both directions.
pub(super) const fn tokens(totals: &Totals) -> u64 {
    let usage = &totals.usage;
    usage.prompt_tokens.saturating_add(usage.completion_tokens)
}

pub(super) fn figures(
    hub: &Shared,
    models: &[ModelRow],
    attended: &HashMap<ProviderId, Attended>,
    served: &HashMap<(ProviderId, ModelId), Totals>,
    now: Timestamp,
) -> Figures {
    let utilization = utilization(hub);
    Figures {
        network: network(hub, models, attended, &utilization, now),
        leaders: leaders(hub, attended, served),
        gpus: gpus(hub),
        demand: demand::rows(hub, models, now),
        utilization,
    }
}

fn network(
    hub: &Shared,
    models: &[ModelRow],
    attended: &HashMap<ProviderId, Attended>,
    utilization: &[Utilization],
    now: Timestamp,
) -> Network {
    let lines = hub.registry.lines();
    let mut online: Vec<ProviderId> = lines.iter().map(|line| line.provider).collect();
    online.sort_unstable();
    online.dedup();
    let day = hub.generations.network(now, 24);
    Network {
        online_providers: online.len(),
        known_providers: attended.len(),
        online_nodes: lines.len(),
        online_models: models.iter().filter(|model| model.active).count(),
        total_models: models.len(),
        requests_in_flight: utilization.iter().map(|model| model.in_flight).sum(),
        requests_24h: day.requests,
        completed_24h: day.completed,
        tokens_24h: tokens(&day),
        revenue_24h: Exact::money(day.revenue_usd),
        revenue_swan_24h: Exact::money(day.revenue_swan),
        success_rate_24h: success(&day).map(Exact::percent),
        ttft_avg_ms: first_content_ms(&day),
        since: hub.started.as_secs(),
    }
}

fn utilization(hub: &Shared) -> Vec<Utilization> {
    let online = hub.registry.models();
    let row = |model: &crate::providers::OnlineModel| Utilization {
        model_id: model.model.id.to_string(),
        online_providers: model.providers,
        capacity: model.capacity,
        in_flight: model.in_flight,
        utilization: Exact::thousandths(
            (model.in_flight.saturating_mul(100_000))
                .checked_div(model.capacity)
                .unwrap_or(0),
        ),
    };
    online.iter().map(row).collect()
}

fn leaders(
    hub: &Shared,
    attended: &HashMap<ProviderId, Attended>,
    served: &HashMap<(ProviderId, ModelId), Totals>,
) -> Vec<Leader> {
    let mut sums: HashMap<ProviderId, Totals> = HashMap::new();
    for ((provider, _), totals) in served {
        sums.entry(*provider).or_default().add(totals);
    }
    // Endpoints of the hub do not compete.
    let performances: Vec<Performance> = attended
        .iter()
        .map(|(provider, attended)| {
            let totals = sums.get(provider);
            Performance {
                provider: *provider,
                uptime: attended.uptime,
                success: totals.and_then(success),
                latency: totals.and_then(|totals| {
                    Some(Latency {
                        millis: first_content_ms(totals)?,
                        samples: totals.timed_streams(),
                    })
                }),
            }
        })
        .collect();
    let ranked = hub.policy.leaderboard().rank(&performances);
    let leader = |ranked: &Ranked| {
        let attended = attended.get(&ranked.provider)?;
        let totals = sums.get(&ranked.provider).copied().unwrap_or_default();
        Some(leader(hub, ranked, attended, &totals))
    };
    ranked.iter().filter_map(leader).collect()
}

/// Points are in units of 10^-8, 10^8 being a hundred points.
const POINTS_PER_THOUSANDTH: u64 = 1_000;

fn leader(hub: &Shared, ranked: &Ranked, attended: &Attended, totals: &Totals) -> Leader {
    let points = |points: u64| Exact::thousandths(points / POINTS_PER_THOUSANDTH);
    let score = ranked.score;
    Leader {
        rank: ranked.rank,
        provider_id: ranked.provider.to_string(),
        provider_name: attended.name.to_string(),
        score: points(score.points()),
        availability_score: points(score.availability.points()),
        success_score: points(score.success.points()),
        latency_score: points(score.latency.points()),
        uptime_30d: attended.uptime.map(Exact::percent),
        success_rate: success(totals).map(Exact::percent),
        ttft_avg_ms: first_content_ms(totals),
        requests_24h: totals.requests,
        tokens_24h: tokens(totals),
        benchmark_score: None,
        online: hub.registry.is_online(ranked.provider),
    }
}

fn gpus(hub: &Shared) -> Gpus {
    let mut undeclared_nodes = 0;
    let mut kinds: BTreeMap<(String, u64), (u64, usize)> = BTreeMap::new();
    for line in hub.registry.lines() {
        let Some(hardware) = line.hardware().filter(|told| !told.gpu_model.is_empty()) else {
            undeclared_nodes += 1;
            continue;
        };
        let kind = kinds.entry((hardware.gpu_model, hardware.vram_gb));
        let (count, nodes) = kind.or_default();
        // Who names a card has one at least.
        *count += hardware.gpu_count.max(1);
        *nodes += 1;
    }
    let kind = |((gpu_model, vram_gb), (count, nodes))| Gpu {
        gpu_model,
        count,
        nodes,
        // 0 is how the protocol writes that it is not known.
        vram_gb: (vram_gb > 0).then_some(vram_gb),
    };
    let gpus: Vec<Gpu> = kinds.into_iter().map(kind).collect();
    let memory = |gpu: &Gpu| gpu.vram_gb.unwrap_or(0).saturating_mul(gpu.count);
    Gpus {
        total_gpus: gpus.iter().map(|gpu| gpu.count).sum(),
        total_vram_gb: gpus.iter().map(memory).sum(),
        undeclared_nodes,
        gpus,
    }
}

/// A part of money by number, or nothing of nobody.
pub(super) fn each(amount: Amount, heads: u64) -> Option<Amount> {
    if heads == 0 {
        return None;
    }
    amount.scaled(1, u128::from(heads)).ok()
}
