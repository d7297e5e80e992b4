//! `/v1/provider/payouts`, `/v1/provider/credit` and `/api/v1/admin/payouts`: how providers come to their money.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::payout::{PayoutEvent, PayoutState};
use swan_core::{AccountId, Amount, Currency, IdError, ProviderId, TransferId};

use super::admin::administrator;
use super::catalogue::Id;
use super::fields::Fields;
use super::once::Lasting;
use super::query::Query;
use super::reply::{
    conflict, invalid, not_found, refusal, refused, reply, unavailable, with_status,
};
use super::{identity, provider_payment, upgrade};
use crate::gateway::{Answer, iso};
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::payouts::{self, Asked, Payout, PayoutError};
use crate::store::KeyKind;

const TARGET: &str = "swan_hub::admin";

/// A request for a payout. Amounts are decimal strings, times are UTC.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shown {
    id: String,
    provider: String,
    /// `requested`, `paid`, `failed` or `cancelled`.
    state: &'static str,
    currency: &'static str,
    /// What was taken from the earnings.
    amount: String,
    /// What is kept of it once it is paid.
    fee: String,
    /// What is paid.
    pays: String,
    destination: Option<String>,
    /// The withdrawal of collateral that is paid by it; null of earnings.
    withdrawal: Option<String>,
    requested_at: String,
    ended_at: Option<String>,
    /// By what it was paid, or why it was not.
    reference: Option<String>,
}

/// Payouts, the youngest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    object: &'static str,
    data: Vec<Shown>,
    /// What to send as `before` for the next page.
    next: Option<String>,
}

/// Earnings that are credit now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Credited {
    /// The transfer.
    id: String,
    provider: String,
    account: String,
    currency: &'static str,
    amount: String,
}

fn shown(payout: &Payout) -> Shown {
    let paper = &payout.paper;
    let pays = paper.amount.checked_sub(paper.fee).unwrap_or(Amount::ZERO);
    let end = paper.end.as_ref();
    Shown {
        id: payout.id.to_string(),
        provider: paper.provider.to_string(),
        state: payout.state.as_str(),
        currency: paper.currency.code(),
        amount: paper.amount.to_string(),
        fee: paper.fee.to_string(),
        pays: pays.to_string(),
        destination: paper.destination.clone(),
        withdrawal: paper.collateral.map(|id| id.to_string()),
        requested_at: iso(payouts::requested(payout)),
        ended_at: end.map(|end| iso(end.at)),
        reference: end.map(|end| end.says.clone()),
    }
}

fn answered(hub: &Shared, done: Result<Payout, Answer>, status: StatusCode) -> Response {
    match done {
        Ok(payout) => with_status(hub, status, &shown(&payout)),
        Err(refusal) => refused(hub, &refusal, Errors::OpenAi),
    }
}

fn wrong(error: PayoutError) -> Answer {
    let says = error.to_string();
    match error {
        PayoutError::None => refusal(403, "permission_error", "payouts_unavailable").saying(says),
        PayoutError::Refused(_) => conflict("payout_below_minimum", says),
        PayoutError::Pending(_) => conflict("payout_pending", says),
        PayoutError::TooSoon(_, secs) => refusal(429, "rate_limit_error", "payout_too_soon")
            .retry(secs.clamp(1, 120))
            .saying(says),
        PayoutError::TooLittle { .. } => conflict("insufficient_earnings", says),
        PayoutError::Unknown => not_found("payout_not_found", says),
        PayoutError::Ended(_) => conflict("payout_ended", says),
        PayoutError::OfCollateral => conflict("payout_refused", says),
        PayoutError::Collateral(error) => super::collateral::wrong(&error),
        PayoutError::Ledger(error) if !error.is_retryable() => conflict("payout_refused", says),
        PayoutError::Ledger(_) | PayoutError::Store(_) => unavailable(),
    }
}

