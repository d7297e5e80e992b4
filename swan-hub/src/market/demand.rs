//! Which models are asked for, and what a provider of one can expect (public-swan.md 2.2, `model-demand`).

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{Amount, ModelId, Timestamp};

use super::exact::Exact;
use super::rows::ModelRow;
use super::statistics::{each, tokens};
use crate::generations::Totals;
use crate::hub::Shared;

/// The demand for one model. What this hub does not measure is null.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct DemandRow {
    /// The model.
    pub(super) model_id: String,
    /// Its name without its organisation.
    pub(super) model_name: String,
    /// `text-generation`, `embedding`, `image` or `audio`.
    pub(super) category: &'static str,
    /// `premium` or `standard`.
    pub(super) tier: &'static str,
    /// US dollars for a million tokens of input.
    pub(super) input_price: Option<Exact>,
    /// US dollars for a million tokens of output.
    pub(super) output_price: Option<Exact>,
    /// What a provider gets of that.
    pub(super) provider_input_price: Option<Exact>,
    /// What a provider gets of that.
    pub(super) provider_output_price: Option<Exact>,
    /// Machines that serve it now.
    pub(super) online_providers: usize,
    /// Requests of the last 24 hours.
    pub(super) requests_24h: u64,
    /// Tokens of the last 24 hours.
    pub(super) tokens_24h: u64,
    /// US dollars of the last 24 hours.
    pub(super) revenue_24h: Exact,
    /// Not measured here.
    pub(super) avg_latency_ms: Option<u64>,
    /// Milliseconds to the first content of a stream, on average.
    pub(super) ttft_avg_ms: Option<u64>,
    /// `up`, `down` or `stable`: the last 12 hours against the 12 before.
    pub(super) demand_trend: &'static str,
    /// By how many percent, where there were requests in the 12 hours before.
    pub(super) demand_change_pct: Option<Exact>,
    /// GPU memory that it needs at least.
    pub(super) min_vram_gb: u32,
    /// Whether that is known.
    pub(super) vram_known: bool,
    /// What its machines earned in the last 24 hours each, if all earned the same, in US dollars.
    pub(super) est_daily_earnings: Option<Exact>,
    /// What they would have, had there been one more.
    pub(super) est_entrant_daily_earnings: Option<Exact>,
    /// How that is estimated.
    pub(super) entrant_basis: &'static str,
    /// Whether a monthly plan covers it; this hub has none.
    pub(super) plan_covered: bool,
    /// The share of requests that a plan paid.
    pub(super) subscription_share: Exact,
    /// Not measured here.
    pub(super) long_context_share: Option<Exact>,
    /// Tokens of prompt and answer together.
    pub(super) context_length: Option<u64>,
    /// Not measured here.
    pub(super) prompt_tokens_p50: Option<u64>,
    /// Not measured here.
    pub(super) prompt_tokens_p95: Option<u64>,
    /// Not measured here.
    pub(super) prompt_tokens_max: Option<u64>,
    /// Not measured here.
    pub(super) total_tokens_p95: Option<u64>,
}

/// Requests of two halves of a day, compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trend {
    word: &'static str,
    /// Signed, in thousandths of a percent.
    change: Option<(bool, u64)>,
}

/// Changes below this many percent are none.
const STABLE_PERCENT: u64 = 10;

impl Trend {
    fn of(before: u64, after: u64) -> Self {
        let grew = after >= before;
        let difference = after.abs_diff(before);
        let share = difference.saturating_mul(100_000).checked_div(before);
        let notable = share.is_none_or(|share| share >= STABLE_PERCENT * 1_000);
        let word = match (difference > 0 && notable, grew) {
            (false, _) => "stable",
            (true, true) => "up",
            (true, false) => "down",
        };
        Self {
            word,
            change: share.map(|share| (grew, share)),
        }
    }

    fn percent(self) -> Option<Exact> {
        let (grew, share) = self.change?;
        let milli = i128::from(share) * 1_000_000_000;
        let amount = Amount::from_pico(if grew { milli } else { -milli }).ok()?;
        Some(Exact::money(amount))
    }
}

/// The models of which more is asked first.
pub(super) fn rows(hub: &Shared, models: &[ModelRow], now: Timestamp) -> Vec<DemandRow> {
    let day = hub.generations.models(now, 24);
    let half = hub.generations.models(now, 12);
    let mut rows: Vec<DemandRow> = models
        .iter()
        .map(|model| {
            let of = |totals: &HashMap<ModelId, Totals>| {
                let id = ModelId::new(&model.id).ok();
                let known = id.and_then(|id| totals.get(&id).copied());
                known.unwrap_or_default()
            };
            row(hub, model, &of(&day), &of(&half))
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.requests_24h));
    rows
}

fn row(hub: &Shared, model: &ModelRow, day: &Totals, half: &Totals) -> DemandRow {
    let trend = Trend::of(day.requests.saturating_sub(half.requests), half.requests);
    let paid = day.revenue_usd.share(hub.policy.split().provider());
    let online = u64::try_from(model.online_providers).unwrap_or(u64::MAX);
    DemandRow {
        model_id: model.id.clone(),
        model_name: model.name.clone(),
        category: model.category,
        tier: model.tier,
        input_price: model.input_price.clone(),
        output_price: model.output_price.clone(),
        provider_input_price: model.payout_input_price.clone(),
        provider_output_price: model.payout_output_price.clone(),
        online_providers: model.online_providers,
        requests_24h: day.requests,
        tokens_24h: tokens(day),
        revenue_24h: Exact::money(day.revenue_usd),
        avg_latency_ms: None,
        ttft_avg_ms: super::statistics::first_content_ms(day),
        demand_trend: trend.word,
        demand_change_pct: trend.percent(),
        min_vram_gb: model.specs.min_vram_gb,
        vram_known: model.specs.min_vram_gb > 0,
        est_daily_earnings: each(paid, online).map(Exact::money),
        est_entrant_daily_earnings: each(paid, online.saturating_add(1)).map(Exact::money),
        entrant_basis: "equal_share_of_the_last_24h",
        plan_covered: false,
        subscription_share: Exact::thousandths(0),
        long_context_share: None,
        context_length: model.specs.context_length,
        prompt_tokens_p50: None,
        prompt_tokens_p95: None,
        prompt_tokens_max: None,
        total_tokens_p95: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_compares_the_halves_of_a_day() {
        for (before, after, word, percent) in [
            (0, 0, "stable", None),
            (0, 1, "up", None),
            (100, 109, "stable", Some("9")),
            (100, 110, "up", Some("10")),
            (100, 50, "down", Some("-50")),
            (3, 4, "up", Some("33.333")),
        ] {
            let trend = Trend::of(before, after);
            let written = trend
                .percent()
                .map(|one| serde_json::to_string(&one).unwrap());
            let seen = (trend.word, written.as_deref());
            assert_eq!(seen, (word, percent), "{before} to {after}");
        }
    }
}
