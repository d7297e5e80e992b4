//! How collateral looks in JSON. Amounts are decimal strings, times are UTC.

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::collateral::{CollateralState, Part, Source};
use swan_core::standing::{Destination, Final, Lift, PenaltyState};
use swan_core::{Currency, ProviderId, Timestamp, TransferId};

use super::reply::unavailable;
use crate::collateral::{Bond, Penalty, Withdrawal, adequacy, machines, refund_number};
use crate::gateway::{Answer, iso};
use crate::hub::Shared;
use crate::payments::{RefundStage, Topup};
use crate::store::StoreError;

/// All collateral of a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownCollateral {
    provider: String,
    /// Whether this hub serves nobody without enough of it in one of the currencies.
    is_required: bool,
    /// Whether there is enough of it in one of the currencies, and no withdrawal waits.
    is_enough: bool,
    accounts: Vec<ShownBond>,
}

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

/// A withdrawal.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownWithdrawal {
    id: String,
    /// `waiting`, `cancelled` or `returned`.
    state: &'static str,
    requested: String,
    /// What will go back, or went back; a penalty lowers it as long as it waits.
    amount: String,
    requested_at: String,
    /// From when on it goes back.
    ready_at: String,
    ended_at: Option<String>,
    parts: Vec<ShownPart>,
    /// Why a part of it came back.
    problem: Option<String>,
}

/// What went back to one deposit.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownPart {
    deposit: String,
    amount: String,
    /// `card`, or `payout`: by hand.
    way: &'static str,
    /// Of a card `begun`, `pending`, `succeeded` or `failed`; of a payout `requested`, `paid`, `failed` or `cancelled`.
    state: &'static str,
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
        })
    }
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

async fn withdrawal(
    hub: &Shared,
    bond: &Bond,
    of: &Withdrawal,
) -> Result<ShownWithdrawal, StoreError> {
    let waiting = bond
        .account
        .withdrawal()
        .filter(|waiting| waiting.id == of.id);
    let own: Vec<Part> = bond
        .account
        .parts()
        .filter(|part| part.withdrawal == of.id)
        .copied()
        .collect();
    let mut parts = Vec::new();
    for part in &own {
        parts.push(ShownPart {
            deposit: part.deposit.to_string(),
            amount: part.amount.to_string(),
            way: if part.to_card { "card" } else { "payout" },
            state: stage(hub, bond, part).await?,
        });
    }
    let gone = own
        .iter()
        .filter(|part| !part.failed)
        .map(|part| part.amount);
    let gone = swan_core::Amount::checked_sum(gone).unwrap_or_default();
    Ok(ShownWithdrawal {
        id: of.id.to_string(),
        state: of.stage.as_str(),
        requested: of.requested.to_string(),
        amount: waiting.map_or(gone, |waiting| waiting.amount).to_string(),
        requested_at: iso(of.at),
        ready_at: iso(of.ready),
        ended_at: of.ended.map(iso),
        parts,
        problem: of.problem.clone(),
    })
}

/// How far a part is, as its order or its payout says.
async fn stage(hub: &Shared, bond: &Bond, part: &Part) -> Result<&'static str, StoreError> {
    if part.failed {
        return Ok(RefundStage::Failed.as_str());
    }
    if !part.to_card {
        let id: TransferId = crate::collateral::payout_id(part.withdrawal);
        let payout = hub.market.payouts.find(id).await?;
        return Ok(payout.map_or("requested", |payout| payout.state.as_str()));
    }
    let topup = bond.deposits.get(&part.deposit).and_then(|one| one.topup);
    let Some(topup) = topup else {
        return Ok(RefundStage::Begun.as_str());
    };
    let record = hub.store.topups().topup(topup).await?;
    let order = record.map(|record| Topup::read(&record)).transpose()?;
    let number = refund_number(part.withdrawal, part.deposit);
    let refunds = order.iter().flat_map(|order| &order.refunds);
    let mut own = refunds.filter(|refund| refund.number == number);
    let stage = own.next().map_or(RefundStage::Begun, |refund| refund.stage);
    Ok(stage.as_str())
}
