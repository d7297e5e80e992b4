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

/// Below what an account's funds are called low, and whether they are: in US dollars, and in SWAN.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Threshold {
    account: String,
    #[serde(flatten)]
    usd: InCurrency,
    swan: InCurrency,
}

/// A threshold in one currency.
#[derive(Debug, Serialize, JsonSchema)]
struct InCurrency {
    /// The account's own, as a decimal string; null when it has none.
    own: Option<String>,
    /// What holds: the account's own, or the one of this hub.
    threshold: Option<String>,
    /// What the account has, what is set aside included.
    balance: String,
    is_low: bool,
}

impl Threshold {
    async fn of(hub: &Shared, record: &AccountRecord) -> Self {
        Self {
            account: record.id.to_string(),
            usd: InCurrency::of(hub, record, Currency::Usd).await,
            swan: InCurrency::of(hub, record, Currency::Swan).await,
        }
    }
}

impl InCurrency {
    async fn of(hub: &Shared, record: &AccountRecord, currency: Currency) -> Self {
        let own = record.limits.low_balance_in(currency);
        let threshold = payments::threshold(hub, (record.id, currency));
        let balance = hub.books.balance_shown(record.id, currency).await;
        let balance = balance.posted();
        Self {
            own: own.map(|own| own.to_string()),
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

/// A threshold that is sent; null takes it away, and what is not sent stays.
fn wanted(
    fields: &Fields,
    name: &'static str,
    kept: Option<Amount>,
) -> Result<Option<Amount>, Answer> {
    if fields.given(name).is_none() {
        return Ok(kept);
    }
    let Some(text) = fields.optional(name, 1, 40)? else {
        return Ok(None);
    };
    let amount = text.parse::<Amount>().ok();
    let amount = amount.filter(|amount| *amount > Amount::ZERO);
    amount.map(Some).ok_or_else(|| {
        let words = "must be a decimal string above zero, such as \"5.00\", or null for none";
        invalid(name, format!("{name} {words}"))
    })
}

async fn set(hub: &Shared, id: Option<AccountId>, fields: &Fields) -> Result<Threshold, Answer> {
    fields.only(&["usd", "swan"])?;
    if fields.given("swan").is_none() {
        fields.required("usd")?;
    }
    let _one = hub.market.changing.lock().await;
    let mut record = record(hub, id).await?;
    let limits = &mut record.limits;
    limits.low_balance = wanted(fields, "usd", limits.low_balance)?;
    limits.low_balance_swan = wanted(fields, "swan", limits.low_balance_swan)?;
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
