//! `GET /v1/provider/statement`: what a provider has earned and what it was paid; and the report of the growth fund.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::ProviderId;
use swan_core::ledger::Account;

use super::admin::administrator;
use super::identity;
use super::query::Query;
use super::reply::{invalid, reply};
use crate::documents::{
    Earnings, EarningsQuery, Grouping, GrowthFundReport, Month, UsageError, earnings, growth_fund,
};
use crate::gateway::{Answer, StatementPage, check_paging, read_within, span_of, statement_of};
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::stages::RequestError;

/// A provider's statement: movement by movement, or summed up.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ProviderStatement {
    /// Without `by`.
    Movements(StatementPage),
    /// With `by`.
    Sums(Earnings),
}

/// `GET /v1/provider/statement`
pub(super) async fn statement(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    reply(
        &hub,
        told(&hub, query.as_deref(), &headers).await,
        Errors::OpenAi,
    )
}

async fn told(
    hub: &Shared,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<ProviderStatement, Answer> {
    let asked = Query::parse(query)?;
    let provider = whose(hub, &asked, headers).await?;
    let Some(by) = asked.text("by") else {
        let account = Account::ProviderEarnings(provider);
        let page = statement_of(hub, query, account).await;
        let page = page.map_err(|error| Answer::of(&error))?;
        return Ok(ProviderStatement::Movements(page));
    };
    const BY: &str =
        "by must be some of hour, day or month (one of them) and model, with a comma between them";
    let grouping: Grouping = by.parse().map_err(|_| invalid("by", BY))?;
    if grouping.is_by_key() {
        return Err(invalid("by", BY));
    }
    check_paging(query).map_err(|error| Answer::of(&error))?;
    let wanted = span_of(hub, query).map_err(|error| Answer::of(&error))?;
    let (from, to, currency) = wanted;
    let wanted = EarningsQuery {
        provider,
        currency,
        from,
        to,
        grouping,
    };
    let read = async { Ok::<_, UsageError>(earnings(&hub.store, &wanted).await) };
    let read = read_within(hub, read).await;
    let read = read.map_err(|error| Answer::of(&error))?;
    Ok(ProviderStatement::Sums(
        read.map_err(|error| refusal(&error))?,
    ))
}

fn refusal(error: &UsageError) -> Answer {
    match error {
        UsageError::Store(_) => Answer::of(&RequestError::StoreAway),
        UsageError::Days => invalid("to", error.to_string()),
        UsageError::Groups => invalid("by", error.to_string()),
        // Sums are written as JSON alone.
        UsageError::Unwritten(_) => Answer::of(&RequestError::StoreAway),
    }
}

/// The provider that calls, or that an administrator names.
async fn whose(hub: &Shared, asked: &Query<'_>, headers: &HeaderMap) -> Result<ProviderId, Answer> {
    let is_admin = identity::bearer(headers).is_ok_and(|secret| secret.starts_with("sk-admin-"));
    if !is_admin {
        return identity::provider(hub, headers).await;
    }
    administrator(hub, headers)?;
    let named = asked.text("provider").and_then(|id| id.parse().ok());
    let missing = "provider must be the id of a provider: prov-…";
    named.ok_or_else(|| invalid("provider", missing))
}

/// `GET /api/v1/admin/reports/growth-fund`
pub(super) async fn fund(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    reply(
        &hub,
        report(&hub, query.as_deref(), &headers).await,
        Errors::OpenAi,
    )
}

async fn report(
    hub: &Shared,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<GrowthFundReport, Answer> {
    administrator(hub, headers)?;
    let now = hub.clock.now();
    let month = match Query::parse(query)?.text("month") {
        None => Month::of(now),
        Some(month) => month
            .parse()
            .map_err(|_| invalid("month", "month must be one such as 2026-10"))?,
    };
    let read = async { Ok::<_, UsageError>(growth_fund(&hub.store, month, now).await) };
    let read = read_within(hub, read).await;
    let read = read.map_err(|error| Answer::of(&error))?;
    read.map_err(|error| refusal(&error))
}
