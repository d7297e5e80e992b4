//! What the OpenAPI document says of the routes for administrators.

use schemars::JsonSchema;

use super::admin::LimitsShape;
use super::admin_accounts::{AccountLimits, AdminAccount, Grant};
use super::admin_keys::{AdminKey, LimitedKey, MadeKey, RevokedKey};
use super::described::{PageNumber, PageSize};
use super::exchange_rate::ExchangeRateShown;
use super::reply::Page;
use crate::documents::GrowthFundReport;
use crate::gateway::MonthText;
use crate::openapi::{Access, Operation};

const ADMINISTRATION: &str = "Administration";

/// A name of 1 to 100 characters.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Name(
    #[schemars(
        regex(pattern = r"^[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"),
        length(min = 1, max = 100)
    )]
    String,
);

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Consumer {
    Consumer,
}

/// A consumer's key that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct ConsumerKeyWanted {
    kind: Consumer,
    name: Name,
    /// The account that it is for; a new one without it.
    #[schemars(regex(pattern = r"^acc-[0-9a-f]{32}$"))]
    owner: Option<String>,
    limits: Option<LimitsShape>,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Provider {
    Provider,
}

/// A provider's key that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProviderKeyWanted {
    kind: Provider,
    name: Name,
    /// The provider that it is for; a new one without it.
    #[schemars(regex(pattern = r"^prov-[0-9a-f]{32}$"))]
    owner: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Admin {
    Admin,
}

/// An administrator's key that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct AdminKeyWanted {
    kind: Admin,
    name: Name,
}

/// A key that is wanted.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum KeyWanted {
    Consumer(ConsumerKeyWanted),
    Provider(ProviderKeyWanted),
    Admin(AdminKeyWanted),
}

/// What is changed of a key.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyChange {
    /// Those that are sent are set, those that are null are taken away, the others stay.
    limits: Option<LimitsShape>,
}

/// An account that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct AccountWanted {
    name: Name,
    limits: Option<LimitsShape>,
}

/// The limits that take the place of those that are there.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["limits"]))]
#[expect(dead_code, reason = "only its schema is used")]
struct LimitsWanted {
    /// None at all when it is null.
    limits: Option<LimitsShape>,
}

/// Credit that is given.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct GrantWanted {
    /// 32 hexadecimal digits. Sent again with the same id, a grant is given once.
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    id: Option<String>,
    /// A decimal string above zero.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,8}(\.[0-9]{1,12})?$"))]
    amount: String,
    /// `usd` unless said.
    #[schemars(regex(pattern = r"^(usd|swan)$"))]
    currency: Option<String>,
    /// Why, for the record.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$"), length(max = 200))]
    note: Option<String>,
}

fn administrator(operation: Operation) -> Operation {
    operation
        .tag(ADMINISTRATION)
        .access(Access::Admin)
        .fails([503])
}

fn of_key(operation: Operation) -> Operation {
    administrator(operation)
        .segment::<String>("id", "The key's id, key-…")
        .fails([400, 404])
}

fn of_account(operation: Operation) -> Operation {
    administrator(operation)
        .segment::<String>("id", "The account's id, acc-…")
        .fails([400, 404])
}

pub(super) fn keys() -> Operation {
    administrator(Operation::get(
        "/api/v1/admin/keys",
        "The keys of everybody",
    ))
    .query::<PageNumber>("page", "The page, from 1")
    .query::<PageSize>("page_size", "Entries on a page, 20 unless said")
    .query::<String>("owner", "Only the keys of this account or provider")
    .answers::<Page<AdminKey>>(200, "Without their secrets, the oldest first")
    .fails([400])
}

pub(super) fn new_key() -> Operation {
    administrator(Operation::post("/api/v1/admin/keys", "Makes a key"))
        .takes::<KeyWanted>()
        .answers::<MadeKey>(201, "The key, whose secret is shown once")
        .fails([404])
}

pub(super) fn key() -> Operation {
    of_key(Operation::get("/api/v1/admin/keys/{id}", "A key"))
        .answers::<AdminKey>(200, "The key, with what was charged to it")
}

pub(super) fn change_key() -> Operation {
    of_key(Operation::patch(
        "/api/v1/admin/keys/{id}",
        "Changes limits of a consumer's key",
    ))
    .takes::<KeyChange>()
    .answers::<LimitedKey>(200, "They hold from the next request on")
    .fails([409])
}

pub(super) fn revoke_key() -> Operation {
    of_key(Operation::delete(
        "/api/v1/admin/keys/{id}",
        "Revokes a key",
    ))
    .answers::<RevokedKey>(200, "It opens nothing any more")
}

pub(super) fn new_account() -> Operation {
    administrator(Operation::post(
        "/api/v1/admin/accounts",
        "Opens an account",
    ))
    .takes::<AccountWanted>()
    .answers::<AdminAccount>(201, "The account, without a key")
}

pub(super) fn account() -> Operation {
    of_account(Operation::get(
        "/api/v1/admin/accounts/{id}",
        "An account with its money",
    ))
    .answers::<AdminAccount>(200, "The account")
}

pub(super) fn account_limits() -> Operation {
    of_account(Operation::get(
        "/api/v1/admin/accounts/{id}/limits",
        "The limits that all keys of an account share",
    ))
    .answers::<AccountLimits>(200, "The limits")
}

pub(super) fn limit_account() -> Operation {
    of_account(Operation::put(
        "/api/v1/admin/accounts/{id}/limits",
        "Replaces the limits that all keys of an account share",
    ))
    .takes::<LimitsWanted>()
    .answers::<AccountLimits>(200, "They hold from the next request on")
}

pub(super) fn grant() -> Operation {
    of_account(Operation::post(
        "/api/v1/admin/accounts/{id}/grants",
        "Gives credit to an account",
    ))
    .takes::<GrantWanted>()
    .answers::<Grant>(201, "It can be spent, and survives a crash")
    .fails([409])
}

pub(super) fn growth_fund() -> Operation {
    administrator(Operation::get(
        "/api/v1/admin/reports/growth-fund",
        "What came into the growth fund in a month, and what was spent",
    ))
    .query::<MonthText>("month", "The month in UTC; this one unless said")
    .answers::<GrowthFundReport>(200, "By provider and model, and by reason")
    .fails([400])
}

pub(super) fn exchange_rate() -> Operation {
    administrator(Operation::get(
        "/api/v1/admin/exchange-rate",
        "What a SWAN is worth now, and what the sources of the price feed say",
    ))
    .answers::<ExchangeRateShown>(200, "The rate in force, or why there is none")
}
