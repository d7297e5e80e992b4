//! What the OpenAPI document says of the routes for accounts.

use schemars::JsonSchema;

use super::accounts::LoggedIn;
use super::chosen::ChosenLimits;
use super::fields::EMAIL;
use super::keys::{Keys, NewKey, NewProviderKey, Said};
use super::me::Me;
use super::provider_me::{Details, History, OwnStats, Profile, SPAN};
use super::provider_statement::ProviderStatement;
use super::reply::Envelope;
use super::upgrade::{Requested, SignedUp, Upgraded};
use crate::gateway::{ExplainedId, GroupName, paged_movements};
use crate::ledger::Explanation;
use crate::openapi::{Access, Errors, Operation};

const ACCOUNTS: &str = "Accounts";
const PROVIDERS: &str = "Providers";

/// A wallet: 0x and 40 hexadecimal digits; with letters of both cases the checksum of EIP-55 must be right. An empty text is
/// none.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Wallet(#[schemars(regex(pattern = r"^(0x[0-9a-f]{39}[1-9a-f])?$"))] String);

/// The same, not empty.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct FullWallet(#[schemars(regex(pattern = r"^0x[0-9a-f]{39}[1-9a-f]$"))] String);

/// The id of a key.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyName(#[schemars(regex(pattern = r"^key-[0-9a-f]{32}$"))] String);

/// The id of a provider.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProviderName(#[schemars(regex(pattern = r"^prov-[0-9a-f]{32}$"))] String);

/// Whole hours or days.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Span(#[schemars(regex(pattern = SPAN))] String);

/// An e-mail address.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Email(#[schemars(regex(pattern = EMAIL), length(max = 254))] String);

/// A name of 64 characters at most.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Name(#[schemars(regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$"), length(max = 64))] String);

/// The same, not empty.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct FullName(
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 64)
    )]
    String,
);

/// A text of 500 characters at most.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Words(#[schemars(regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$"), length(max = 500))] String);

/// Who signs up.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct SignupRequest {
    email: Email,
    /// 10 to 256 characters.
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 10, max = 256)
    )]
    password: String,
    display_name: Option<Name>,
}

/// Who logs in.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct LoginRequest {
    email: Email,
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 256)
    )]
    password: String,
}

/// What the provider is.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct UpgradeRequest {
    name: FullName,
    /// The wallet that owns it; the others are this one unless said.
    wallet_address: Option<Wallet>,
    worker_address: Option<Wallet>,
    beneficiary_address: Option<Wallet>,
    description: Option<Words>,
}

/// A provider without a user.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProviderSignupRequest {
    name: FullName,
    owner_address: FullWallet,
}

/// What whoever decides should know.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ApprovalRequest {
    provider_name: Option<Name>,
    hardware_summary: Option<Words>,
    contact_email: Option<Email>,
}

/// What a key is called, and what it may do.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyRequest {
    name: Option<Name>,
    limits: Option<ChosenLimits>,
}

/// What a provider's key is called.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProviderKeyRequest {
    name: Option<Name>,
}

/// The password as it is, and as it shall be.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct PasswordRequest {
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 256)
    )]
    password: String,
    /// 10 to 256 characters.
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 10, max = 256)
    )]
    new_password: String,
}

/// The wallets of a provider; what is not said stays.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProfileRequest {
    /// Can be set once.
    owner_address: Option<Wallet>,
    worker_address: Option<Wallet>,
    beneficiary_address: Option<Wallet>,
    description: Option<Words>,
}

fn account(operation: Operation) -> Operation {
    let account = operation.tag(ACCOUNTS).errors(Errors::Account);
    account.fails([400, 503])
}

fn own(operation: Operation) -> Operation {
    account(operation).access(Access::User)
}

fn provider(operation: Operation) -> Operation {
    let provider = operation.tag(PROVIDERS).access(Access::ProviderOrUser);
    provider.fails([400, 503])
}

pub(super) fn signup() -> Operation {
    account(Operation::post("/api/v1/user/signup", "Opens an account"))
        .takes::<SignupRequest>()
        .answers::<LoggedIn>(201, "The account is open")
        .fails([403, 409, 429])
}

pub(super) fn login() -> Operation {
    account(Operation::post("/api/v1/user/login", "Logs in"))
        .takes::<LoginRequest>()
        .answers::<LoggedIn>(200, "The login has begun")
        .fails([401, 429])
}

pub(super) fn logout() -> Operation {
    own(Operation::post("/api/v1/user/logout", "Ends this login"))
        .answers::<Said>(200, "It has ended")
}

