//! What the OpenAPI document says of deposits on a chain.

use schemars::JsonSchema;

use super::chain_deposits::{Instructions, ShownDeposit};
use super::deposits::DepositList;
use crate::openapi::{Access, Operation};

const DEPOSITS: &str = "Deposits";

/// Words without control characters.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Words(
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 500)
    )]
    String,
);

/// Whose an unmatched deposit is: one of `account` and `provider`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Assignment {
    /// The id of the account whose credit it becomes, acc-…
    #[schemars(regex(pattern = r"^acc-[0-9a-f]{32}$"))]
    account: Option<String>,
    /// The id of the provider whose collateral it becomes, prov-…
    #[schemars(regex(pattern = r"^prov-[0-9a-f]{32}$"))]
    provider: Option<String>,
    /// Why; it stands in the evidence.
    reason: Option<Words>,
}

/// Why an unmatched deposit is credited to nobody.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Refusal {
    reason: Words,
}

/// How many are listed.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Count(#[schemars(range(min = 1, max = 100))] u32);

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Phase {
    Seen,
    Due,
    Unmatched,
    Done,
}

fn own(operation: Operation) -> Operation {
    operation
        .tag(DEPOSITS)
        .access(Access::UserOrConsumer)
        .fails([503])
}

fn ordered(operation: Operation) -> Operation {
    operation.tag(DEPOSITS).access(Access::Admin).fails([503])
}

fn listed(operation: Operation) -> Operation {
    operation
        .query::<Count>("limit", "How many, 20 unless said")
        .query::<String>("before", "Those that come after this one in the list")
        .answers::<DepositList>(200, "The youngest first")
        .fails([400])
}

pub(super) fn instructions() -> Operation {
    own(Operation::get(
        "/v1/deposits/instructions",
        "How this account deposits tokens on a chain",
    ))
    .answers::<Instructions>(200, "Contract, reference and tokens")
    .fails([404])
}

pub(super) fn list() -> Operation {
    listed(own(Operation::get(
        "/v1/deposits",
        "Deposits of this account on a chain",
    )))
}

pub(super) fn show() -> Operation {
    own(Operation::get("/v1/deposits/{id}", "A deposit on a chain"))
        .segment::<String>("id", "The deposit's id, dep-…")
        .answers::<ShownDeposit>(200, "The deposit, and how far it is")
        .fails([404])
}

pub(super) fn all() -> Operation {
    listed(ordered(Operation::get(
        "/api/v1/admin/deposits",
        "Everybody's deposits on a chain",
    )))
    .query::<Phase>(
        "phase",
        "Only those about which this is to be done; all unless said",
    )
}

pub(super) fn assign() -> Operation {
    ordered(Operation::post(
        "/api/v1/admin/deposits/{id}/assign",
        "Says whose an unmatched deposit is",
    ))
    .segment::<String>("id", "The deposit's id, dep-…")
    .takes::<Assignment>()
    .answers::<ShownDeposit>(200, "It is credited within seconds")
    .fails([404, 409])
}

pub(super) fn refuse() -> Operation {
    ordered(Operation::post(
        "/api/v1/admin/deposits/{id}/refuse",
        "Says that an unmatched deposit is credited to nobody, for good",
    ))
    .segment::<String>("id", "The deposit's id, dep-…")
    .takes::<Refusal>()
    .answers::<ShownDeposit>(200, "It is credited to nobody")
    .fails([404, 409])
}
