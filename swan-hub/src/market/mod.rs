//! The market under `/api/v1`: what anybody may read, and accounts for those who take part (public-swan.md 2.2 and 2.3).

mod catalogue;
mod demand;
mod described;
mod exact;
mod figures;
#[expect(dead_code, reason = "accounts read the rest")]
mod presence;
mod query;
#[expect(dead_code, reason = "accounts use the rest")]
mod reply;
mod rows;
mod snapshot;
mod statistics;

pub(crate) use presence::watch;

use crate::openapi::Routes;
use crate::settings::Current;

/// What the market keeps beside the hub's own state.
#[derive(Debug, Default)]
pub(crate) struct Market {
    attendance: presence::Attendance,
    latest: snapshot::Latest,
}

/// The routes of the market.
pub(crate) fn routes() -> Routes<Current> {
    Routes::new()
        .add(described::models(), catalogue::models)
        .add(described::catalog(), catalogue::catalog)
        .add(described::model(), catalogue::model)
        .add(described::model_providers(), catalogue::providers)
        .add(described::files(), catalogue::files)
        .add(described::network(), figures::network)
        .add(described::leaderboard(), figures::leaderboard)
        .add(described::gpu(), figures::gpu)
        .add(described::utilization(), figures::utilization)
        .add(described::demand(), figures::demand)
        .add(described::summary(), figures::summary)
        .add(described::health(), figures::health)
        .add(described::contract(), figures::contract)
}
