//! One look at the whole market, taken at most once a second however often it is asked for, so that a flood of readers costs no
//! more than one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use swan_core::standing::Rate;
use swan_core::{Model, ModelId, ProviderId};
use tokio::time::Instant;

use super::exact::Exact;
use super::presence::Attended;
use super::rows::{Contexts, ModelRow, Prices, ProviderRow, quantization};
use super::statistics::{self, Figures};
use crate::generations::Totals;
use crate::hub::Shared;
use crate::providers::Link;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);

/// The latest look, and whose turn it is to take the next.
#[derive(Debug, Default)]
pub(super) struct Latest {
    snapshot: ArcSwapOption<Snapshot>,
    turn: Mutex<()>,
}

/// The market at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    taken: Instant,
    /// In the order of the policy's catalogue, then by name what else is served.
    pub(super) models: Vec<ModelRow>,
    /// By model, in the order of their ids.
    pub(super) providers: HashMap<String, Vec<ProviderRow>>,
    pub(super) figures: Figures,
}

/// The market now, or up to a second ago.
pub(super) fn snapshot(hub: &Shared) -> Arc<Snapshot> {
    let latest = &hub.market.latest;
    let known = latest.snapshot.load_full();
    if let Some(known) = known.clone().filter(|known| known.taken.elapsed() < FRESH) {
        return known;
    }
    let turn = match known {
        // Somebody else takes the next look already, and the last one will do.
        Some(known) => match latest.turn.try_lock() {
            Some(turn) => turn,
            None => return known,
        },
        None => latest.turn.lock(),
    };
    if let Some(known) = latest.snapshot.load_full()
        && known.taken.elapsed() < FRESH
    {
        return known;
    }
    let taken = Arc::new(Snapshot::take(hub));
    latest.snapshot.store(Some(Arc::clone(&taken)));
    drop(turn);
    taken
}

impl Snapshot {
    fn take(hub: &Shared) -> Self {
        let now = hub.clock.now();
        super::presence::look(hub);
        let attended = hub.market.attendance.all(now, 30);
        let served = hub.generations.providers(now, 24);
        let offers = hub.registry.offers();
        let mut providers = HashMap::new();
        let mut online: BTreeMap<ModelId, (Arc<Model>, Contexts)> = BTreeMap::new();
        for (model, links) in &offers {
            let mut contexts = Contexts::default();
            for link in links.iter() {
                contexts.add(link.declared.context_tokens);
            }
            let rows = provider_rows(model, links, &attended, &served);
            providers.insert(model.id.to_string(), rows);
            online.insert(model.id.clone(), (Arc::clone(model), contexts));
        }
        let models = model_rows(hub, online);
        let figures = statistics::figures(hub, &models, &attended, &served, now);
        Self {
            taken: Instant::now(),
            models,
            providers,
            figures,
        }
    }

    /// The model that goes by this name.
    pub(super) fn model(&self, hub: &Shared, name: &str) -> Option<&ModelRow> {
        let catalogued = hub.policy.model(name);
        let id = catalogued.map_or(name, |model| model.id.as_str());
        self.models.iter().find(|row| row.id == id)
    }
}

fn model_rows(
    hub: &Shared,
    mut online: BTreeMap<ModelId, (Arc<Model>, Contexts)>,
) -> Vec<ModelRow> {
    let share = hub.policy.split().provider();
    let row = |model: &Model, contexts: &Contexts| {
        ModelRow::of(model, share, hub.serves(&model.id), contexts)
    };
    let mut rows = Vec::new();
    for model in hub.policy.models() {
        let contexts = online.remove(&model.id).map(|(_, contexts)| contexts);
        rows.push(row(model, &contexts.unwrap_or_default()));
    }
    for (model, contexts) in online.values() {
        rows.push(row(model, contexts));
    }
    for model in hub.external.models() {
        if rows.iter().all(|row| row.id != model.id.as_str()) {
            rows.push(row(&model, &Contexts::default()));
        }
    }
    rows
}

fn provider_rows(
    model: &Model,
    links: &[Arc<Link>],
    attended: &HashMap<ProviderId, Attended>,
    served: &HashMap<(ProviderId, ModelId), Totals>,
) -> Vec<ProviderRow> {
    let mut rows: BTreeMap<ProviderId, ProviderRow> = BTreeMap::new();
    for link in links {
        let row = rows.entry(link.provider).or_insert_with(|| {
            let uptime = attended.get(&link.provider).and_then(|one| one.uptime);
            let totals = served.get(&(link.provider, model.id.clone()));
            provider_row(model, link, uptime, totals)
        });
        row.nodes += 1;
        row.capacity += u64::from(link.capacity());
        row.in_flight += u64::from(link.in_flight());
        let declared = link.declared.context_tokens;
        row.reported_context_length = match (row.reported_context_length, declared) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let Some(reported) = row.reported_context_length {
            row.context_length = Some(reported);
            row.context_source = "reported";
        }
    }
    rows.into_values().collect()
}

fn provider_row(
    model: &Model,
    link: &Link,
    uptime: Option<Rate>,
    totals: Option<&Totals>,
) -> ProviderRow {
    let price = Prices::of(&model.price, |amount| amount);
    ProviderRow {
        provider_id: link.provider.to_string(),
        provider_name: link.name.to_string(),
        model_id: model.id.to_string(),
        input_price: price.input,
        output_price: price.output,
        unit_price: price.unit,
        price_source: "policy",
        quantization: quantization(link.declared.quantization),
        format: None,
        uptime_30d: uptime.map(Exact::percent),
        ttft_avg_ms: totals.and_then(statistics::first_content_ms),
        throughput: totals
            .and_then(Totals::milli_tokens_per_sec)
            .map(Exact::thousandths),
        success_rate: totals.and_then(statistics::success).map(Exact::percent),
        context_length: model.context_length,
        context_source: "assumed",
        reported_context_length: None,
        nodes: 0,
        capacity: 0,
        in_flight: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Hub;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_readers_costs_one_look_a_second() {
        let hub = Hub::builder().build().await.unwrap();
        let hub = hub.current.load();
        let first = snapshot(&hub);
        for _ in 0..1_000 {
            assert!(Arc::ptr_eq(&first, &snapshot(&hub)));
        }
        tokio::time::advance(FRESH).await;
        assert!(!Arc::ptr_eq(&first, &snapshot(&hub)));
    }
}
