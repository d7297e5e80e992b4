//! `/v1/deposits`: how an account deposits tokens, and what has come in.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, DepositId, Timestamp};

use super::admin::administrator;
use super::catalogue::Id;
use super::fields::{Fields, missing};
use super::identity;
use super::query::Query;
use super::reply::{conflict, invalid, not_found, refusal, reply, unavailable};
use crate::deposits::{
    self, Deposit, DepositError, DepositState, Finality, Status, Token, Unmatched, reference,
};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{DepositPhase, DepositsOf};

/// How an account deposits tokens.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Instructions {
    /// The chain, by its number (EIP-155).
    chain_id: u64,
    /// The contract that takes deposits.
    contract: String,
    /// The function to call there, after `approve(contract, amount)` at the token.
    call: &'static str,
    /// The last argument of that call: it says whose the deposit is. A transfer without it is credited to nobody.
    reference: String,
    tokens: Vec<ShownToken>,
    /// With how many blocks on it, itself counted, a deposit is credited; null when the chain itself says when a block is final.
    confirmations: Option<u64>,
    /// The youngest block that the hub knows of.
    latest_block: u64,
    /// The block up to which everything is in the books.
    credited_upto_block: u64,
    /// Whether nothing is credited at the moment, until the operator has looked.
    halted: bool,
}

/// A token that is taken.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownToken {
    symbol: String,
    address: String,
    /// Of how many of its smallest units one consists: 6 for a million.
    decimals: u8,
    /// `USD` or `SWAN`; one token is credited as one of these.
    credited_as: &'static str,
}

/// Tokens that have come in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShownDeposit {
    id: String,
    account: Option<String>,
    /// `confirming`, `crediting`, `credited`, `unmatched`, `orphaned`, `reversing` or `reversed`.
    state: DepositState,
    /// Why it is nobody's.
    why: Option<Unmatched>,
    /// How many blocks stand on it, its own counted, while it is confirming.
    confirmations: Option<u64>,
    /// How many of them it takes; null when the chain itself says when a block is final.
    confirmations_needed: Option<u64>,
    chain_id: u64,
    block: u64,
    block_hash: String,
    transaction: String,
    log_index: u64,
    /// The token's symbol, where this hub takes it.
    token: Option<String>,
    token_address: String,
    /// Who paid.
    from: String,
    reference: Option<String>,
    /// How many of the token's smallest units came in.
    units: String,
    /// What of it is credited, as a decimal string.
    amount: Option<String>,
    /// `USD` or `SWAN`.
    currency: Option<&'static str>,
    /// What is given on top, under a policy that rewards deposits in SWAN; a transfer of its own.
    bonus: Option<String>,
    /// How many of the token's smallest units are less than the books can count (10^-12), and are not credited.
    dust_units: String,
    /// The transfer that credits it.
    transfer: Option<String>,
    /// The transfer that took it back.
    reversal: Option<String>,
    /// Who said whose it is, where its reference does not.
    assigned_by: Option<String>,
    /// Milliseconds since 1970.
    created_ms: u64,
}

/// Deposits, the youngest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DepositList {
    data: Vec<ShownDeposit>,
    /// Whether there are more after the last one, to be asked for with `before`.
    has_more: bool,
}

impl ShownToken {
    fn of(token: &Token) -> Self {
        Self {
            symbol: token.symbol.clone(),
            address: token.address.to_string(),
            decimals: token.decimals,
            credited_as: token.currency.code(),
        }
    }
}

fn needed(hub: &Shared) -> Option<u64> {
    match hub.deposits.options.as_ref()?.finality {
        Finality::Finalized => None,
        Finality::Confirmations(count) => Some(count),
    }
}

impl ShownDeposit {
    fn of(hub: &Shared, status: &Status, deposit: &Deposit) -> Self {
        let is_confirming = deposit.state == DepositState::Confirming;
        let on_it = status
            .latest
            .saturating_add(1)
            .saturating_sub(deposit.block);
        let has_moved = matches!(
            deposit.state,
            DepositState::Credited | DepositState::Reversing | DepositState::Reversed
        );
        let is_back = deposit.state == DepositState::Reversed;
        Self {
            id: deposit.id.to_string(),
            account: deposit.account.map(|account| account.to_string()),
            state: deposit.state,
            why: deposit
                .why
                .filter(|_| deposit.state == DepositState::Unmatched),
            confirmations: is_confirming.then_some(on_it),
            confirmations_needed: needed(hub).filter(|_| is_confirming),
            chain_id: deposit.chain,
            block: deposit.block,
            block_hash: deposit.block_hash.to_string(),
            transaction: deposit.transaction.to_string(),
            log_index: deposit.log,
            token: deposit.token.clone(),
            token_address: deposit.token_address.to_string(),
            from: deposit.from.to_string(),
            reference: deposit.reference.map(|reference| reference.to_string()),
            units: deposit.units.to_string(),
            amount: deposit.amount.map(|amount| amount.to_string()),
            currency: deposit.currency.map(swan_core::Currency::code),
            bonus: deposit
                .bonus_record()
                .map(|bonus| bonus.amount().to_string()),
            dust_units: deposit.dust.to_string(),
            transfer: has_moved.then(|| deposit.credit().to_string()),
            reversal: is_back.then(|| deposit.reversal().to_string()),
            assigned_by: deposit.assigned_by.clone(),
            created_ms: deposit.created.as_millis(),
        }
    }
}