/// Amount and currency of a body.
fn sum(fields: &Fields, usual: Currency) -> Result<(Currency, Amount), Answer> {
    let amount = fields.text("amount", 1, 40)?.parse::<Amount>().ok();
    let amount = amount.filter(|amount| *amount > Amount::ZERO);
    let expected = "amount must be a decimal string above zero, such as \"25.00\"";
    let amount = amount.ok_or_else(|| invalid("amount", expected))?;
    let currency = match fields.optional("currency", 1, 10)? {
        None => Ok(usual),
        Some(said) => said.to_ascii_lowercase().parse::<Currency>(),
    };
    let currency = currency.map_err(|_| invalid("currency", "currency must be usd or swan"))?;
    Ok((currency, amount))
}

/// The id of what is done, the same for every repeat.
fn id_of(hub: &Shared, once: Option<&Lasting>) -> TransferId {
    TransferId::from_u128(match once {
        Some(Lasting(id)) => *id,
        None => hub.request_id().as_u128(),
    })
}

/// `POST /v1/provider/payouts`
pub(super) async fn request(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let done = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["amount", "currency", "destination"])?;
        let usual = provider_payment::usual(&hub, provider).await?;
        let (currency, amount) = sum(&fields, usual)?;
        provider_payment::settled(&hub, provider).await;
        let destination = match fields.optional("destination", 1, 200)? {
            Some(said) => Some(said.to_owned()),
            None => upgrade::profile(&hub, provider).await?.beneficiary,
        };
        let asked = Asked {
            id: id_of(&hub, parts.extensions.get::<Lasting>()),
            provider,
            currency,
            amount,
            destination,
            by: "its provider",
        };
        hub.market.payouts.request(&asked).await.map_err(wrong)
    };
    answered(&hub, done.await, StatusCode::CREATED)
}

/// The provider who calls, with the account of its own user.
async fn earner(hub: &Shared, headers: &HeaderMap) -> Result<(ProviderId, AccountId), Answer> {
    let denied = |code, says: &str| refusal(403, "permission_error", code).saying(says);
    let user = match identity::keyed(hub, headers)? {
        None => Some(identity::user(hub, headers).await?),
        Some(KeyKind::Provider(provider)) => {
            let user = hub.store.users().user_by_provider(provider).await;
            user.map_err(|_| unavailable())?
        }
        Some(_) => {
            let says = "this needs a provider key (sk-prov-…) or the token of a login";
            return Err(denied("wrong_kind_of_key", says));
        }
    };
    let says = "this provider belongs to no user, so there is no account of its own to credit";
    let user = user.ok_or_else(|| denied("no_own_account", says))?;
    let says = "this user is not a provider yet: upgrade first";
    let provider = user.provider;
    let provider = provider.ok_or_else(|| denied("not_a_provider", says))?;
    Ok((provider, user.account))
}

/// `POST /v1/provider/credit`
pub(super) async fn credit(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let done = async {
        let (provider, account) = earner(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["amount", "currency"])?;
        let (currency, amount) = sum(&fields, Currency::Usd)?;
        let id = id_of(&hub, parts.extensions.get::<Lasting>());
        let what = (id, provider, account);
        let moved = hub.market.payouts.to_credit(what, (currency, amount));
        moved.await.map_err(wrong)?;
        Ok::<_, Answer>(Credited {
            id: id.to_string(),
            provider: provider.to_string(),
            account: account.to_string(),
            currency: currency.code(),
            amount: amount.to_string(),
        })
    };
    match done.await {
        Ok(credited) => with_status(&hub, StatusCode::CREATED, &credited),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// The payout that a path names, of `provider` where it must be its own.
async fn find(hub: &Shared, id: Id, provider: Option<ProviderId>) -> Result<Payout, Answer> {
    let unknown = || not_found("payout_not_found", "there is no such payout");
    let id = id.ok().map(|Path(id)| id.parse::<TransferId>());
    let id = id.and_then(|id: Result<_, IdError>| id.ok());
    let found = hub.market.payouts.find(id.ok_or_else(unknown)?).await;
    let found = found.map_err(|_| unavailable())?;
    let own = found.filter(|payout| provider.is_none_or(|id| id == payout.paper.provider));
    own.ok_or_else(unknown)
}

/// `GET /v1/provider/payouts/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let done = async {
        let provider = identity::provider(&hub, &headers).await?;
        find(&hub, id, Some(provider)).await
    };
    answered(&hub, done.await, StatusCode::OK)
}