pub(super) fn me() -> Operation {
    account(Operation::get(
        "/api/v1/user/me",
        "Who one is, and what one can spend",
    ))
    .access(Access::UserOrConsumer)
    .answers::<Me>(200, "The user or key, and its balances")
}

pub(super) fn change_password() -> Operation {
    own(Operation::put(
        "/api/v1/user/me/password",
        "Changes one's password",
    ))
    .takes::<PasswordRequest>()
    .answers::<LoggedIn>(200, "Every login has ended, and a new one has begun")
    .fails([429])
}

pub(super) fn keys() -> Operation {
    own(Operation::get(
        "/api/v1/user/me/keys",
        "One's consumer keys",
    ))
    .answers::<Keys>(200, "All of them, without their secrets")
}

pub(super) fn new_key() -> Operation {
    own(Operation::post(
        "/api/v1/user/me/keys",
        "Makes a consumer key",
    ))
    .may_take::<KeyRequest>()
    .answers::<NewKey>(201, "The key, whose secret is shown once")
    .fails([409])
}

pub(super) fn revoke_key() -> Operation {
    own(Operation::delete(
        "/api/v1/user/me/keys/{id}",
        "Revokes a consumer key",
    ))
    .segment::<KeyName>("id", "The key's id, key-…")
    .answers::<Said>(200, "It opens nothing any more")
    .fails([404])
}

pub(super) fn new_provider_key() -> Operation {
    own(Operation::post(
        "/api/v1/user/me/provider-keys",
        "Makes a provider key",
    ))
    .may_take::<ProviderKeyRequest>()
    .answers::<NewProviderKey>(201, "The key, whose secret is shown once")
    .fails([409])
}

/// The same at both paths that the public record has.
pub(super) fn upgrade(path: &'static str) -> Operation {
    own(Operation::post(path, "Makes a user a provider"))
        .takes::<UpgradeRequest>()
        .answers::<Upgraded>(201, "The user is a provider")
        .fails([409])
}

pub(super) fn provider_signup() -> Operation {
    Operation::post("/api/v1/provider/signup", "Makes a provider without a user")
        .tag(PROVIDERS)
        .takes::<ProviderSignupRequest>()
        .answers::<SignedUp>(201, "The provider, and its key")
        .fails([403, 409, 429, 503])
}

pub(super) fn request_approval() -> Operation {
    provider(Operation::post(
        "/api/v1/provider/request-approval",
        "Asks for approval",
    ))
    .may_take::<ApprovalRequest>()
    .answers::<Requested>(200, "It is noted")
}

pub(super) fn profile() -> Operation {
    provider(Operation::get(
        "/api/v1/provider/me",
        "A provider's own addresses",
    ))
    .answers::<Profile>(200, "As they are")
}

pub(super) fn change_profile() -> Operation {
    provider(Operation::put(
        "/api/v1/provider/me",
        "Changes a provider's own addresses",
    ))
    .may_take::<ProfileRequest>()
    .answers::<Profile>(200, "As they are now")
    .fails([409])
}

pub(super) fn own_stats() -> Operation {
    provider(Operation::get(
        "/api/v1/provider/me/stats",
        "What a provider did and earned",
    ))
    .answers::<OwnStats>(200, "The last 24 hours, and earnings in all")
}

pub(super) fn history() -> Operation {
    let path = "/api/v1/provider/me/earnings/history";
    provider(Operation::get(path, "What a provider earned, hour by hour"))
        .query::<Span>("duration", "How far back, such as 24h or 7d")
        .query::<Span>("bucket", "The length of a point, such as 1h or 1d")
        .answers::<History>(200, "The hours that this hub has seen, 24 at most")
}

pub(super) fn provider_statement() -> Operation {
    let path = "/v1/provider/statement";
    let statement = Operation::get(path, "What a provider has earned, and what it was paid");
    paged_movements(provider(statement))
        .query::<GroupName>("by", "Sums in place of movements, such as `day,model`")
        .answers::<ProviderStatement>(200, "A page of movements, or the sums")
}

pub(super) fn provider_explain() -> Operation {
    let what =
        "The chain of facts that led to a share of a charge, a payout or the balance of a provider";
    provider(Operation::get("/v1/provider/explain/{id}", what))
        .segment::<ExplainedId>(
            "id",
            "The id of a request that it served, of a transfer or payout, or of the provider",
        )
        .answers::<Explanation>(200, "The facts")
        .fails([404])
}

pub(super) fn details() -> Operation {
    Operation::get(
        "/api/v1/providers/{id}/models/details",
        "What a provider serves",
    )
    .tag("Market")
    .segment::<ProviderName>("id", "The provider's id, prov-…")
    .answers::<Envelope<Details>>(200, "At most a second old")
    .fails([404])
}
