//! What the OpenAPI document says of collateral.

use schemars::JsonSchema;

use super::described_shapes::{Code, Sum, Words};
use super::shown_collateral::ShownCollateral;
use super::topups::PlacedTopup;
use crate::openapi::{Access, Operation};
use crate::payments::PayBy;

/// The id of a job: a UUID.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Job(
    #[schemars(regex(
        pattern = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    ))]
    String,
);

/// The id of a withdrawal or grant.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Transfer(#[schemars(regex(pattern = r"^[0-9a-f]{32}$"))] String);

/// The id of a penalty.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Case(#[schemars(regex(pattern = r"^case-[0-9a-f]{32}$"))] String);

/// The id of a provider.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Provider(#[schemars(regex(pattern = r"^prov-[0-9a-f]{32}$"))] String);

/// Collateral that is to be paid by card.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct DepositWanted {
    /// US dollars in whole cents, as a decimal string, within the bounds of this hub.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,5}(\.[0-9]{1,2})?$"))]
    amount: String,
    #[schemars(regex(pattern = r"^usd$"))]
    currency: Option<String>,
    /// `checkout` unless said.
    pay_by: Option<PayBy>,
}

/// Collateral that is wanted back.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct WithdrawalWanted {
    /// All that is free unless said.
    amount: Option<Sum>,
    currency: Option<Code>,
}

/// What a provider says against a penalty.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct AppealSaid {
    reason: Words,
}

/// Collateral that an administrator gives.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct GrantWanted {
    /// Sent again with the same id, it is given once.
    id: Option<Transfer>,
    amount: Sum,
    currency: Option<Code>,
    note: Option<Words>,
}

/// What a provider has done.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Offence {
    SecondFailure,
    ThirdFailure,
    FailedTask,
    FailedFogTask,
    ContextMisstated,
    Fraud,
}

/// A penalty that is wanted; the policy says how much it is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct PenaltyWanted {
    /// Sent again with the same id, it is one penalty.
    id: Option<Case>,
    offence: Offence,
    /// What a fraud put at stake; what is locked for its job unless said.
    stake: Option<Sum>,
    job: Option<Job>,
    currency: Option<Code>,
    reason: Words,
}

/// What is decided about an appeal.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Decision {
    Upheld,
    Denied,
}

/// A decision about an appeal.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct DecisionSaid {
    decision: Decision,
    reason: Words,
}

/// Collateral that is bound to a job.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct LockWanted {
    job: Job,
    amount: Sum,
    currency: Option<Code>,
}

/// A job that is over.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct UnlockWanted {
    job: Job,
    currency: Option<Code>,
}

fn own(operation: Operation) -> Operation {
    let own = operation.tag("Collateral").access(Access::ProviderOrUser);
    own.fails([503])
}

fn ordered(operation: Operation) -> Operation {
    let ordered = operation.tag("Collateral").access(Access::Admin);
    let ordered = ordered.segment::<Provider>("id", "The provider");
    ordered.fails([404, 503])
}

const STANDS: &str = "All collateral of the provider, as it stands then";

pub(super) fn show(path: &'static str) -> Operation {
    own(Operation::get(path, "A provider's own collateral")).answers::<ShownCollateral>(
        200,
        "With what is required, and everything that happened to it",
    )
}

pub(super) fn deposit() -> Operation {
    let summary = "Places an order to pay collateral by card";
    own(Operation::post("/v1/provider/collateral/deposits", summary))
        .takes::<DepositWanted>()
        .answers::<PlacedTopup>(201, "Where it can be paid")
        .fails([400, 403, 404, 429])
}

pub(super) fn withdraw() -> Operation {
    let summary = "Asks for collateral back; it waits, and can still be slashed meanwhile";
    own(Operation::post(
        "/v1/provider/collateral/withdrawals",
        summary,
    ))
    .may_take::<WithdrawalWanted>()
    .answers::<ShownCollateral>(201, STANDS)
    .fails([400, 403, 409, 500])
}

pub(super) fn cancel() -> Operation {
    let path = "/v1/provider/collateral/withdrawals/{id}/cancel";
    own(Operation::post(
        path,
        "Keeps collateral there that was asked back",
    ))
    .segment::<Transfer>("id", "The withdrawal")
    .answers::<ShownCollateral>(200, STANDS)
    .fails([404, 409, 500])
}

pub(super) fn appeal() -> Operation {
    let path = "/v1/provider/collateral/penalties/{id}/appeal";
    own(Operation::post(
        path,
        "Says something against a penalty, which then waits until it is decided",
    ))
    .segment::<Case>("id", "The penalty")
    .takes::<AppealSaid>()
    .answers::<ShownCollateral>(200, STANDS)
    .fails([400, 404, 409, 500])
}

pub(super) fn admin_show() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral";
    ordered(Operation::get(path, "The collateral of any provider")).answers::<ShownCollateral>(
        200,
        "With what is required, and everything that happened to it",
    )
}

pub(super) fn grant() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral/grants";
    ordered(Operation::post(
        path,
        "Counts something as collateral, such as a bank transfer",
    ))
    .takes::<GrantWanted>()
    .answers::<ShownCollateral>(201, STANDS)
    .fails([400, 409, 500])
}

pub(super) fn penalise() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral/penalties";
    ordered(Operation::post(
        path,
        "Decides a penalty by the policy's table, which is set aside while it can be appealed",
    ))
    .takes::<PenaltyWanted>()
    .answers::<ShownCollateral>(201, STANDS)
    .fails([400, 403, 409, 500])
}

pub(super) fn decide() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral/penalties/{case}/decision";
    ordered(Operation::post(path, "Decides an appeal"))
        .segment::<Case>("case", "The penalty")
        .takes::<DecisionSaid>()
        .answers::<ShownCollateral>(200, STANDS)
        .fails([400, 409, 500])
}

pub(super) fn lock() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral/locks";
    ordered(Operation::post(path, "Binds free collateral to a job"))
        .takes::<LockWanted>()
        .answers::<ShownCollateral>(201, STANDS)
        .fails([400, 409, 500])
}

pub(super) fn unlock() -> Operation {
    let path = "/api/v1/admin/providers/{id}/collateral/unlocks";
    ordered(Operation::post(path, "Frees what was bound to a job"))
        .takes::<UnlockWanted>()
        .answers::<ShownCollateral>(200, STANDS)
        .fails([400, 409, 500])
}
