//! What the routes for administrators share: who may call them, and how limits look.

use http::HeaderMap;
use schemars::JsonSchema;
use serde_json::Value;
use swan_core::{KeyId, Timestamp};

use super::chosen::{self, ADDRESS, Endpoint, Period};
use super::fields::Fields;
use super::identity;
use super::reply::{invalid, unavailable};
use crate::admission::KeyLimits;
use crate::gateway::Answer;
use crate::hub::Shared;

/// The limits of a key or account, as they are sent and answered. What is absent or null is not limited.
#[derive(JsonSchema)]
#[schemars(rename = "Limits", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct LimitsShape {
    /// Requests per minute.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    rpm: Option<u64>,
    /// Tokens per minute, of prompts and answers together.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    tpm: Option<u64>,
    /// Requests at the same time.
    #[schemars(range(min = 1, max = 1_000_000))]
    concurrency: Option<u32>,
    /// Names of models, or the beginning of names followed by `*`.
    #[schemars(
        length(max = 100),
        inner(regex(pattern = r"^[A-Za-z0-9._/:-]{1,100}\*?$"))
    )]
    models: Option<Vec<String>>,
    /// The endpoints that may be called.
    #[schemars(length(max = 100))]
    endpoints: Option<Vec<Endpoint>>,
    /// US dollars.
    spend_cap: Option<Dollars>,
    /// What the cap is for; all time without it.
    spend_per: Option<Period>,
    /// Addresses and networks in CIDR notation.
    #[schemars(
        length(max = 100),
        inner(regex(pattern = ADDRESS))
    )]
    allow_ip: Option<Vec<String>>,
    /// When it ends, in milliseconds since 1970.
    #[schemars(range(max = 253_402_300_799_000_u64))]
    expires_ms: Option<u64>,
    /// Whether requests are free ones only.
    free: Option<bool>,
}

/// A decimal string, or whole dollars as a number.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Dollars {
    Exact(#[schemars(regex(pattern = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,12})?$"))] String),
    Whole(#[schemars(range(max = 999_999_999))] u64),
}

/// The administrator's key that calls.
pub(super) fn administrator(hub: &Shared, headers: &HeaderMap) -> Result<KeyId, Answer> {
    identity::administrator(hub, headers)
}

/// Sets what the field `limits` says, as far as it says something; null takes a limit away.
pub(super) fn set_limits(
    limits: &mut KeyLimits,
    fields: &Fields,
    now: Timestamp,
) -> Result<(), Answer> {
    let Some(given) = fields.object("limits")? else {
        return Ok(());
    };
    for (name, value) in given {
        set(limits, name, value, now)?;
    }
    if limits.spend_per.is_some() && limits.spend_cap.is_none() {
        let why = "limits.spend_per says what limits.spend_cap is for, which is not set";
        return Err(invalid("limits.spend_per", why));
    }
    Ok(())
}

fn set(limits: &mut KeyLimits, name: &str, value: &Value, now: Timestamp) -> Result<(), Answer> {
    if !chosen::is_json(name, value) {
        let words = "expected numbers for rates, and lists for models, endpoints and allow_ip";
        let mut refusal = invalid("limits", format!("limits.{name}: {words}"));
        refusal.param = Some(format!("limits.{name}").into());
        return Err(refusal);
    }
    limits
        .set(name, &chosen::plain(value), now)
        .map_err(|error| {
            let mut refusal = invalid("limits", format!("limits.{error}"));
            refusal.param = Some(format!("limits.{}", error.field).into());
            refusal
        })
}

/// Lets what has been written take effect at once.
pub(super) async fn refresh(hub: &Shared) -> Result<(), Answer> {
    let refreshed = hub.keys.refresh(&*hub.store).await;
    refreshed.map_err(|_| unavailable())
}
