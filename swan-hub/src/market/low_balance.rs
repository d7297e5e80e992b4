//! `/v1/low-balance`: below what an account's funds are called low, for its owner and for administrators.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, Amount, Currency};

use super::admin::{administrator, refresh};
use super::catalogue::Id;
use super::fields::Fields;
use super::identity;
use super::reply::{invalid, not_found, reply, unavailable};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::payments;
use crate::store::AccountRecord;

/// Below what an account's funds are called low, and whether they are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Threshold {
    account: String,
    /// The account's own, as a decimal string of US dollars; null when it has none.
    own: Option<String>,
    /// What holds: the account's own, or the one of this hub.
    threshold: Option<String>,
    /// What the account has in US dollars, what is set aside included.
    balance: String,
    is_low: bool,
}

impl Threshold {
    async fn of(hub: &Shared, record: &AccountRecord) -> Self {
        let threshold = payments::threshold(hub, record.id);
        let balance = hub.books.balance_shown(record.id, Currency::Usd).await;
        let balance = balance.posted();
        Self {
            account: record.id.to_string(),
            own: record.limits.low_balance.map(|own| own.to_string()),
            threshold: threshold.map(|threshold| threshold.to_string()),
            balance: balance.to_string(),
            is_low: threshold.is_some_and(|threshold| balance < threshold),
        }
    }
}

/// The account with this id.
async fn record(hub: &Shared, id: Option<AccountId>) -> Result<AccountRecord, Answer> {
    let known = hub.store.accounts().await.map_err(|_| unavailable())?;
    let mut known = known.into_iter();
    known
        .find(|record| Some(record.id) == id)
        .ok_or_else(|| not_found("account_not_found", "there is no such account"))
}

fn named(id: Id) -> Option<AccountId> {
    id.ok().and_then(|Path(id)| id.parse().ok())
}

/// The field `usd`; null takes the threshold away.
fn wanted(fields: &Fields) -> Result<Option<Amount>, Answer> {
    fields.only(&["usd"])?;
    fields.required("usd")?;
    let Some(text) = fields.optional("usd", 1, 40)? else {
        return Ok(None);
    };
    let usd = text.parse::<Amount>().ok();
    let usd = usd.filter(|usd| *usd > Amount::ZERO);
    let words = "usd must be a decimal string above zero, such as \"5.00\", or null for none";
    usd.map(Some).ok_or_else(|| invalid("usd", words))
}

async fn set(hub: &Shared, id: Option<AccountId>, fields: &Fields) -> Result<Threshold, Answer> {
    let usd = wanted(fields)?;
    let _one = hub.market.changing.lock().await;
    let mut record = record(hub, id).await?;
    record.limits.low_balance = usd;
    let written = hub.store.limit_account(record.id, &record.limits).await;
    written.map_err(|_| unavailable())?;
    refresh(hub).await?;
    Ok(Threshold::of(hub, &record).await)
}

/// `GET /v1/low-balance`
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let record = record(&hub, Some(account)).await?;
        Ok(Threshold::of(&hub, &record).await)
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `PUT /v1/low-balance`
pub(super) async fn change(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let (account, _) = identity::payer(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        set(&hub, Some(account), &fields).await
    };
    reply(&hub, changed.await, Errors::OpenAi)
}

/// `GET /api/v1/admin/accounts/{id}/low-balance`
pub(super) async fn show_any(
    State(hub): State<Arc<Shared>>,
    id: Id,
    headers: HeaderMap,
) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        let record = record(&hub, named(id)).await?;
        Ok(Threshold::of(&hub, &record).await)
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `PUT /api/v1/admin/accounts/{id}/low-balance`
pub(super) async fn change_any(
    State(hub): State<Arc<Shared>>,
    id: Id,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        set(&hub, named(id), &fields).await
    };
    reply(&hub, changed.await, Errors::OpenAi)
}
