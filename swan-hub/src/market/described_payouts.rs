//! What the OpenAPI document says of payouts.

use schemars::JsonSchema;

use super::described_shapes::{Code, Sum, Words};
use super::payouts::{Credited, Listed, Shown};
use super::provider_payment::Payment;
use crate::openapi::{Access, Operation};

/// The id of a payout.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct PayoutId(#[schemars(regex(pattern = r"^[0-9a-f]{32}$"))] String);

/// Where a page begins.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Before(#[schemars(range(min = 1, max = 1_000_000_000))] u64);

/// How a payout stands.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum State {
    Requested,
    Paid,
    Failed,
    Cancelled,
}

/// A payout that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct PayoutWanted {
    amount: Sum,
    currency: Option<Code>,
    /// Where to; the provider's beneficiary address unless said.
    destination: Option<Words>,
}

/// Credit that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct CreditWanted {
    amount: Sum,
    currency: Option<Code>,
}

/// By what a payout was paid.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct PaidBy {
    /// Such as the hash of a transaction.
    reference: Words,
}

/// Why a payout was not paid.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct FailedBecause {
    reason: Words,
}

/// What is preferred.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["currency"]))]
#[expect(dead_code, reason = "only its schema is used")]
struct PaymentWanted {
    /// `usd` or `swan`; null for whatever each request was paid in.
    currency: Option<Code>,
}

fn provider(operation: Operation) -> Operation {
    let provider = operation.tag("Providers").access(Access::ProviderOrUser);
    provider.fails([400, 503])
}

fn administrator(operation: Operation) -> Operation {
    let administrator = operation.tag("Administration").access(Access::Admin);
    administrator.fails([400, 503])
}

fn listed(operation: Operation) -> Operation {
    operation
        .query::<Before>("before", "Where to go on: `next` of the page before")
        .query::<State>("state", "Only those that stand so")
        .answers::<Listed>(200, "The youngest first, 100 of a page looked at")
}

pub(super) fn payment() -> Operation {
    let summary = "What a provider would rather be paid in, and what keeps it from that";
    provider(Operation::get("/v1/provider/payment", summary))
        .answers::<Payment>(200, "The preference, and the earnings in each currency")
}

pub(super) fn change_payment() -> Operation {
    let summary = "Says what a provider would rather be paid in, and exchanges what it has";
    provider(Operation::put("/v1/provider/payment", summary))
        .takes::<PaymentWanted>()
        .answers::<Payment>(200, "It holds from now on")
        .fails([409])
}

pub(super) fn request() -> Operation {
    let summary = "Asks for a payout of earnings, which are set apart for it";
    provider(Operation::post("/v1/provider/payouts", summary))
        .takes::<PayoutWanted>()
        .answers::<Shown>(201, "It waits to be paid, and survives a crash")
        .fails([409, 429])
}

pub(super) fn list() -> Operation {
    let summary = "A provider's own payouts";
    listed(provider(Operation::get("/v1/provider/payouts", summary)))
}

pub(super) fn show() -> Operation {
    provider(Operation::get("/v1/provider/payouts/{id}", "A payout"))
        .segment::<PayoutId>("id", "The payout")
        .answers::<Shown>(200, "As it stands")
        .fails([404])
}

pub(super) fn cancel() -> Operation {
    let summary = "Takes a payout back that waits to be paid";
    provider(Operation::post("/v1/provider/payouts/{id}/cancel", summary))
        .segment::<PayoutId>("id", "The payout")
        .answers::<Shown>(200, "Its amount is earnings again")
        .fails([404, 409])
}

pub(super) fn credit() -> Operation {
    let summary = "Makes earnings into credit of the provider's own account";
    Operation::post("/v1/provider/credit", summary)
        .tag("Providers")
        .access(Access::ProviderOrUser)
        .takes::<CreditWanted>()
        .answers::<Credited>(201, "It can be spent, and survives a crash")
        .fails([400, 409, 503])
}

pub(super) fn all() -> Operation {
    let summary = "The payouts of all providers";
    listed(administrator(Operation::get(
        "/api/v1/admin/payouts",
        summary,
    )))
}

pub(super) fn paid() -> Operation {
    let summary = "Says that a payout was paid, and by what";
    administrator(Operation::post("/api/v1/admin/payouts/{id}/paid", summary))
        .segment::<PayoutId>("id", "The payout")
        .takes::<PaidBy>()
        .answers::<Shown>(200, "It is paid, and its fee kept")
        .fails([404, 409])
}

pub(super) fn failed() -> Operation {
    let summary = "Says that a payout could not be paid, and why";
    administrator(Operation::post(
        "/api/v1/admin/payouts/{id}/failed",
        summary,
    ))
    .segment::<PayoutId>("id", "The payout")
    .takes::<FailedBecause>()
    .answers::<Shown>(200, "Its amount is earnings again")
    .fails([404, 409])
}
