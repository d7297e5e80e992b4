//! What the OpenAPI document says of paying in.

use schemars::JsonSchema;

use super::admin_topups::{AdminTopup, BegunRefund};
use super::low_balance::Threshold;
use super::topups::{PlacedTopup, ShownTopup, TopupList};
use super::webhook::Taken;
use crate::openapi::{Access, Operation};
use crate::payments::PayBy;

const PAYMENTS: &str = "Payments";

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Dollars {
    Usd,
}

/// What is to be paid in.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct TopupWanted {
    /// US dollars in whole cents, as a decimal string, within the bounds of this hub.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,5}(\.[0-9]{1,2})?$"))]
    amount: String,
    currency: Option<Dollars>,
    /// `checkout` unless said.
    pay_by: Option<PayBy>,
}

/// A refund that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct RefundWanted {
    /// 32 hexadecimal digits. Sent again with the same id, it is refunded once.
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    id: Option<String>,
    /// US dollars in whole cents, as a decimal string; all that is left without it.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,5}(\.[0-9]{1,2})?$"))]
    amount: Option<String>,
}

/// Below what the funds of an account are called low.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "only its schema is used")]
struct ThresholdWanted {
    /// US dollars above zero as a decimal string; null takes it away. What is not named stays.
    #[schemars(regex(pattern = r"^([1-9][0-9]{0,8}(\.[0-9]{1,12})?|0\.[0-9]{0,11}[1-9])$"))]
    usd: Option<String>,
    /// The same in SWAN.
    #[schemars(regex(pattern = r"^([1-9][0-9]{0,8}(\.[0-9]{1,12})?|0\.[0-9]{0,11}[1-9])$"))]
    swan: Option<String>,
}

/// How many are listed.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Count(#[schemars(range(min = 1, max = 100))] u32);

/// A notice, whatever the processor writes in it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProcessorNotice {
    id: Option<String>,
}

fn own(operation: Operation) -> Operation {
    operation
        .tag(PAYMENTS)
        .access(Access::UserOrConsumer)
        .fails([503])
}

fn ordered(operation: Operation) -> Operation {
    operation
        .tag(PAYMENTS)
        .access(Access::Admin)
        .segment::<String>("id", "The top-up's id, top-…")
        .fails([404, 503])
}

pub(super) fn new_topup() -> Operation {
    own(Operation::post(
        "/v1/topups",
        "Places an order to pay in by card",
    ))
    .takes::<TopupWanted>()
    .answers::<PlacedTopup>(201, "Where it can be paid")
    .fails([402, 404, 429])
}

pub(super) fn topups() -> Operation {
    own(Operation::get("/v1/topups", "Orders to pay in by card"))
        .query::<Count>("limit", "How many, 20 unless said")
        .query::<String>("before", "Those that come after this one in the list")
        .answers::<TopupList>(200, "The youngest first")
        .fails([400])
}

pub(super) fn topup() -> Operation {
    own(Operation::get(
        "/v1/topups/{id}",
        "An order to pay in by card",
    ))
    .segment::<String>("id", "The top-up's id, top-…")
    .answers::<ShownTopup>(200, "The order, with everything that it has moved")
    .fails([404])
}

pub(super) fn admin_topup() -> Operation {
    ordered(Operation::get(
        "/api/v1/admin/topups/{id}",
        "Anybody's order to pay in by card",
    ))
    .answers::<AdminTopup>(200, "The order")
}

pub(super) fn refund() -> Operation {
    ordered(Operation::post(
        "/api/v1/admin/topups/{id}/refunds",
        "Sends a part of a payment back to its card",
    ))
    .may_take::<RefundWanted>()
    .answers::<BegunRefund>(201, "It is on its way, or has failed")
    .fails([409, 500])
}

pub(super) fn webhook() -> Operation {
    Operation::post(
        "/webhooks/{processor}",
        "What a card processor sends by itself",
    )
    .tag(PAYMENTS)
    .segment::<String>("processor", "Its name: stripe")
    .header::<String>("Stripe-Signature", "When it was signed, and the signatures")
    .takes::<ProcessorNotice>()
    .answers::<Taken>(200, "It was taken in")
    .fails([401, 404, 500, 503])
}

pub(super) fn low_balance() -> Operation {
    own(Operation::get(
        "/v1/low-balance",
        "Below what one's funds are called low",
    ))
    .answers::<Threshold>(200, "The threshold")
    .fails([404])
}

pub(super) fn change_low_balance() -> Operation {
    own(Operation::put(
        "/v1/low-balance",
        "Changes below what one's funds are called low",
    ))
    .takes::<ThresholdWanted>()
    .answers::<Threshold>(200, "It holds from now on")
    .fails([404])
}

fn of_account(operation: Operation) -> Operation {
    operation
        .tag(PAYMENTS)
        .access(Access::Admin)
        .segment::<String>("id", "The account's id, acc-…")
        .answers::<Threshold>(200, "The threshold")
        .fails([404, 503])
}

pub(super) fn admin_low_balance() -> Operation {
    of_account(Operation::get(
        "/api/v1/admin/accounts/{id}/low-balance",
        "Below what an account's funds are called low",
    ))
}

pub(super) fn change_admin_low_balance() -> Operation {
    of_account(Operation::put(
        "/api/v1/admin/accounts/{id}/low-balance",
        "Changes below what an account's funds are called low",
    ))
    .takes::<ThresholdWanted>()
}
