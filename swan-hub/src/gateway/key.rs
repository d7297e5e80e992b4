//! `GET /v1/key`: what the key that asks may do, and what is left of it. Named as OpenRouter names it, where it does.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::Amount;

use super::{Answer, respond};
use crate::admission::{Allowance, KeyLimits, Level};
use crate::hub::Shared;
use crate::market::LimitsShape;
use crate::stages::{Consumer, RequestError};

/// A key. Money is US dollars in decimal strings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Key {
    data: Data,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Data {
    id: Option<String>,
    /// Its name.
    label: Option<String>,
    account: String,
    /// The cap on what the key may spend.
    limit: Option<String>,
    /// What is left of it, apart from what is set aside for requests that run.
    limit_remaining: Option<String>,
    /// What was spent in the time that the cap is for, or ever.
    usage: String,
    /// Whether its requests are free ones only.
    is_free_tier: bool,
    /// Those of the key.
    #[schemars(with = "LimitsShape")]
    limits: KeyLimits,
    /// Those that all keys of the account share.
    #[schemars(with = "LimitsShape")]
    account_limits: KeyLimits,
    /// Of both the narrower.
    requests: Option<Left>,
    /// Of both the narrower.
    tokens: Option<Left>,
}

/// What is left of a rate.
#[derive(Serialize, JsonSchema)]
struct Left {
    limit: u64,
    remaining: u64,
    /// Milliseconds until all of it is there again.
    reset_ms: u64,
}

/// `GET /v1/key`
pub(super) async fn show(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let id = hub.request_id();
    let (parts, _) = request.into_parts();
    match hub.authenticator.authenticate(&parts).await {
        Ok(consumer) => {
            let body = serde_json::to_vec(&Key {
                data: data(&hub, &consumer),
            });
            // Strings and numbers always serialise.
            respond::json(StatusCode::OK, body.unwrap_or_default(), id)
        }
        Err(error) => respond::error(&Answer::of(&RequestError::from(error)), id),
    }
}

fn data(hub: &Shared, consumer: &Consumer) -> Data {
    let now = hub.clock.now();
    let access = consumer.access.as_deref();
    let own = access.and_then(|access| access.key()).map(|own| &**own);
    let shared = access.and_then(|access| access.account()).map(|own| &**own);
    let opened = consumer.key.and_then(|id| hub.keys.get(id));
    let both = || [own, shared].into_iter().flatten();
    let limits = |one: Option<&Allowance>| one.map(|one| one.limits().clone());
    let spent = own.map_or(Amount::ZERO, |own| own.spent(now));
    let cap = own.and_then(|own| own.limits().spend_cap);
    let left = |cap: Amount| cap.checked_sub(spent).unwrap_or(Amount::ZERO);
    let narrower = |level: fn(&Allowance) -> Option<Level>| {
        let levels = both().filter_map(level);
        levels.min_by_key(|level| level.remaining).map(Left::of)
    };
    Data {
        id: consumer.key.map(|id| id.to_string()),
        label: opened.map(|opened| opened.record().name.clone()),
        account: consumer.account.to_string(),
        limit: cap.map(|cap| cap.to_string()),
        limit_remaining: cap.map(|cap| left(cap).max(Amount::ZERO).to_string()),
        usage: spent.to_string(),
        is_free_tier: both().any(|one| one.limits().free),
        limits: limits(own).unwrap_or_default(),
        account_limits: limits(shared).unwrap_or_default(),
        requests: narrower(Allowance::requests),
        tokens: narrower(Allowance::tokens),
    }
}

impl Left {
    const fn of(level: Level) -> Self {
        Self {
            limit: level.limit,
            remaining: level.remaining,
            reset_ms: level.full_in / 1_000_000,
        }
    }
}
