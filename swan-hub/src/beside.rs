//! What a hub does beside requests, as long as it lives.

use std::sync::Arc;

use tokio::time::MissedTickBehavior;

use crate::external::LOOK_EVERY;
use crate::hub::Rooms;
use crate::settings::Current;
use crate::{collateral, deposits, exchange, generations, market, payments, price_feed, stages};

/// Begins whatever goes on beside requests.
pub(crate) fn begin(hub: &Current, rooms: &Arc<Rooms>) {
    let most = hub.load().limits.provider_connections;
    rooms.sessions.set_max_connected(most);
    look_after_endpoints(hub);
    stages::watch_streams(rooms);
    market::watch(rooms);
    generations::run(rooms);
    payments::run(rooms);
    collateral::run(hub);
    deposits::run(hub);
    exchange::run(hub);
    price_feed::run(hub);
    payments::watch(hub);
    recall_free_use(hub);
}

/// Counts what accounts have had for free today before this hub was started, while it serves already: a day may have many records.
fn recall_free_use(hub: &Current) {
    let hub = hub.load();
    if hub.policy.free_tier().is_err() || !hub.settings.keys.free_tier {
        return;
    }
    tokio::spawn(async move {
        let (started, free) = (hub.started, Arc::clone(&hub.desk.free));
        let count = |account, tokens| free.recall(started, account, tokens);
        if let Err(error) = hub.generations.freely_used(started, count).await {
            tracing::warn!(%error, "what was used for free today is not known, and may be used again");
        }
    });
}

/// Looks after the endpoints now and then, as long as the hub lives.
fn look_after_endpoints(hub: &Current) {
    let hub = hub.downgrade();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Some(hub) = hub.load() else { return };
            hub.external.look().await;
        }
    });
}