/// The row of the table for this error.
fn answer(error: &DepositError) -> Answer {
    let words = error.to_string();
    match error {
        DepositError::NotConfigured => not_found("deposits_not_configured", words),
        DepositError::Unknown => not_found("deposit_not_found", words),
        DepositError::NoAccount { .. } => not_found("account_not_found", words),
        DepositError::NotUnmatched { .. } => conflict("deposit_not_unmatched", words),
        DepositError::NotAssignable { .. } => conflict("deposit_not_assignable", words),
        DepositError::Busy => refusal(503, "server_error", "deposit_busy")
            .retry(1)
            .saying(words),
        DepositError::Store(error) => {
            tracing::warn!(%error, "deposits cannot be read or written");
            unavailable()
        }
    }
}

/// `GET /v1/deposits/instructions`
pub(super) async fn instructions(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let told = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let options = hub.deposits.options().map_err(|error| answer(&error))?;
        let status = hub.deposits.status();
        Ok(Instructions {
            chain_id: options.chain,
            contract: options.contract.to_string(),
            call: "deposit(address token, uint256 amount, bytes32 reference)",
            reference: reference(options.chain, options.contract, account).to_string(),
            tokens: options.tokens.iter().map(ShownToken::of).collect(),
            confirmations: needed(&hub),
            latest_block: status.latest,
            credited_upto_block: status.read,
            halted: status.problem.is_some(),
        })
    };
    reply(&hub, told.await, Errors::OpenAi)
}

/// `GET /v1/deposits`
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        page(&hub, query.as_deref(), Some(account)).await
    };
    reply(&hub, listed.await, Errors::OpenAi)
}

/// `GET /api/v1/admin/deposits`
pub(super) async fn all(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        administrator(&hub, &headers)?;
        page(&hub, query.as_deref(), None).await
    };
    reply(&hub, listed.await, Errors::OpenAi)
}

/// A page of an account's deposits, or of everybody's.
async fn page(
    hub: &Shared,
    query: Option<&str>,
    account: Option<AccountId>,
) -> Result<DepositList, Answer> {
    let query = Query::parse(query)?;
    let limit = query.number("limit", 1, 100)?.unwrap_or(20);
    let of = match (account, query.text("phase")) {
        (Some(account), _) => DepositsOf::Account(account),
        (None, None) => DepositsOf::Everybody,
        (None, Some(phase)) => {
            let phase = DepositPhase::named(phase);
            let expected = "phase must be seen, due, unmatched or done";
            DepositsOf::Phase(phase.ok_or_else(|| invalid("phase", expected))?)
        }
    };
    let before = match query.text("before") {
        None => None,
        Some(text) => Some(place_of(hub, account, text).await?),
    };
    // One more tells whether there are more.
    let most = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let records = hub.store.deposits().page(of, before, most).await;
    let records = records.map_err(|error| answer(&error.into()))?;
    let deposits = records.iter().take(limit).map(Deposit::read);
    let deposits: Result<Vec<_>, _> = deposits.collect();
    let deposits = deposits.map_err(|error| answer(&error.into()))?;
    let status = hub.deposits.status();
    Ok(DepositList {
        has_more: records.len() > limit,
        data: deposits
            .iter()
            .map(|deposit| ShownDeposit::of(hub, &status, deposit))
            .collect(),
    })
}

async fn place_of(
    hub: &Shared,
    account: Option<AccountId>,
    text: &str,
) -> Result<(Timestamp, DepositId), Answer> {
    let wrong = || invalid("before", "before must be the id of such a deposit, dep-…");
    let id: DepositId = text.parse().map_err(|_| wrong())?;
    let known = hub
        .store
        .deposits()
        .deposit(id)
        .await
        .map_err(|_| unavailable())?;
    let known = known.filter(|known| account.is_none() || known.account == account);
    known
        .map(|known| (known.created, known.id))
        .ok_or_else(wrong)
}

fn id_of(id: Id) -> Result<DepositId, Answer> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or_else(|| answer(&DepositError::Unknown))
}

/// `GET /v1/deposits/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let deposit = deposits::find(&*hub.store, id_of(id)?).await;
        let deposit = deposit.map_err(|error| answer(&error))?;
        // Somebody else's deposit is unknown, so that ids tell nothing.
        if deposit.account != Some(account) {
            return Err(answer(&DepositError::Unknown));
        }
        Ok(ShownDeposit::of(&hub, &hub.deposits.status(), &deposit))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/deposits/{id}/assign`
pub(super) async fn assign(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let assigned = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["account"])?;
        let text = fields.optional("account", 1, 100)?;
        let text = text.ok_or_else(|| missing("account"))?;
        let account: AccountId = text
            .parse()
            .map_err(|error: swan_core::IdError| invalid("account", format!("account: {error}")))?;
        let (id, by) = (id_of(id)?, format!("administrator {by}"));
        let assigned = deposits::assign((&*hub.store, &hub.keys), id, account, &by).await;
        let deposit = assigned.map_err(|error| answer(&error))?;
        tracing::info!(target: "swan_hub::admin", %by, deposit = %id, %account, "a deposit was assigned");
        Ok(ShownDeposit::of(&hub, &hub.deposits.status(), &deposit))
    };
    reply(&hub, assigned.await, Errors::OpenAi)
}
