//! `/v1/deposits`: how an account deposits tokens, and what has come in.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, DepositId, Timestamp};

use super::catalogue::Id;
use super::chain_deposits::{Instructions, ShownDeposit};
use super::identity;
use super::query::Query;
use super::reply::{conflict, invalid, not_found, refusal, reply, unavailable};
use crate::deposits::{self, Deposit, DepositError, reference};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{DepositPhase, DepositsOf};

/// Deposits, the youngest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DepositList {
    data: Vec<ShownDeposit>,
    /// Whether there are more after the last one, to be asked for with `before`.
    has_more: bool,
}

/// The row of the table for this error.
pub(super) fn answer(error: &DepositError) -> Answer {
    let words = error.to_string();
    match error {
        DepositError::NotConfigured => not_found("deposits_not_configured", words),
        DepositError::Unknown => not_found("deposit_not_found", words),
        DepositError::NoAccount { .. } => not_found("account_not_found", words),
        DepositError::NoProvider { .. } => not_found("provider_not_found", words),
        DepositError::UnknownToken { .. } => conflict("deposit_token_unknown", words),
        DepositError::NotUnmatched { .. } => conflict("deposit_not_unmatched", words),
        DepositError::NotAssignable { .. } => conflict("deposit_not_assignable", words),
        DepositError::Busy => refusal(503, "server_error", "deposit_busy")
            .retry(1)
            .saying(words),
        DepositError::Store(error) => {
            tracing::warn!(%error, "deposits cannot be read or written");
            unavailable()
        }
    }
}

/// `GET /v1/deposits/instructions`
pub(super) async fn instructions(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let told = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let options = hub.deposits.options().map_err(|error| answer(&error))?;
        let reference = reference(options.chain, options.contract, account);
        Ok(Instructions::of(&hub, options, reference))
    };
    reply(&hub, told.await, Errors::OpenAi)
}

/// `GET /v1/deposits`
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        page(&hub, query.as_deref(), Some(account)).await
    };
    reply(&hub, listed.await, Errors::OpenAi)
}

/// A page of an account's deposits, or of everybody's.
pub(super) async fn page(
    hub: &Shared,
    query: Option<&str>,
    account: Option<AccountId>,
) -> Result<DepositList, Answer> {
    let query = Query::parse(query)?;
    let limit = query.number("limit", 1, 100)?.unwrap_or(20);
    let of = match (account, query.text("phase")) {
        (Some(account), _) => DepositsOf::Account(account),
        (None, None) => DepositsOf::Everybody,
        (None, Some(phase)) => {
            let phase = DepositPhase::named(phase);
            let expected = "phase must be seen, due, unmatched or done";
            DepositsOf::Phase(phase.ok_or_else(|| invalid("phase", expected))?)
        }
    };
    let before = match query.text("before") {
        None => None,
        Some(text) => Some(place_of(hub, account, text).await?),
    };
    // One more tells whether there are more.
    let most = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let records = hub.store.deposits().page(of, before, most).await;
    let records = records.map_err(|error| answer(&error.into()))?;
    let deposits = records.iter().take(limit).map(Deposit::read);
    let deposits: Result<Vec<_>, _> = deposits.collect();
    let deposits = deposits.map_err(|error| answer(&error.into()))?;
    let status = hub.deposits.status();
    Ok(DepositList {
        has_more: records.len() > limit,
        data: deposits
            .iter()
            .map(|deposit| ShownDeposit::of(hub, &status, deposit))
            .collect(),
    })
}

async fn place_of(
    hub: &Shared,
    account: Option<AccountId>,
    text: &str,
) -> Result<(Timestamp, DepositId), Answer> {
    let wrong = || invalid("before", "before must be the id of such a deposit, dep-…");
    let id: DepositId = text.parse().map_err(|_| wrong())?;
    let known = hub
        .store
        .deposits()
        .deposit(id)
        .await
        .map_err(|_| unavailable())?;
    let known = known.filter(|known| account.is_none() || known.account == account);
    known
        .map(|known| (known.created, known.id))
        .ok_or_else(wrong)
}

pub(super) fn id_of(id: Id) -> Result<DepositId, Answer> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or_else(|| answer(&DepositError::Unknown))
}

/// `GET /v1/deposits/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let deposit = deposits::find(&*hub.store, id_of(id)?).await;
        let deposit = deposit.map_err(|error| answer(&error))?;
        // Somebody else's deposit is unknown, so that ids tell nothing.
        if deposit.account != Some(account) {
            return Err(answer(&DepositError::Unknown));
        }
        Ok(ShownDeposit::of(&hub, &hub.deposits.status(), &deposit))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}
