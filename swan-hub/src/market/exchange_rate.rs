//! `GET /api/v1/admin/exchange-rate`: what a SWAN is worth now, and what the sources of the price feed say.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{StampedRate, Timestamp};

use super::admin::administrator;
use super::reply::reply;
use crate::gateway::iso;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::price_feed::{PriceFeed, SourceState};

/// What a SWAN is worth.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExchangeRateShown {
    /// The rate by which requests are priced now; null when nobody can pay in SWAN.
    rate: Option<RateShown>,
    /// Why there is none.
    problem: Option<String>,
    /// Of a price feed, whose rate may be too old to be used.
    feed: Option<FeedShown>,
}

/// A rate of then.
#[derive(Debug, Serialize, JsonSchema)]
struct RateShown {
    /// A decimal string.
    usd_per_swan: String,
    /// Where it comes from.
    feed: String,
    at: String,
    age_ms: u64,
}

/// A price feed.
#[derive(Debug, Serialize, JsonSchema)]
struct FeedShown {
    last: Option<RateShown>,
    max_age_ms: u64,
    /// How many sources must agree.
    quorum: usize,
    /// The lowest and the highest price that is believed.
    min: String,
    max: String,
    sources: Vec<SourceShown>,
}

/// A source of a price feed.
#[derive(Debug, Serialize, JsonSchema)]
struct SourceShown {
    name: String,
    /// What it has told last, before the largest step and agreement were looked at.
    usd_per_swan: Option<String>,
    at: Option<String>,
    /// Why it has told nothing that can be used, at the last poll.
    problem: Option<String>,
}

impl RateShown {
    fn of(rate: &StampedRate, now: Timestamp) -> Self {
        Self {
            usd_per_swan: rate.rate().to_string(),
            feed: rate.feed().to_owned(),
            at: iso(rate.at()),
            age_ms: millis(now.since(rate.at())),
        }
    }
}

impl FeedShown {
    fn of(feed: &PriceFeed, now: Timestamp) -> Self {
        let options = feed.options();
        Self {
            last: feed.last().map(|last| RateShown::of(&last, now)),
            max_age_ms: millis(options.max_age),
            quorum: options.quorum,
            min: options.min.to_string(),
            max: options.max.to_string(),
            sources: feed.sources().into_iter().map(SourceShown::of).collect(),
        }
    }
}

impl SourceShown {
    fn of((name, state): (String, SourceState)) -> Self {
        Self {
            name,
            usd_per_swan: state.told.map(|(rate, _)| rate.to_string()),
            at: state.told.map(|(_, at)| iso(at)),
            problem: state.error.map(|error| error.to_string()),
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl ExchangeRateShown {
    fn of(hub: &Shared) -> Self {
        let now = hub.clock.now();
        let told = hub.oracle.usd_per_swan(now);
        let fresh = |rate: &StampedRate| hub.policy.payment().fresh(rate, now);
        let problem = match &told {
            None => hub.oracle.why_not(now),
            Some(rate) => fresh(rate).err(),
        };
        Self {
            rate: told
                .filter(|_| problem.is_none())
                .map(|rate| RateShown::of(&rate, now)),
            problem: problem.map(|problem| problem.to_string()),
            feed: hub.feed.as_ref().map(|feed| FeedShown::of(feed, now)),
        }
    }
}

/// The handler.
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = administrator(&hub, &headers).map(|_| ExchangeRateShown::of(&hub));
    reply(&hub, shown, Errors::OpenAi)
}
