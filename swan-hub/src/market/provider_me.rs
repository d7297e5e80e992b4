//! What a provider sees and says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{Amount, Currency, ProviderId};

use super::catalogue::Id;
use super::exact::Exact;
use super::fields::Fields;
use super::query::Query;
use super::reply::{conflict, invalid, not_found, ok, refused, reply};
use super::rows::ProviderRow;
use super::snapshot::snapshot;
use super::{identity, upgrade};
use crate::gateway::Answer;
use crate::generations::Totals;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::ProfileRecord;

/// A provider's addresses.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Profile {
    /// The provider.
    id: String,
    /// The wallet that owns it.
    owner_address: Option<String>,
    /// The wallet that its machines sign with.
    worker_address: Option<String>,
    /// The wallet that is paid.
    beneficiary_address: Option<String>,
    /// What it says of itself.
    description: String,
}

impl Profile {
    fn of(profile: ProfileRecord) -> Self {
        Self {
            id: profile.provider.to_string(),
            owner_address: profile.owner,
            worker_address: profile.worker,
            beneficiary_address: profile.beneficiary,
            description: profile.description,
        }
    }
}

/// What a provider did in the last 24 hours, and what it earned in all.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OwnStats {
    /// Requests that were sent to it.
    total_inferences: u64,
    /// Those that were answered to the end.
    successful_inferences: u64,
    /// Those that failed by its fault.
    failed_inferences: u64,
    /// Tokens of its prompts.
    total_input_tokens: u64,
    /// Tokens of its answers.
    total_output_tokens: u64,
    /// Both.
    total_tokens: u64,
    /// The hours that these counts are of.
    window_hours: u64,
    /// US dollars earned in all.
    total_earnings_usdc: Exact,
    /// SWAN earned in all.
    total_earnings_swan: Exact,
    /// Percent of the last 7 days, or of the time since this hub first saw it, that it was there.
    uptime_7d_percent: Option<Exact>,
    /// When it was last seen, in seconds of the epoch.
    last_connected: Option<u64>,
}

/// What a provider earned hour by hour.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct History {
    /// The oldest first; hours that this hub has not seen are not among them.
    points: Vec<Point>,
    /// `USD`.
    currency: &'static str,
    /// The length of a bucket.
    bucket_seconds: u64,
    /// All points together.
    totals: Sum,
    /// What monthly plans add; this hub has none.
    subscription_pro_rate: ProRate,
}

/// One bucket.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Point {
    /// When it begins, in seconds of the epoch.
    timestamp: u64,
    /// US dollars.
    usd: Exact,
    /// US dollars of requests that were paid one by one: all.
    pay_as_you_go_usd: Exact,
    /// US dollars of monthly plans: none.
    subscription_usd: Exact,
    /// Tokens of prompts; null, since they are not kept by the hour.
    tokens_in: Option<u64>,
    /// Tokens of answers; null likewise.
    tokens_out: Option<u64>,
    /// Requests; null likewise.
    requests: Option<u64>,
    /// By model; empty likewise.
    models: BTreeMap<String, Exact>,
}

/// The sum of points.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sum {
    /// US dollars.
    usd: Exact,
    /// US dollars of requests that were paid one by one.
    pay_as_you_go_usd: Exact,
    /// US dollars of monthly plans.
    subscription_usd: Exact,
}

/// The share of a month that is over, for plans.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProRate {
    ratio: Option<Exact>,
    settled: bool,
    determined: bool,
}

/// The models of one provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Details {
    /// The provider.
    provider_id: String,
    /// What it serves now.
    models: Vec<ProviderRow>,
    /// How many.
    total: usize,
}

/// `GET /api/v1/provider/me`
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = async {
        let provider = identity::provider(&hub, &headers).await?;
        upgrade::profile(&hub, provider).await
    };
    match shown.await {
        Ok(profile) => ok(&hub, &Profile::of(profile)),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `PUT /api/v1/provider/me`
pub(super) async fn change(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let _turn = hub.market.changing.lock().await;
        let mut profile = upgrade::profile(&hub, provider).await?;
        if let Some(owner) = fields.address("owner_address")? {
            // Whoever holds a key could take the provider over, if the owner could be changed.
            if profile.owner.as_ref().is_some_and(|known| *known != owner) {
                return Err(conflict("owner_is_set", "the owner has been set and stays"));
            }
            profile.owner = Some(owner);
        }
        profile.worker = fields.address("worker_address")?.or(profile.worker);
        profile.beneficiary = fields
            .address("beneficiary_address")?
            .or(profile.beneficiary);
        if let Some(description) = fields.optional("description", 0, 500)? {
            description.clone_into(&mut profile.description);
        }
        upgrade::put_profile(&hub, &profile).await?;
        Ok(Profile::of(profile))
    };
    reply(&hub, changed.await, Errors::OpenAi)
}

