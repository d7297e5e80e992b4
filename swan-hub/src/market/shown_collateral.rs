//! How collateral looks in JSON. Amounts are decimal strings, times are UTC.

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::collateral::{CollateralState, Source};
use swan_core::standing::{Destination, Final, Lift, PenaltyState};
use swan_core::{Currency, ProviderId, Timestamp};

use super::chain_deposits::{Instructions, ShownDeposit as OnChain};
use super::reply::unavailable;
use super::shown_withdrawal::{ShownWithdrawal, withdrawal};
use crate::collateral::{Bond, Penalty, account_of, adequacy, machines};
use crate::deposits::{Deposit, collateral_reference};
use crate::gateway::{Answer, iso};
use crate::hub::Shared;
use crate::store::{DepositsOf, StoreError};

/// All collateral of a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownCollateral {
    provider: String,
    /// Whether this hub serves nobody without enough of it in one of the currencies.
    is_required: bool,
    /// Whether there is enough of it in one of the currencies, and no withdrawal waits.
    is_enough: bool,
    accounts: Vec<ShownBond>,
    /// How it is deposited on a chain; null where this hub takes none there.
    by_chain: Option<Instructions>,
    /// The youngest deposits of this provider on the chain, from their first block on.
    on_chain: Vec<OnChain>,
}

/// Deposits on the chain that are shown.
const ON_CHAIN: u32 = 20;

/// Collateral in one currency.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownBond {
    currency: &'static str,
    /// `empty`, `open`, `exiting`, `withdrawing` or `refunded`.
    state: &'static str,
    /// Bound to nothing.
    free: String,
    /// Bound to jobs.
    locked: String,
    /// Set aside for penalties that can still be appealed.
    impounded: String,
    /// Asked back, and waiting.
    leaving: String,
    /// All that ever came in.
    deposited: String,
    /// All that ever went back, and arrived as far as anybody knows.
    returned: String,
    /// All that penalties ever took.
    slashed: String,
    /// All that card processors took back and kept.
    taken_back: String,
    /// What they took back beyond what was there; whatever comes in goes there first.
    owed: String,
    /// What penalties asked for beyond what was there.
    shortfall: String,
    /// What counts towards the requirement: free and locked.
    staked: String,
    requirement: ShownRequirement,
    deposits: Vec<ShownDeposit>,
    locks: Vec<ShownLock>,
    penalties: Vec<ShownPenalty>,
    withdrawals: Vec<ShownWithdrawal>,
}

/// What the policy asks for.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownRequirement {
    /// Null where the policy says nothing of it; then `says` tells why.
    amount: Option<String>,
    /// What of it is missing.
    missing: Option<String>,
    /// Until when it can be made good without losing its place, after something was taken.
    until: Option<String>,
    /// The rule, or why there is none.
    says: String,
}

/// Something that came in.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownDeposit {
    id: String,
    at: String,
    /// `card`, `chain` or `grant`.
    source: &'static str,
    chain_id: Option<u64>,
    /// The order that was paid, of a card.
    topup: Option<String>,
    /// The deposit on the chain, for `explain`.
    chain_deposit: Option<String>,
    /// The wallet that it came from, of a chain.
    from: Option<String>,
    reference: String,
    amount: String,
    /// What of it did not go back and was not slashed or taken back.
    left: String,
}

/// Collateral that is bound to a job.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownLock {
    job: String,
    amount: String,
}

/// A penalty.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownPenalty {
    id: String,
    /// `held`, `appealed`, `carried_out` or `lifted`.
    state: &'static str,
    /// Why it came to that: `lapsed`, `denied`, `upheld` or `undecided`.
    why: Option<&'static str>,
    amount: String,
    /// The transfer that set it aside, for `swan-hub explain`.
    transfer: String,
    /// `burn`, `treasury` or `growth_fund`.
    destination: &'static str,
    rule: String,
    reason: String,
    decided_by: String,
    decided_at: String,
    /// Until when it can be appealed, or has to be decided about an appeal.
    until: Option<String>,
    appeal: Option<String>,
    decision: Option<String>,
}

const fn state(state: CollateralState) -> &'static str {
    match state {
        CollateralState::Empty => "empty",
        CollateralState::Open => "open",
        CollateralState::Exiting { .. } => "exiting",
        CollateralState::Withdrawing { .. } => "withdrawing",
        CollateralState::Refunded => "refunded",
    }
}

impl ShownCollateral {
    pub(crate) async fn of(hub: &Shared, provider: ProviderId) -> Result<Self, Answer> {
        let machines = machines(&hub.registry, provider);
        let (mut accounts, mut is_enough) = (Vec::new(), false);
        for currency in Currency::ALL {
            let bond = hub.collateral.bond(provider, currency);
            let found = adequacy(&hub.policy, &bond, &machines);
            is_enough |= found.is_enough(&bond);
            let missing = found.shortfall.as_ref();
            let requirement = ShownRequirement {
                amount: found
                    .requirement
                    .as_ref()
                    .ok()
                    .map(|one| one.amount.to_string()),
                missing: missing.map(|missing| missing.missing.to_string()),
                until: missing.and_then(|missing| missing.until).map(iso),
                says: match &found.requirement {
                    Ok(requirement) => requirement.rule.to_owned(),
                    Err(error) => error.to_string(),
                },
            };
            let shown = bonded(hub, &bond, requirement).await;
            accounts.push(shown.map_err(|_| unavailable())?);
        }
        Ok(Self {
            provider: provider.to_string(),
            is_required: hub
                .policy
                .collateral()
                .is_ok_and(|rules| rules.is_required()),
            is_enough,
            accounts,
            by_chain: by_chain(hub, provider),
            on_chain: on_chain(hub, provider).await.map_err(|_| unavailable())?,
        })
    }
}

