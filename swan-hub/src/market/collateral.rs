//! `/v1/provider/collateral`: what a provider has put in as a pledge, for itself.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use swan_core::ledger::Rule;
use swan_core::{Amount, CaseId, Currency, ProviderId, TopupId, TransferId};

use super::catalogue::Id;
use super::fields::Fields;
use super::once::Lasting;
use super::reply::{
    conflict, invalid, not_found, refusal, refused, reply, unavailable, with_status,
};
use super::shown_collateral::ShownCollateral;
use super::topups::{self, PlacedTopup, ShownTopup};
use super::{derived, identity};
use crate::collateral::{self, CollateralError, Record, Scene};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::ledger::LedgerError;
use crate::openapi::Errors;
use crate::payments;

/// The row of the table for this error.
pub(super) fn wrong(error: &CollateralError) -> Answer {
    use swan_core::collateral::CollateralError as Refused;
    let says = error.to_string();
    match error {
        CollateralError::None(_) | CollateralError::Ledger(LedgerError::Shared { .. }) => {
            refusal(403, "permission_error", "collateral_unavailable").saying(says)
        }
        CollateralError::UnknownCase(_) => not_found("penalty_not_found", says),
        CollateralError::UnknownWithdrawal(_)
        | CollateralError::Refused(Refused::Unknown { .. }) => {
            not_found("withdrawal_not_found", says)
        }
        CollateralError::Nothing(_)
        | CollateralError::TooLittle { .. }
        | CollateralError::Refused(Refused::NotEnough { .. }) => {
            conflict("insufficient_collateral", says)
        }
        CollateralError::Appeal(_) => conflict("penalty_closed", says),
        CollateralError::Unpunished(_) => conflict("not_punished", says),
        CollateralError::NoStake => invalid("stake", says),
        CollateralError::Taken { .. } => conflict("collateral_conflict", says),
        CollateralError::Overtaken { .. } => refusal(503, "server_error", "collateral_busy")
            .retry(1)
            .saying(says),
        CollateralError::Refused(_) => conflict("collateral_refused", says),
        CollateralError::Ledger(error) if error.is_retryable() => {
            refusal(503, "server_error", "ledger_unavailable")
                .retry(5)
                .saying("it is noted, and booked as soon as the ledger takes something")
        }
        CollateralError::Ledger(error) => {
            tracing::error!(%error, "collateral cannot be booked");
            refusal(500, "server_error", "ledger_error").saying("the collateral cannot be booked")
        }
        CollateralError::Store(error) => {
            tracing::warn!(%error, "collateral cannot be read or written");
            unavailable()
        }
    }
}

/// The field `currency`.
pub(super) fn currency(fields: &Fields) -> Result<Currency, Answer> {
    let currency = fields.optional("currency", 1, 10)?.unwrap_or("usd");
    let currency = currency.to_ascii_lowercase().parse::<Currency>();
    currency.map_err(|_| invalid("currency", "currency must be usd or swan"))
}

/// The field `name`, an amount above zero.
pub(super) fn amount(fields: &Fields, name: &'static str) -> Result<Option<Amount>, Answer> {
    let Some(text) = fields.optional(name, 1, 40)? else {
        return Ok(None);
    };
    let amount = text.parse::<Amount>().ok();
    // Far above any collateral, and far below what the counters of the ledger hold.
    let most = Amount::from_units(1_000_000_000).unwrap_or(Amount::MAX);
    let amount = amount.filter(|amount| *amount > Amount::ZERO && *amount <= most);
    let expected =
        format!("{name} must be a decimal string above zero and at most {most}, such as \"20.00\"");
    amount.map(Some).ok_or_else(|| invalid(name, expected))
}

/// The id of what is done, the same for every repeat.
pub(super) fn id_of(hub: &Shared, once: Option<&Lasting>) -> u128 {
    once.map_or_else(|| derived::random(hub), |Lasting(id)| *id)
}

/// The withdrawal that a path names.
pub(super) fn withdrawal(id: Id) -> Result<TransferId, Answer> {
    let id = id.ok().and_then(|Path(id)| id.parse::<TransferId>().ok());
    id.ok_or_else(|| not_found("withdrawal_not_found", "there is no such withdrawal"))
}

pub(super) fn case(text: &str) -> Result<CaseId, Answer> {
    let case = text.parse::<CaseId>();
    case.map_err(|_| not_found("penalty_not_found", "there is no such penalty"))
}

