//! How deposits on a chain look in JSON, of consumers and of providers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::deposits::{
    Deposit, DepositOptions, DepositState, Finality, Hash, Status, Token, Unmatched,
};
use crate::hub::Shared;

/// How tokens are deposited.
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
    /// The account whose credit it is.
    account: Option<String>,
    /// The provider whose collateral it is.
    provider: Option<String>,
    /// `confirming`, `crediting`, `credited`, `unmatched`, `refused`, `orphaned`, `reversing` or `reversed`.
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
    /// Who said that it is credited to nobody.
    refused_by: Option<String>,
    /// Why whoever assigned or refused it did so.
    reason: Option<String>,
    /// Milliseconds since 1970.
    created_ms: u64,
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

impl Instructions {
    /// How one deposits by this reference.
    pub(super) fn of(hub: &Shared, options: &DepositOptions, reference: Hash) -> Self {
        let status = hub.deposits.status();
        Self {
            chain_id: options.chain,
            contract: options.contract.to_string(),
            call: "deposit(address token, uint256 amount, bytes32 reference)",
            reference: reference.to_string(),
            tokens: options.tokens.iter().map(ShownToken::of).collect(),
            confirmations: needed(hub),
            latest_block: status.latest,
            credited_upto_block: status.read,
            halted: status.problem.is_some(),
        }
    }
}

impl ShownDeposit {
    pub(super) fn of(hub: &Shared, status: &Status, deposit: &Deposit) -> Self {
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
            provider: deposit.provider.map(|provider| provider.to_string()),
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
            refused_by: deposit.refused_by.clone(),
            reason: deposit.reason.clone(),
            created_ms: deposit.created.as_millis(),
        }
    }
}
