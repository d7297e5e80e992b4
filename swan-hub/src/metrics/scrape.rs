//! All figures of a hub at this moment.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use swan_core::Amount;

use super::histogram::Counts;
use super::series::{Key, Series};
use super::text::Text;
use super::{Histogram, label, ledger, process};
use crate::events::Outcome;
use crate::hub::Shared;
use crate::providers::ConnectionMode;

/// The models whose presence is told one by one.
const MODELS_MAX: usize = 500;

/// Everything as text, in OpenMetrics' format where that was asked for.
pub(crate) fn write(hub: &Shared, is_open_metrics: bool) -> String {
    let mut text = Text::new(is_open_metrics);
    let series = hub.metrics.series.load();
    let mut sorted: Vec<(&Key, &Series)> = series.iter().map(|(key, one)| (key, &**one)).collect();
    sorted.sort_unstable_by_key(|(key, _)| (key.operation.as_str(), label(key.model.as_ref())));
    requests(&mut text, &sorted);
    money(&mut text, &sorted);
    times(&mut text, &sorted);
    presence(&mut text, hub);
    rooms(&mut text, hub);
    admission(&mut text, hub);
    ledger::write(&mut text, &hub.books);
    super::payments::write(&mut text, &hub.payments);
    super::payments::write_collateral(&mut text, &hub.collateral);
    super::deposits::write(&mut text, &hub.deposits);
    super::exchange::write(&mut text, hub);
    super::price::write(&mut text, hub);
    #[cfg(feature = "otel")]
    super::traces::write(&mut text, hub);
    process::write(&mut text);
    text.end()
}

fn mode(key: &Key) -> &'static str {
    key.mode.map_or("none", ConnectionMode::as_str)
}

fn requests(text: &mut Text, series: &[(&Key, &Series)]) {
    text.counter("swan_requests", "Requests that have ended.");
    for (key, one) in series {
        let labels = [
            ("operation", key.operation.as_str()),
            ("model", label(key.model.as_ref())),
            ("mode", mode(key)),
            ("stream", if key.streaming { "true" } else { "false" }),
            ("outcome", key.outcome.as_str()),
            ("code", key.code.as_deref().unwrap_or("")),
        ];
        text.total(&labels, one.requests.load(Relaxed));
    }
    replays(text, series);
    let mut tokens: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    let (mut retries, mut hedges) = (0_u64, 0_u64);
    for (key, one) in series {
        let sums = tokens.entry(label(key.model.as_ref())).or_default();
        let [prompt, completion] = sums;
        *prompt = prompt.wrapping_add(one.prompt_tokens.load(Relaxed));
        *completion = completion.wrapping_add(one.completion_tokens.load(Relaxed));
        retries += one.retries.load(Relaxed);
        hedges += one.hedges.load(Relaxed);
    }
    text.counter("swan_tokens", "Tokens that were charged for.");
    for (model, [prompt, completion]) in tokens {
        text.total(&[("model", model), ("direction", "input")], prompt);
        text.total(&[("model", model), ("direction", "output")], completion);
    }
    text.counter("swan_retries", "Attempts after one that had failed.");
    text.total(&[], retries);
    text.counter("swan_hedges", "Attempts beside one that took long.");
    text.total(&[], hedges);
}

fn replays(text: &mut Text, series: &[(&Key, &Series)]) {
    let replayed = series
        .iter()
        .filter(|(key, _)| key.outcome == Outcome::Replayed);
    let replays: u64 = replayed.map(|(_, one)| one.requests.load(Relaxed)).sum();
    text.counter(
        "swan_idempotent_replays",
        "Requests that got the answer to an earlier one with the same idempotency key.",
    );
    text.total(&[], replays);
}

fn money(text: &mut Text, series: &[(&Key, &Series)]) {
    let (mut usd, mut swan) = (0_u128, 0_u128);
    for (_, one) in series {
        usd = usd.saturating_add(one.charged_usd.pico());
        swan = swan.saturating_add(one.charged_swan.pico());
    }
    text.counter("swan_charged", "Money that was charged, in its currency.");
    for (currency, pico) in [("USD", usd), ("SWAN", swan)] {
        let amount = Amount::from_pico(i128::try_from(pico).unwrap_or(i128::MAX));
        if let Ok(amount) = amount {
            text.total(&[("currency", currency)], amount);
        }
    }
}

/// By operation, mode and whether it was a stream.
type Group<'a> = (&'a str, &'static str, bool);

/// A family of times: its name, what it tells, and where it is counted.
type Family = (&'static str, &'static str, fn(&Series) -> &Histogram);

