//! Reads the configuration anew at SIGHUP.

use super::logs::Logs;
use super::serve::{Args, settings};
use super::signals::Signals;
use super::{CliError, signals};
use crate::config::Config;
use crate::hub::Hub;
use crate::settings::Settings;

/// Reloads at every SIGHUP, for ever. A configuration that is wrong changes nothing.
pub(super) async fn on_signal(
    mut hang_ups: Signals,
    (args, mut config): (&Args, Config),
    (hub, logs): (&Hub, &Logs),
) {
    loop {
        hang_ups.next().await;
        signals::notify("RELOADING=1");
        match reload(args, &config, hub, logs) {
            Ok(read) => config = read,
            Err(error) => {
                tracing::error!(target: "swan_hub::serve", %error, "not reloaded: the configuration stays as it was");
            }
        }
        signals::notify("READY=1");
    }
}

fn reload(args: &Args, config: &Config, hub: &Hub, logs: &Logs) -> Result<Config, CliError> {
    let read = args.config()?;
    let (before, after) = (hub.settings(), settings(&read)?);
    hub.reload(after.clone())?;
    logs.set(read.log.as_deref())?;
    for (key, differs) in fixed(config, &read) {
        if differs {
            tracing::warn!(target: "swan_hub::serve", key, "has changed, and is heeded at the next start only");
        }
    }
    report(&before, &after);
    let limits = read.limits != config.limits;
    let keys = before.keys != after.keys;
    let queue = before.queue != after.queue;
    let hedging = before.hedging != after.hedging;
    let market = before.market != after.market;
    let routing = before.routing != after.routing;
    let external = before.external != after.external;
    let price_feed = before.price_feed != after.price_feed;
    tracing::info!(
        target: "swan_hub::serve",
        policy = %after.policy.stamp(),
        limits_changed = limits,
        keys_changed = keys,
        market_changed = market,
        queue_changed = queue,
        hedging_changed = hedging,
        external_changed = external,
        routing_changed = routing,
        price_feed_changed = price_feed,
        "reloaded"
    );
    // What is fixed stays as it is in force, so that each reload names it again.
    Ok(Config {
        listen: config.listen.clone(),
        provider_listen: config.provider_listen.clone(),
        data_dir: config.data_dir.clone(),
        store: config.store.clone(),
        durability: config.durability,
        snapshot_entries: config.snapshot_entries,
        drain: config.drain,
        drain_pause: config.drain_pause,
        idempotency: config.idempotency,
        generations: config.generations,
        otel: config.otel.clone(),
        metrics: crate::config::Metrics {
            listen: config.metrics.listen.clone(),
            ..read.metrics
        },
        ..read
    })
}

/// What only a start heeds, and whether it differs.
fn fixed(config: &Config, read: &Config) -> [(&'static str, bool); 12] {
    [
        ("listen", config.listen != read.listen),
        (
            "provider_listen",
            config.provider_listen != read.provider_listen,
        ),
        ("data_dir", config.data_dir != read.data_dir),
        ("store", config.store != read.store),
        ("durability", config.durability != read.durability),
        (
            "snapshot_entries",
            config.snapshot_entries != read.snapshot_entries,
        ),
        ("idempotency", config.idempotency != read.idempotency),
        ("generations", config.generations != read.generations),
        ("otel", config.otel != read.otel),
        ("drain_secs", config.drain != read.drain),
        ("drain_pause_secs", config.drain_pause != read.drain_pause),
        (
            "metrics.listen",
            config.metrics.listen != read.metrics.listen,
        ),
    ]
}

/// Names every value of the policy that is another one now.
fn report(before: &Settings, after: &Settings) {
    for difference in before.policy.diff(&after.policy) {
        tracing::info!(
            target: "swan_hub::serve",
            key = difference.key,
            before = difference.before,
            after = difference.after,
            "the policy says something else"
        );
    }
    if before.policy.health() != after.policy.health() {
        tracing::warn!(target: "swan_hub::serve", "the policy's rules of health are heeded at the next start only");
    }
}