/// Who acts on whose collateral, now.
pub(super) fn scene<'a>(
    hub: &'a Shared,
    provider: ProviderId,
    currency: Currency,
    by: &'a str,
) -> Scene<'a> {
    Scene {
        provider,
        currency,
        policy: &hub.policy,
        now: hub.clock.now(),
        by,
    }
}

/// Writes it down, and answers how everything stands then.
pub(super) async fn done(hub: &Shared, record: Record) -> Result<ShownCollateral, Answer> {
    let provider = record.provider;
    let recorded = collateral::record(hub, record).await;
    let _applied = recorded.map_err(|error| wrong(&error))?;
    ShownCollateral::of(hub, provider).await
}

pub(super) fn answered(
    hub: &Shared,
    done: Result<ShownCollateral, Answer>,
    status: StatusCode,
) -> Response {
    match done {
        Ok(shown) => with_status(hub, status, &shown),
        Err(refusal) => refused(hub, &refusal, Errors::OpenAi),
    }
}

const BY: &str = "its provider";

/// `GET /v1/provider/collateral`
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = async {
        let provider = identity::provider(&hub, &headers).await?;
        ShownCollateral::of(&hub, provider).await
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `POST /v1/provider/collateral/deposits`
pub(super) async fn deposit(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let placed = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let _rules = hub
            .policy
            .collateral()
            .map_err(|error| wrong(&CollateralError::None(error)))?;
        hub.payments
            .gateway()
            .map_err(|error| topups::answer(&error))?;
        // Before anybody pays for what could not be booked.
        let taken = hub.books.takes(Rule::CollateralDeposit);
        taken.map_err(|error| wrong(&error.into()))?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["amount", "currency", "pay_by"])?;
        let wanted = topups::wanted(&hub, &fields)?;
        let id = TopupId::from_u128(id_of(&hub, parts.extensions.get::<Lasting>()));
        let account = collateral::account_of(provider);
        let placed = payments::place(&hub, id, account, Some(provider), wanted).await;
        let (topup, placed) = placed.map_err(|error| topups::answer(&error))?;
        Ok(PlacedTopup {
            topup: ShownTopup::of(&topup),
            client_secret: placed.client_secret,
        })
    };
    match placed.await {
        Ok(placed) => with_status(&hub, StatusCode::CREATED, &placed),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `POST /v1/provider/collateral/withdrawals`
pub(super) async fn withdraw(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["amount", "currency"])?;
        let (currency, amount) = (currency(&fields)?, amount(&fields, "amount")?);
        let id = TransferId::from_u128(id_of(&hub, parts.extensions.get::<Lasting>()));
        let bond = hub.collateral.bond(provider, currency);
        let record = scene(&hub, provider, currency, BY).request(&bond, id, amount);
        done(&hub, record.map_err(|error| wrong(&error))?).await
    };
    let asked = asked.await;
    answered(&hub, asked, StatusCode::CREATED)
}

/// `POST /v1/provider/collateral/withdrawals/{id}/cancel`
pub(super) async fn cancel(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let cancelled = async {
        let provider = identity::provider(&hub, &headers).await?;
        let id = withdrawal(id)?;
        let is_own = |currency: &Currency| {
            let bond = hub.collateral.bond(provider, *currency);
            bond.withdrawals.iter().any(|one| one.id == id)
        };
        let own = Currency::ALL.into_iter().find(is_own);
        let unknown = || wrong(&CollateralError::UnknownWithdrawal(id));
        let scene = scene(&hub, provider, own.ok_or_else(unknown)?, BY);
        done(&hub, scene.cancel(id)).await
    };
    let cancelled = cancelled.await;
    answered(&hub, cancelled, StatusCode::OK)
}

/// `POST /v1/provider/collateral/penalties/{id}/appeal`
pub(super) async fn appeal(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let appealed = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["reason"])?;
        let reason = fields.text("reason", 1, 500)?;
        let case = case(&id.map(|Path(id)| id).unwrap_or_default())?;
        let own = punished(&hub, provider, case)?;
        done(&hub, scene(&hub, provider, own, BY).appeal(case, reason)).await
    };
    let appealed = appealed.await;
    answered(&hub, appealed, StatusCode::OK)
}

/// The currency of a penalty of this provider.
pub(super) fn punished(
    hub: &Shared,
    provider: ProviderId,
    case: CaseId,
) -> Result<Currency, Answer> {
    let is_own = |currency: &Currency| {
        let bond = hub.collateral.bond(provider, *currency);
        bond.penalties.contains_key(&case)
    };
    let own = Currency::ALL.into_iter().find(is_own);
    own.ok_or_else(|| wrong(&CollateralError::UnknownCase(case)))
}