fn times(text: &mut Text, series: &[(&Key, &Series)]) {
    let families: [Family; 4] = [
        (
            "swan_request_seconds",
            "From the first byte of a request to its end.",
            |one| &one.duration,
        ),
        (
            "swan_overhead_seconds",
            "What the hub added: all but the wait for whoever was asked.",
            |one| &one.overhead,
        ),
        (
            "swan_upstream_seconds",
            "The wait for whoever was asked; of a stream that of its reader, too.",
            |one| &one.upstream,
        ),
        (
            "swan_first_content_seconds",
            "From the first byte of a request to the first content of its stream.",
            |one| &one.first_content,
        ),
    ];
    for (name, help, pick) in families {
        let mut groups: BTreeMap<Group<'_>, Counts> = BTreeMap::new();
        for (key, one) in series {
            let group = (key.operation.as_str(), mode(key), key.streaming);
            groups.entry(group).or_default().add(&pick(one).counts());
        }
        text.histogram(name, help);
        for ((operation, mode, streaming), counts) in groups {
            let stream = if streaming { "true" } else { "false" };
            let labels = [("operation", operation), ("mode", mode), ("stream", stream)];
            text.times(&labels, &counts);
        }
    }
}

fn presence(text: &mut Text, hub: &Shared) {
    let mut models = hub.registry.models();
    models.truncate(MODELS_MAX);
    text.gauge("swan_providers_online", "Nodes that offer a model.");
    for one in &models {
        text.value(&[("model", one.model.id.as_str())], one.providers);
    }
    text.gauge(
        "swan_slots",
        "Requests that the nodes of a model take at once.",
    );
    for one in &models {
        text.value(&[("model", one.model.id.as_str())], one.capacity);
    }
    text.gauge(
        "swan_slots_in_use",
        "Requests under way at the nodes of a model.",
    );
    for one in &models {
        text.value(&[("model", one.model.id.as_str())], one.in_flight);
    }
    text.gauge(
        "swan_breakers_open",
        "Nodes of a model that get no requests because they failed.",
    );
    for one in &models {
        let open = hub.registry.held_off(&one.model.id);
        text.value(&[("model", one.model.id.as_str())], open);
    }
    text.gauge("swan_provider_sessions", "Connections of providers.");
    text.value(&[], hub.registry.lines().len());
}

fn admission(text: &mut Text, hub: &Shared) {
    let queue = hub.registry.queue().counts();
    text.gauge(
        "swan_queue_waiting",
        "Requests that wait for a place at a provider.",
    );
    text.value(&[], queue.waiting);
    text.counter(
        "swan_queue_left",
        "Requests that no provider had a place for, and what became of them.",
    );
    for (end, count) in [
        ("served", queue.served),
        ("expired", queue.expired),
        ("shed", queue.shed),
    ] {
        text.total(&[("end", end)], count);
    }
    let refused = hub.desk.refused();
    text.counter("swan_refused", "Requests that a limit has refused.");
    for (limit, count) in [
        ("rpm", refused.requests),
        ("tpm", refused.tokens),
        ("concurrency", refused.concurrency),
        ("spend_cap", refused.spend_cap),
        ("scope", refused.scope),
        ("address", refused.address),
        ("expired", refused.expired),
        ("free_tier", refused.free_tier),
    ] {
        text.total(&[("limit", limit)], count);
    }
}

fn rooms(text: &mut Text, hub: &Shared) {
    text.gauge("swan_in_flight", "Requests in the hub.");
    text.value(&[], hub.gate.in_flight());
    text.gauge(
        "swan_in_flight_limit",
        "Requests that have a place in the hub.",
    );
    text.value(&[], hub.limits.in_flight);
    text.gauge("swan_streams", "Streams on their way to consumers.");
    text.value(&[], hub.streams.len());
    text.gauge("swan_draining", "1 once the hub was told to stop.");
    text.value(&[], u8::from(hub.gate.is_leaving()));
    text.counter(
        "swan_records_lost",
        "Records of requests that were dropped because more came than could be kept.",
    );
    text.total(&[], hub.generations.lost());
    text.gauge(
        "swan_build_info",
        "The version of the hub, and the policy in force.",
    );
    let policy = hub.policy.stamp().to_string();
    let version = env!("CARGO_PKG_VERSION");
    text.value(&[("version", version), ("policy", &policy)], 1);
    text.gauge("swan_start_time_seconds", "When the hub was started.");
    text.value(&[], hub.started.as_secs());
}
