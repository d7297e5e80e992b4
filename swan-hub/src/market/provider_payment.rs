//! `/v1/provider/payment`: what a provider would rather be paid in, and what keeps it from that.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::ledger::Rule;
use swan_core::{Amount, Currency, ProviderId};

use super::fields::Fields;
use super::identity;
use super::reply::{conflict, invalid, reply, unavailable};
use crate::exchange::{self, ExchangeError, Standing};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::ledger::LedgerError;
use crate::openapi::Errors;

/// What a provider would rather be paid in, and what it has.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Payment {
    provider: String,
    /// `USD` or `SWAN`; null for whatever each request was paid in.
    currency: Option<&'static str>,
    /// One for each currency.
    earnings: Vec<Earned>,
}

/// What a provider has in one currency, as decimal strings.
#[derive(Debug, Serialize, JsonSchema)]
struct Earned {
    currency: &'static str,
    /// What could be paid out now.
    available: String,
    /// Why it is not in the preferred currency: `no_rate`, `stale_rate`, `empty`, `too_little` or `not_here`; null where nothing
    /// keeps it.
    kept: Option<&'static str>,
    /// The same in words.
    why: Option<String>,
}

impl Earned {
    fn of(standing: &Standing) -> Self {
        let kept = standing.kept.as_ref();
        Self {
            currency: standing.currency.code(),
            available: standing.available.to_string(),
            kept: kept.map(exchange::LeftOut::as_str),
            why: kept.map(ToString::to_string),
        }
    }
}

fn wrong(error: &ExchangeError) -> Answer {
    match error {
        ExchangeError::Ledger(error @ LedgerError::Shared { .. }) => {
            conflict("exchange_refused", error.to_string())
        }
        error => {
            tracing::warn!(target: "swan_hub::exchange", %error, "earnings cannot be exchanged");
            unavailable()
        }
    }
}

async fn payment(hub: &Shared, provider: ProviderId) -> Result<Payment, Answer> {
    let preferred = exchange::preferred(&*hub.store, provider).await;
    let preferred = preferred.map_err(|_| unavailable())?;
    let all = exchange::standing(hub, provider, preferred).map_err(|error| wrong(&error))?;
    Ok(Payment {
        provider: provider.to_string(),
        currency: preferred.map(Currency::code),
        earnings: all.iter().map(Earned::of).collect(),
    })
}

/// The field `currency`; null takes the preference away.
fn wanted(fields: &Fields) -> Result<Option<Currency>, Answer> {
    fields.only(&["currency"])?;
    fields.required("currency")?;
    let Some(text) = fields.optional("currency", 1, 10)? else {
        return Ok(None);
    };
    let currency = text.parse::<Currency>();
    let words = "currency must be usd, swan, or null for none";
    currency.map(Some).map_err(|_| invalid("currency", words))
}

/// What a payout of this provider is in unless it says so.
pub(super) async fn usual(hub: &Shared, provider: ProviderId) -> Result<Currency, Answer> {
    let preferred = exchange::preferred(&*hub.store, provider).await;
    let preferred = preferred.map_err(|_| unavailable())?;
    Ok(preferred.unwrap_or(Currency::Usd))
}

/// Exchanges what this provider has in another currency than the one that it prefers. Where that fails it keeps what it has.
pub(super) async fn settled(hub: &Shared, provider: ProviderId) {
    if let Err(error) = exchange::settle(hub, provider, Amount::ZERO).await {
        tracing::warn!(target: "swan_hub::exchange", %provider, %error, "earnings were not exchanged");
    }
}

/// `GET /v1/provider/payment`
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = async {
        let provider = identity::provider(&hub, &headers).await?;
        payment(&hub, provider).await
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `PUT /v1/provider/payment`
pub(super) async fn change(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let currency = wanted(&fields)?;
        let takes = hub.books.takes(Rule::Exchange);
        takes.map_err(|error| wrong(&error.into()))?;
        let (by, now) = ("its provider", hub.clock.now());
        let written = exchange::prefer(&*hub.store, provider, currency, (by, now)).await;
        written.map_err(|_| unavailable())?;
        settled(&hub, provider).await;
        payment(&hub, provider).await
    };
    reply(&hub, changed.await, Errors::OpenAi)
}