/// `POST /v1/provider/payouts/{id}/cancel`
pub(super) async fn cancel(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let done = async {
        let provider = identity::provider(&hub, &headers).await?;
        let payout = find(&hub, id, Some(provider)).await?;
        let says = "its provider took it back";
        let ended = hub
            .market
            .payouts
            .end(Some(&hub), payout.id, PayoutEvent::Cancel, says);
        ended.await.map_err(wrong)
    };
    answered(&hub, done.await, StatusCode::OK)
}

async fn page(
    hub: &Shared,
    query: Option<&str>,
    provider: Option<ProviderId>,
) -> Result<Listed, Answer> {
    let query = Query::parse(query)?;
    let expected = || {
        invalid(
            "before",
            "before must be the value of next in the page before",
        )
    };
    let before = match query.text("before") {
        None => u64::MAX,
        Some(text) => {
            let number = text.parse().ok();
            let number = number.filter(|number| (1..=1_000_000_000).contains(number));
            number.ok_or_else(expected)?
        }
    };
    let state = match query.text("state") {
        None => None,
        Some(name) => {
            let mut all = PayoutState::ALL.into_iter();
            let found = all.find(|state| state.as_str() == name);
            let expected = "state must be requested, paid, failed or cancelled";
            Some(found.ok_or_else(|| invalid("state", expected))?)
        }
    };
    let found = hub.market.payouts.page(provider, before).await;
    let (found, next) = found.map_err(|_| unavailable())?;
    let wanted = found
        .iter()
        .filter(|one| state.is_none_or(|state| state == one.state));
    Ok(Listed {
        object: "list",
        data: wanted.map(shown).collect(),
        next: next.map(|next| next.to_string()),
    })
}

/// `GET /v1/provider/payouts`
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let done = async {
        let provider = identity::provider(&hub, &headers).await?;
        page(&hub, query.as_deref(), Some(provider)).await
    };
    reply(&hub, done.await, Errors::OpenAi)
}

/// `GET /api/v1/admin/payouts`
pub(super) async fn all(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let done = async {
        administrator(&hub, &headers)?;
        page(&hub, query.as_deref(), None).await
    };
    reply(&hub, done.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/payouts/{id}/paid`
pub(super) async fn paid(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    ended(&hub, id, request, (PayoutEvent::Pay, "reference")).await
}

/// `POST /api/v1/admin/payouts/{id}/failed`
pub(super) async fn failed(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    ended(&hub, id, request, (PayoutEvent::Fail, "reason")).await
}

async fn ended(
    hub: &Arc<Shared>,
    id: Id,
    request: Request,
    (event, field): (PayoutEvent, &'static str),
) -> Response {
    let (parts, body) = request.into_parts();
    let done = async {
        let by = administrator(hub, &parts.headers)?;
        let fields = Fields::read(hub, &parts.headers, body).await?;
        fields.only(&[field])?;
        let says = fields.text(field, 1, 200)?;
        let payout = find(hub, id, None).await?;
        let ended = hub
            .market
            .payouts
            .end(Some(hub), payout.id, event, says)
            .await;
        let payout = ended.map_err(wrong)?;
        tracing::info!(target: TARGET, %by, payout = %payout.id, state = payout.state.as_str(), "a payout was ended");
        Ok(payout)
    };
    answered(hub, done.await, StatusCode::OK)
}
