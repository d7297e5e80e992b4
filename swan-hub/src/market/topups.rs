//! `/v1/topups`: orders to pay in by card, for whoever pays.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{Amount, Timestamp, TopupId};

use super::catalogue::Id;
use super::fields::Fields;
use super::once::Lasting;
use super::query::Query;
use super::reply::{
    conflict, invalid, not_found, refusal, refused, reply, unavailable, with_status,
};
use super::{derived, identity};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::payments::{self, Movement, PayBy, PayError, RefundRecord, Topup};

/// An order to pay something in by card.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ShownTopup {
    id: String,
    account: String,
    /// `open`, `paid` or `expired`.
    state: &'static str,
    /// A decimal string.
    amount: String,
    /// `USD`.
    currency: &'static str,
    pay_by: PayBy,
    /// Milliseconds since 1970.
    created_ms: u64,
    /// The page on which it can be paid.
    url: Option<String>,
    /// The processor's name of the payment.
    payment: Option<String>,
    /// What went back to the card or was taken back, and was not returned.
    gone_back: String,
    /// Whether a dispute about it is being decided.
    disputed: bool,
    refunds: Vec<ShownRefund>,
    /// What it has moved in the books, in order.
    moved: Vec<ShownMovement>,
}

/// A refund that an administrator has begun.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ShownRefund {
    id: String,
    amount: String,
    /// `begun`, `pending`, `succeeded` or `failed`.
    state: &'static str,
    /// Milliseconds since 1970.
    begun_ms: u64,
    /// The processor's name of it.
    object: Option<String>,
    /// Why it failed.
    why: Option<String>,
}

/// One movement of money.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ShownMovement {
    /// Milliseconds since 1970.
    at_ms: u64,
    /// `topup`, `refund`, `refund_returned`, `reversal` or `reversal_returned`.
    rule: String,
    amount: String,
    /// The transfer in the ledger.
    transfer: String,
    /// The processor's name of the payment, refund or dispute.
    object: String,
    /// Who told of it.
    told_by: String,
}

/// An order that was placed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlacedTopup {
    #[serde(flatten)]
    pub(super) topup: ShownTopup,
    /// What a page of one's own needs to let somebody pay, of a payment intent.
    pub(super) client_secret: Option<String>,
}

/// Orders, the youngest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TopupList {
    data: Vec<ShownTopup>,
    /// Whether there are more after the last one, to be asked for with `before`.
    has_more: bool,
}

impl ShownRefund {
    pub(super) fn of(refund: &RefundRecord) -> Self {
        Self {
            id: refund.number.to_string(),
            amount: refund.amount.to_string(),
            state: refund.stage.as_str(),
            begun_ms: refund.begun.as_millis(),
            object: refund.object.clone(),
            why: refund.why.clone(),
        }
    }
}

impl ShownTopup {
    pub(super) fn of(topup: &Topup) -> Self {
        let movement = |one: &Movement| ShownMovement {
            at_ms: one.at.as_millis(),
            rule: one.rule.clone(),
            amount: one.amount.to_string(),
            transfer: one.transfer.to_string(),
            object: one.object.clone(),
            told_by: one.told_by.clone(),
        };
        Self {
            id: topup.id.to_string(),
            account: topup.account.to_string(),
            state: topup.state.as_str(),
            amount: topup.amount.to_string(),
            currency: topup.currency.code(),
            pay_by: topup.pay_by,
            created_ms: topup.created.as_millis(),
            url: topup.url.clone(),
            payment: topup.payment.clone(),
            gone_back: topup.gone_back().to_string(),
            disputed: topup.disputed,
            refunds: topup.refunds.iter().map(ShownRefund::of).collect(),
            moved: topup.moved.iter().map(movement).collect(),
        }
    }
}

/// The row of the table for this error.
pub(super) fn answer(error: &PayError) -> Answer {
    let words = error.to_string();
    match error {
        PayError::NoGateway => not_found("payments_not_configured", words),
        PayError::Unknown => not_found("topup_not_found", words),
        PayError::Frozen => refusal(402, "billing_error", "account_frozen").saying(words),
        PayError::TooManyOpen { .. } => refusal(429, "rate_limit_error", "too_many_open_topups")
            .retry(120)
            .saying(words),
        PayError::NotPaid => conflict("topup_not_paid", words),
        PayError::BeyondPayment { .. } => conflict("refund_beyond_payment", words),
        PayError::BeyondFunds { .. } => conflict("refund_beyond_funds", words),
        PayError::TooManyRefunds { .. } => conflict("too_many_refunds", words),
        PayError::IsCollateral => conflict("refund_of_collateral", words),
        PayError::Collateral(error) => super::collateral::wrong(error),
        PayError::OtherRefund => conflict("refund_conflict", words),
        PayError::Busy => refusal(503, "server_error", "topup_busy")
            .retry(1)
            .saying(words),
        PayError::Notice(_) => {
            refusal(401, "authentication_error", "invalid_signature").saying(words)
        }
        PayError::Gateway(error) => {
            tracing::warn!(%error, "the card processor did not do what it was asked");
            // What it says is for the operator.
            refusal(503, "server_error", "payments_unavailable")
                .retry(10)
                .saying("the card processor did not do this; try again")
        }
        PayError::Ledger(error) if error.is_retryable() => {
            refusal(503, "server_error", "ledger_unavailable")
                .retry(5)
                .saying(words)
        }
        PayError::Ledger(error) => {
            tracing::error!(%error, "a payment cannot be booked");
            refusal(500, "server_error", "ledger_error").saying("the payment cannot be booked")
        }
        PayError::Store(error) => {
            tracing::warn!(%error, "orders cannot be read or written");
            unavailable()
        }
    }
}

