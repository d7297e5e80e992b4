//! How a withdrawal of collateral looks in JSON.

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::TransferId;
use swan_core::collateral::{Part, Source};

use crate::collateral::{Bond, Withdrawal, refund_number};
use crate::gateway::iso;
use crate::hub::Shared;
use crate::payments::{RefundStage, Topup};
use crate::store::StoreError;

/// A withdrawal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShownWithdrawal {
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
    /// The wallet that it came from, of a deposit by chain; whoever pays it back asks its provider whether it still is one's own.
    came_from: Option<String>,
    /// The chain of that wallet.
    chain_id: Option<u64>,
    /// Of a card `begun`, `pending`, `succeeded` or `failed`; of a payout `requested`, `paid`, `failed` or `cancelled`.
    state: &'static str,
}

pub(super) async fn withdrawal(
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
            came_from: wallet(bond, part),
            chain_id: match part.source {
                Source::Chain(id) => Some(id),
                _ => None,
            },
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

fn wallet(bond: &Bond, part: &Part) -> Option<String> {
    let wallet = bond.deposits.get(&part.deposit)?.wallet.as_ref();
    Some(wallet?.address.to_string())
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
