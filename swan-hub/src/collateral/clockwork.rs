//! What happens to collateral by time alone: penalties lapse, withdrawals are due, and what is due is sent.

use std::time::Duration;

use swan_core::ledger::Account;
use swan_core::standing::PenaltyState;
use swan_core::{Amount, Currency, ProviderId, Timestamp, TransferId};
use tokio::time;

use super::acts::Scene;
use super::bond::Bond;
use super::keeper::{Keeper, payout_id, record, refund_number};
use super::wallet::came_from;
use super::{CollateralError, WithdrawalStage};
use crate::hub::{Rooms, Shared};
use crate::payments::{self, PayError};
use crate::payouts::Paper;
use crate::settings::Current;

/// How often the hub looks whether something is due, or was written down by somebody else.
const EVERY: Duration = Duration::from_millis(500);

const BY: &str = "the hub's clock";

/// Looks after collateral as long as the hub lives.
pub(crate) fn run(hub: &Current) {
    let hub = hub.downgrade();
    tokio::spawn(async move {
        let mut pause = EVERY;
        loop {
            {
                let Some(hub) = hub.load() else { return };
                pause = match turn(&hub).await {
                    Ok(()) => EVERY.min(hub.payments.options.look_every),
                    Err(error) => {
                        tracing::warn!(%error, "collateral cannot be looked after");
                        (pause * 2).min(Duration::from_secs(30))
                    }
                };
            }
            time::sleep(pause).await;
        }
    });
}

/// One look at everything.
async fn turn(hub: &Shared) -> Result<(), CollateralError> {
    Keeper::of(hub).catch_up().await?;
    let now = hub.clock.now();
    for bond in hub.collateral.all() {
        let scene = Scene {
            provider: bond.provider,
            currency: bond.account.currency(),
            policy: &hub.policy,
            now,
            by: BY,
        };
        for case in lapsed(&bond, now) {
            let _applied = record(hub, scene.lapse(case)).await?;
        }
        if let Some(id) = due(hub, &bond, now) {
            let _applied = record(hub, scene.confirm(id)).await?;
        }
        send(hub, &scene).await?;
    }
    Ok(())
}

/// The penalties whose time is over.
fn lapsed(bond: &Bond, now: Timestamp) -> Vec<swan_core::CaseId> {
    let open = bond.penalties.values();
    let over = open.filter(|penalty| match penalty.state {
        PenaltyState::Held { until } => now >= until,
        PenaltyState::Appealed { decide_by } => now >= decide_by,
        _ => false,
    });
    over.map(|penalty| penalty.case).collect()
}

/// The withdrawal whose wait is over; none while anything is being paid out to this provider (public record 3.7).
fn due(rooms: &Rooms, bond: &Bond, now: Timestamp) -> Option<TransferId> {
    let waiting = bond.account.withdrawal()?;
    let is_due = now >= waiting.ready_at && !is_being_paid(rooms, bond.provider);
    is_due.then_some(waiting.id)
}

pub(crate) fn is_being_paid(rooms: &Rooms, provider: ProviderId) -> bool {
    let apart = |currency: Currency| {
        let account = Account::PayingOut(provider).in_currency(currency);
        rooms.books.balance_of(&account).posted()
    };
    Currency::ALL
        .into_iter()
        .any(|one| apart(one) > Amount::ZERO)
}

/// Hands on what has left: to the orders of its cards, and to whoever pays out. What was handed on stays so.
async fn send(hub: &Shared, scene: &Scene<'_>) -> Result<(), CollateralError> {
    let bond = hub.collateral.bond(scene.provider, scene.currency);
    for withdrawal in &bond.withdrawals {
        if withdrawal.stage != WithdrawalStage::Returned || hub.collateral.is_sent(withdrawal.id) {
            continue;
        }
        if is_booked(hub, &bond, withdrawal.id) {
            to_cards(hub, scene, &bond, withdrawal.id).await?;
            by_hand(hub, &bond, withdrawal.id).await?;
            hub.collateral.note_sent(withdrawal.id);
        }
    }
    Ok(())
}

/// Whether what leaves has left in the ledger, before anybody outside hears of it.
fn is_booked(hub: &Shared, bond: &Bond, withdrawal: TransferId) -> bool {
    let mut parts = bond.account.parts();
    let part = parts.find(|part| part.withdrawal == withdrawal);
    part.is_none_or(|part| {
        let topup = bond.deposits.get(&part.deposit).and_then(|one| one.topup);
        let number = refund_number(withdrawal, part.deposit).to_string();
        let id = match topup {
            Some(topup) if part.to_card => payments::Topup::transfer_of(topup, "refund", &number),
            _ => payout_id(withdrawal),
        };
        hub.books.moved(id).is_some()
    })
}

async fn to_cards(
    hub: &Shared,
    scene: &Scene<'_>,
    bond: &Bond,
    withdrawal: TransferId,
) -> Result<(), CollateralError> {
    let parts = bond.account.parts();
    let parts = parts.filter(|part| part.withdrawal == withdrawal && part.to_card && !part.failed);
    for part in parts {
        let topup = bond.deposits.get(&part.deposit).and_then(|one| one.topup);
        let Some(topup) = topup else { continue };
        let number = refund_number(withdrawal, part.deposit);
        match payments::send_back(hub, topup, (number, part.amount), BY).await {
            Ok(()) => {}
            Err(PayError::Store(error)) => return Err(error.into()),
            Err(error @ PayError::Busy) => {
                tracing::info!(%topup, %error, "a refund of collateral waits for its order");
                return Err(CollateralError::Overtaken {
                    what: error.to_string(),
                });
            }
            Err(error) => {
                let gone = scene.unsent(withdrawal, part.deposit, &error.to_string());
                let _applied = record(hub, gone).await?;
            }
        }
    }
    Ok(())
}

/// What was to be paid by hand was not, and is collateral again.
pub(crate) async fn unpaid(
    hub: &Shared,
    paper: &Paper,
    withdrawal: TransferId,
    why: &str,
) -> Result<(), CollateralError> {
    let scene = Scene {
        provider: paper.provider,
        currency: paper.currency,
        policy: &hub.policy,
        now: hub.clock.now(),
        by: "whoever pays out",
    };
    let _applied = record(hub, scene.unpaid(withdrawal, why)).await?;
    Ok(())
}

/// One request for a payout of all that goes to no card.
async fn by_hand(hub: &Shared, bond: &Bond, withdrawal: TransferId) -> Result<(), CollateralError> {
    let parts = bond.account.parts();
    let parts = parts.filter(|part| part.withdrawal == withdrawal && !part.to_card);
    let amount = Amount::checked_sum(parts.map(|part| part.amount));
    let amount = amount.map_err(swan_core::collateral::CollateralError::Money)?;
    if amount.is_zero() {
        return Ok(());
    }
    let paper = Paper {
        provider: bond.provider,
        currency: bond.account.currency(),
        amount,
        fee: Amount::ZERO,
        destination: came_from(bond, withdrawal),
        requested: hub.clock.now(),
        end: None,
        collateral: Some(withdrawal),
    };
    hub.market
        .payouts
        .add(payout_id(withdrawal), &paper)
        .await?;
    Ok(())
}
