//! `/api/v1/admin/accounts`: accounts, their limits and their credit, for administrators.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, Amount, Currency, TransferId};

use super::admin::{LimitsShape, administrator, refresh, set_limits};
use super::catalogue::Id;
use super::derived;
use super::fields::Fields;
use super::once::Lasting;
use super::reply::{conflict, invalid, not_found, refused, reply, unavailable, with_status};
use crate::admission::KeyLimits;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::ledger::LedgerError;
use crate::openapi::Errors;
use crate::store::AccountRecord;

const TARGET: &str = "swan_hub::admin";

/// An account with its money.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AdminAccount {
    id: String,
    name: String,
    /// Milliseconds since 1970.
    created_ms: u64,
    balances: Vec<Funds>,
}

/// Money of one currency, as decimal strings.
#[derive(Debug, Serialize, JsonSchema)]
struct Funds {
    currency: &'static str,
    balance: String,
    /// Set aside for requests that run.
    held: String,
    available: String,
    charged: String,
}

/// The limits of an account, which all its keys share.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AccountLimits {
    account: String,
    #[schemars(with = "LimitsShape")]
    limits: KeyLimits,
}

/// Credit that was given.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Grant {
    /// Names the grant; with the same id it is given once.
    id: String,
    account: String,
    currency: &'static str,
    amount: String,
    /// `true`.
    done: bool,
}

impl AccountLimits {
    fn of(account: &AccountId, limits: KeyLimits) -> Self {
        Self {
            account: account.to_string(),
            limits: limits.with_low_balances_of(&KeyLimits::default()),
        }
    }
}

impl AdminAccount {
    async fn of(hub: &Shared, record: &AccountRecord) -> Self {
        let mut balances = Vec::with_capacity(Currency::ALL.len());
        for currency in Currency::ALL {
            let balance = hub.books.balance_shown(record.id, currency).await;
            balances.push(Funds {
                currency: currency.code(),
                balance: balance.posted().to_string(),
                held: balance.debits_pending.to_string(),
                available: balance.available().to_string(),
                charged: balance.debits_posted.to_string(),
            });
        }
        Self {
            id: record.id.to_string(),
            name: record.name.clone(),
            created_ms: record.created.as_millis(),
            balances,
        }
    }
}

/// The account that a path names.
async fn find(hub: &Shared, id: Id) -> Result<AccountRecord, Answer> {
    let unknown = || not_found("account_not_found", "there is no such account");
    let id = id.ok().and_then(|Path(id)| id.parse::<AccountId>().ok());
    let id = id.ok_or_else(unknown)?;
    let known = hub.store.accounts().await.map_err(|_| unavailable())?;
    known
        .into_iter()
        .find(|record| record.id == id)
        .ok_or_else(unknown)
}

/// `POST /api/v1/admin/accounts`
pub(super) async fn create(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let created = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["name", "limits"])?;
        let now = hub.clock.now();
        let mut limits = KeyLimits::default();
        set_limits(&mut limits, &fields, now)?;
        let record = AccountRecord {
            id: AccountId::from_u128(derived::random(&hub)),
            name: fields.text("name", 1, 100)?.to_owned(),
            created: now,
            limits,
        };
        let stored = hub.store.put_account(&record).await;
        stored.map_err(|_| unavailable())?;
        refresh(&hub).await?;
        tracing::info!(target: TARGET, %by, account = %record.id, "an account was opened");
        Ok(AdminAccount::of(&hub, &record).await)
    };
    match created.await {
        Ok(account) => with_status(&hub, StatusCode::CREATED, &account),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `GET /api/v1/admin/accounts/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        let record = find(&hub, id).await?;
        Ok(AdminAccount::of(&hub, &record).await)
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `GET /api/v1/admin/accounts/{id}/limits`
pub(super) async fn limits(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        let record = find(&hub, id).await?;
        Ok(AccountLimits::of(&record.id, record.limits))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `PUT /api/v1/admin/accounts/{id}/limits`
pub(super) async fn limit(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["limits"])?;
        let record = find(&hub, id).await?;
        // In the place of those that are there: what is not sent is not limited.
        // The thresholds limit nothing, and have a route of their own.
        let mut limits = KeyLimits::default().with_low_balances_of(&record.limits);
        fields.required("limits")?;
        set_limits(&mut limits, &fields, hub.clock.now())?;
        let written = hub.store.limit_account(record.id, &limits).await;
        written.map_err(|_| unavailable())?;
        refresh(&hub).await?;
        tracing::info!(target: TARGET, %by, account = %record.id, "the limits of an account were changed");
        Ok(AccountLimits::of(&record.id, limits))
    };
    reply(&hub, changed.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/accounts/{id}/grants`
pub(super) async fn grant(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let granted = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["id", "amount", "currency", "note"])?;
        let record = find(&hub, id).await?;
        let once = parts.extensions.get::<Lasting>();
        let transfer = transfer(&hub, fields.optional("id", 1, 100)?, once)?;
        let amount = fields.text("amount", 1, 40)?.parse::<Amount>().ok();
        let amount = amount.filter(|amount| *amount > Amount::ZERO);
        let amount = amount.ok_or_else(|| {
            invalid(
                "amount",
                "amount must be a decimal string above zero, such as \"5.00\"",
            )
        })?;
        let currency = fields.optional("currency", 1, 10)?.unwrap_or("usd");
        let currency = currency.to_ascii_lowercase().parse::<Currency>();
        let currency = currency.map_err(|_| invalid("currency", "currency must be usd or swan"))?;
        let note = fields.optional("note", 0, 200)?;
        let note = note.unwrap_or("by an administrator");
        let applied = hub
            .books
            .grant(transfer, record.id, currency, amount, note)
            .await;
        applied.map_err(|error| refusal(&error)).map(drop)?;
        tracing::info!(target: TARGET, %by, account = %record.id, grant = %transfer, %amount, currency = currency.code(), "credit was granted");
        Ok(Grant {
            id: transfer.to_string(),
            account: record.id.to_string(),
            currency: currency.code(),
            amount: amount.to_string(),
            done: true,
        })
    };
    match granted.await {
        Ok(grant) => with_status(&hub, StatusCode::CREATED, &grant),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// The id that makes a grant one grant, however often it is sent.
fn transfer(
    hub: &Shared,
    given: Option<&str>,
    once: Option<&Lasting>,
) -> Result<TransferId, Answer> {
    match given {
        None => Ok(TransferId::from_u128(match once {
            Some(Lasting(id)) => *id,
            None => derived::random(hub),
        })),
        Some(text) => text
            .parse()
            .map_err(|error: swan_core::IdError| invalid("id", format!("id: {error}"))),
    }
}

fn refusal(error: &LedgerError) -> Answer {
    if error.is_retryable() {
        return unavailable();
    }
    conflict("grant_refused", error.to_string())
}