/// `GET /api/v1/provider/me/stats`
pub(super) async fn stats(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match identity::provider(&hub, &headers).await {
        Ok(provider) => ok(&hub, &own_stats(&hub, provider).await),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

async fn own_stats(hub: &Shared, provider: ProviderId) -> OwnStats {
    let now = hub.clock.now();
    let mut day = Totals::default();
    let served = hub.generations.providers(now, 24);
    for (_, totals) in served.iter().filter(|((who, _), _)| *who == provider) {
        day.add(totals);
    }
    let attended = hub.market.attendance.one(provider, now, 7);
    let earned = async |currency| {
        let earnings = hub.books.earnings_shown(provider, currency).await;
        Exact::money(earnings.credits_posted)
    };
    let (input, output) = (day.usage.prompt_tokens, day.usage.completion_tokens);
    OwnStats {
        total_inferences: day.requests,
        successful_inferences: day.completed,
        failed_inferences: day.failed,
        total_input_tokens: input,
        total_output_tokens: output,
        total_tokens: input.saturating_add(output),
        window_hours: 24,
        total_earnings_usdc: earned(Currency::Usd).await,
        total_earnings_swan: earned(Currency::Swan).await,
        uptime_7d_percent: attended
            .as_ref()
            .and_then(|attended| attended.uptime)
            .map(Exact::percent),
        last_connected: attended.map(|attended| attended.last.as_secs()),
    }
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// `GET /api/v1/provider/me/earnings/history`
pub(super) async fn history(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let read = async {
        let provider = identity::provider(&hub, &headers).await?;
        let query = Query::parse(query.as_deref())?;
        let duration = span(query.text("duration").unwrap_or("24h"), "duration")?;
        let bucket = span(query.text("bucket").unwrap_or("1h"), "bucket")?;
        super::presence::look(&hub);
        Ok(earned(&hub, provider, duration, bucket))
    };
    reply(&hub, read.await, Errors::OpenAi)
}

/// Whole hours up to 999 or days up to 365, for the document too.
pub(super) const SPAN: &str =
    r"^([1-9][0-9]{0,2}h|([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-5])d)$";

/// Whole hours or days, such as `24h` and `7d`, in seconds.
fn span(text: &str, name: &'static str) -> Result<u64, Answer> {
    let (number, unit, most) = match (text.strip_suffix('h'), text.strip_suffix('d')) {
        (Some(hours), _) => (hours, HOUR, 999),
        (_, Some(days)) => (days, DAY, 365),
        _ => ("", 0, 0),
    };
    let is_plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = number.parse().ok();
    match number.filter(|number| is_plain && (1..=most).contains(number)) {
        Some(number) => Ok(number.saturating_mul(unit)),
        None => Err(invalid(
            name,
            format!("{name} must be 1h to 999h or 1d to 365d"),
        )),
    }
}

fn earned(hub: &Shared, provider: ProviderId, duration: u64, bucket: u64) -> History {
    let from = hub.clock.now().as_secs().saturating_sub(duration);
    let mut buckets: BTreeMap<u64, Amount> = BTreeMap::new();
    let mut total = Amount::ZERO;
    for (hour, usd) in hub.market.attendance.hourly(provider) {
        let begins = hour.saturating_mul(HOUR);
        if begins.saturating_add(HOUR) <= from {
            continue;
        }
        let sum = buckets.entry(begins / bucket * bucket).or_default();
        // Beyond what money can be, a sum stays where it is.
        *sum = sum.checked_add(usd).unwrap_or(*sum);
        total = total.checked_add(usd).unwrap_or(total);
    }
    let point = |(timestamp, usd): (u64, Amount)| Point {
        timestamp,
        usd: Exact::money(usd),
        pay_as_you_go_usd: Exact::money(usd),
        subscription_usd: Exact::money(Amount::ZERO),
        tokens_in: None,
        tokens_out: None,
        requests: None,
        models: BTreeMap::new(),
    };
    History {
        points: buckets.into_iter().map(point).collect(),
        currency: "USD",
        bucket_seconds: bucket,
        totals: Sum {
            usd: Exact::money(total),
            pay_as_you_go_usd: Exact::money(total),
            subscription_usd: Exact::money(Amount::ZERO),
        },
        subscription_pro_rate: ProRate {
            ratio: None,
            settled: false,
            determined: false,
        },
    }
}

/// `GET /api/v1/providers/{id}/models/details`
pub(super) async fn details(State(hub): State<Arc<Shared>>, id: Id) -> Response {
    let id = id.ok().and_then(|Path(id)| id.parse::<ProviderId>().ok());
    let now = hub.clock.now();
    let known = id.filter(|id| {
        hub.registry.is_online(*id) || hub.market.attendance.one(*id, now, 30).is_some()
    });
    let Some(id) = known.map(|id| id.to_string()) else {
        let unknown = not_found(
            "provider_not_found",
            "this hub has not seen such a provider",
        );
        return refused(&hub, &unknown, Errors::OpenAi);
    };
    let snapshot = snapshot(&hub);
    let all = snapshot.providers.values().flatten();
    let mut models: Vec<ProviderRow> = all.filter(|row| row.provider_id == id).cloned().collect();
    models.sort_by(|one, other| one.model_id.cmp(&other.model_id));
    let details = Details {
        provider_id: id,
        total: models.len(),
        models,
    };
    ok(&hub, &super::reply::Envelope::of(details))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_hours_or_days() {
        for (text, secs) in [
            ("1h", HOUR),
            ("24h", DAY),
            ("7d", 7 * DAY),
            ("365d", 365 * DAY),
        ] {
            assert_eq!(span(text, "duration").unwrap(), secs);
        }
        for text in [
            "", "h", "0h", "366d", "-1h", "+1h", "1.5h", "1000h", "07d", "1m", "1h1d",
        ] {
            let refusal = span(text, "duration").unwrap_err();
            assert_eq!(refusal.param.as_deref(), Some("duration"), "{text}");
        }
    }
}