fn by_chain(hub: &Shared, provider: ProviderId) -> Option<Instructions> {
    let options = hub.deposits.options.as_ref()?;
    let _rules = hub.policy.collateral().ok()?;
    let reference = collateral_reference(options.chain, options.contract, provider);
    Some(Instructions::of(hub, options, reference))
}

async fn on_chain(hub: &Shared, provider: ProviderId) -> Result<Vec<OnChain>, StoreError> {
    if hub.deposits.options.is_none() {
        return Ok(Vec::new());
    }
    let own = DepositsOf::Account(account_of(provider));
    let records = hub.store.deposits().page(own, None, ON_CHAIN).await?;
    let status = hub.deposits.status();
    let shown = records.iter().map(|record| {
        let deposit = Deposit::read(record)?;
        Ok(OnChain::of(hub, &status, &deposit))
    });
    shown.collect()
}

async fn bonded(
    hub: &Shared,
    bond: &Bond,
    requirement: ShownRequirement,
) -> Result<ShownBond, StoreError> {
    let account = &bond.account;
    let mut withdrawals = Vec::new();
    for one in bond.withdrawals.iter().rev() {
        withdrawals.push(withdrawal(hub, bond, one).await?);
    }
    let lock = |(job, amount): (swan_core::RequestId, swan_core::Amount)| ShownLock {
        job: job.to_string(),
        amount: amount.to_string(),
    };
    Ok(ShownBond {
        currency: account.currency().code(),
        state: state(account.state()),
        free: account.free().to_string(),
        locked: account.locked().to_string(),
        impounded: account.impounded().to_string(),
        leaving: account.withdrawing().to_string(),
        deposited: account.deposited().to_string(),
        returned: account.paid_out().to_string(),
        slashed: account.slashed().to_string(),
        taken_back: account.taken_back().to_string(),
        owed: account.owed().to_string(),
        shortfall: account.shortfall().to_string(),
        staked: account.staked().to_string(),
        requirement,
        deposits: deposits(bond),
        locks: account.locks().map(lock).collect(),
        penalties: bond.penalties.values().map(penalty).collect(),
        withdrawals,
    })
}

fn deposits(bond: &Bond) -> Vec<ShownDeposit> {
    let arrived = bond.account.arrived().into_iter();
    let shown = arrived.map(|(id, amount, source, left)| {
        let origin = bond.deposits.get(&id);
        let wallet = origin.and_then(|origin| origin.wallet.as_ref());
        ShownDeposit {
            id: id.to_string(),
            at: iso(origin.map_or(Timestamp::EPOCH, |origin| origin.at)),
            source: match source {
                Source::Card => "card",
                Source::Chain(_) => "chain",
                _ => "grant",
            },
            chain_id: match source {
                Source::Chain(id) => Some(id),
                _ => None,
            },
            topup: origin
                .and_then(|origin| origin.topup)
                .map(|id| id.to_string()),
            chain_deposit: wallet.map(|wallet| wallet.deposit.to_string()),
            from: wallet.map(|wallet| wallet.address.to_string()),
            reference: origin
                .map(|origin| origin.reference.clone())
                .unwrap_or_default(),
            amount: amount.to_string(),
            left: left.to_string(),
        }
    });
    shown.collect()
}

fn penalty(penalty: &Penalty) -> ShownPenalty {
    let (state, why, until) = match penalty.state {
        PenaltyState::Held { until } => ("held", None, Some(until)),
        PenaltyState::Appealed { decide_by } => ("appealed", None, Some(decide_by)),
        PenaltyState::CarriedOut { why, .. } => {
            let why = match why {
                Final::Lapsed => "lapsed",
                Final::Denied => "denied",
            };
            ("carried_out", Some(why), None)
        }
        PenaltyState::Lifted { why, .. } => {
            let why = match why {
                Lift::Upheld => "upheld",
                Lift::Undecided => "undecided",
            };
            ("lifted", Some(why), None)
        }
    };
    ShownPenalty {
        id: penalty.case.to_string(),
        state,
        why,
        amount: penalty.amount.to_string(),
        transfer: crate::collateral::penalty_transfer(penalty.case).to_string(),
        destination: match penalty.destination {
            Destination::Burn => "burn",
            Destination::Treasury => "treasury",
            Destination::GrowthFund => "growth_fund",
        },
        rule: penalty.rule.clone(),
        reason: penalty.reason.clone(),
        decided_by: penalty.by.clone(),
        decided_at: iso(penalty.at),
        until: until.map(iso),
        appeal: penalty.appeal.clone(),
        decision: penalty.decision.clone(),
    }
}