const CENT: i128 = Amount::PICO_PER_UNIT / 100;

/// The field `amount`, in whole cents.
pub(super) fn cents(fields: &Fields) -> Result<Option<Amount>, Answer> {
    let Some(text) = fields.optional("amount", 1, 40)? else {
        return Ok(None);
    };
    let amount = text.parse::<Amount>().ok();
    let amount = amount.filter(|amount| *amount > Amount::ZERO);
    let amount = amount.ok_or_else(|| {
        invalid(
            "amount",
            "amount must be a decimal string above zero, such as \"20.00\"",
        )
    })?;
    if amount.pico() % CENT != 0 {
        return Err(refusal(400, "invalid_request_error", "too_many_digits")
            .of("amount")
            .saying("amount must be in whole cents: US dollars have two digits"));
    }
    Ok(Some(amount))
}

pub(super) fn wanted(hub: &Shared, fields: &Fields) -> Result<(Amount, PayBy), Answer> {
    let amount = cents(fields)?.ok_or_else(|| super::fields::missing("amount"))?;
    let options = hub.payments.options;
    if amount < options.least || amount > options.most {
        let (least, most) = (options.least, options.most);
        let words = format!("amount must be from {least} to {most} USD");
        return Err(
            refusal(400, "invalid_request_error", "amount_out_of_bounds")
                .of("amount")
                .saying(words),
        );
    }
    if fields
        .optional("currency", 1, 10)?
        .is_some_and(|currency| !currency.eq_ignore_ascii_case("usd"))
    {
        return Err(
            refusal(400, "invalid_request_error", "unsupported_currency")
                .of("currency")
                .saying("currency must be usd: cards pay in US dollars here"),
        );
    }
    let pay_by = match fields.optional("pay_by", 1, 40)? {
        None | Some("checkout") => PayBy::Checkout,
        Some("payment_intent") => PayBy::PaymentIntent,
        Some(_) => {
            return Err(invalid(
                "pay_by",
                "pay_by must be checkout or payment_intent",
            ));
        }
    };
    Ok((amount, pay_by))
}

/// `POST /v1/topups`
pub(super) async fn create(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let created = async {
        let (account, _) = identity::payer(&hub, &parts.headers).await?;
        hub.payments.gateway().map_err(|error| answer(&error))?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["amount", "currency", "pay_by"])?;
        let wanted = wanted(&hub, &fields)?;
        let once = parts.extensions.get::<Lasting>();
        let id = once.map_or_else(|| derived::random(&hub), |Lasting(id)| *id);
        let placed = payments::place(&hub, TopupId::from_u128(id), account, None, wanted).await;
        let (topup, placed) = placed.map_err(|error| answer(&error))?;
        Ok(PlacedTopup {
            topup: ShownTopup::of(&topup),
            client_secret: placed.client_secret,
        })
    };
    match created.await {
        Ok(placed) => with_status(&hub, StatusCode::CREATED, &placed),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// `GET /v1/topups/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let topup = find(&hub, id).await?;
        // Somebody else's order is unknown, so that ids tell nothing.
        if topup.account != account {
            return Err(answer(&PayError::Unknown));
        }
        Ok(ShownTopup::of(&topup))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// The order that a path names.
pub(super) async fn find(hub: &Shared, id: Id) -> Result<Topup, Answer> {
    let id = id.ok().and_then(|Path(id)| id.parse::<TopupId>().ok());
    let id = id.ok_or_else(|| answer(&PayError::Unknown))?;
    let found = payments::find(hub, id).await;
    found.map_err(|error| answer(&error))
}

/// `GET /v1/topups`
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let query = Query::parse(query.as_deref())?;
        let limit = query.number("limit", 1, 100)?.unwrap_or(20);
        let before = match query.text("before") {
            None => None,
            Some(text) => Some(place_of(&hub, account, text).await?),
        };
        // One more tells whether there are more.
        let most = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let records = hub.store.topups().page(Some(account), before, most).await;
        let records = records.map_err(|_| unavailable())?;
        let has_more = records.len() > limit;
        let topups = records.iter().take(limit).map(Topup::read);
        let topups: Result<Vec<_>, _> = topups.collect();
        let topups = topups.map_err(|error| answer(&error.into()))?;
        Ok(TopupList {
            data: topups.iter().map(ShownTopup::of).collect(),
            has_more,
        })
    };
    reply(&hub, listed.await, Errors::OpenAi)
}

async fn place_of(
    hub: &Shared,
    account: swan_core::AccountId,
    text: &str,
) -> Result<(Timestamp, TopupId), Answer> {
    let wrong = || {
        invalid(
            "before",
            "before must be the id of a top-up of yours, top-…",
        )
    };
    let id: TopupId = text.parse().map_err(|_| wrong())?;
    let known = hub
        .store
        .topups()
        .topup(id)
        .await
        .map_err(|_| unavailable())?;
    let known = known.filter(|known| known.account == account);
    known
        .map(|known| (known.created, known.id))
        .ok_or_else(wrong)
}
