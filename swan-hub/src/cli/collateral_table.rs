//! Collateral as people and programs read it.

use serde_json::{Value, json};
use swan_core::standing::PenaltyState;

use super::admin::{AdminError, Place, Terminal};
use super::table::{Table, moment};
use crate::collateral::{Bond, account_of, bonds_of};
use crate::deposits::{Deposit as OnChain, DepositState};
use crate::store::{DepositsOf, Store};

/// Its youngest deposits on a chain that are not collateral, or no longer: what is on its way, and what was taken back.
async fn on_chain(store: &dyn Store, bond: &Bond) -> Result<Vec<OnChain>, AdminError> {
    let own = DepositsOf::Account(account_of(bond.provider));
    let mut found = Vec::new();
    for record in store.deposits().page(own, None, 50).await? {
        let deposit = OnChain::read(&record)?;
        let is_own = deposit.currency == Some(bond.account.currency());
        if is_own && deposit.state != DepositState::Credited {
            found.push(deposit);
        }
    }
    Ok(found)
}

pub(super) async fn list(place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let bonds = bonds_of(&*store).await?;
    if place.json {
        let rows: Vec<Value> = bonds.values().map(|bond| as_json(bond, &[])).collect();
        return terminal.json(&rows);
    }
    let mut table = Table::new(&[
        "PROVIDER",
        "CURRENCY",
        "FREE",
        "LOCKED",
        "IMPOUNDED",
        "LEAVING",
        "RETURNED",
        "SLASHED",
    ]);
    for bond in bonds.values() {
        let account = &bond.account;
        table.row([
            bond.provider.to_string(),
            account.currency().to_string(),
            account.free().to_string(),
            account.locked().to_string(),
            account.impounded().to_string(),
            account.withdrawing().to_string(),
            account.paid_out().to_string(),
            account.slashed().to_string(),
        ]);
    }
    Ok(table.write(terminal.out, "no collateral")?)
}

pub(super) async fn show(
    store: &dyn Store,
    bond: &Bond,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let on_chain = &on_chain(store, bond).await?;
    if place.json {
        return terminal.json(&as_json(bond, on_chain));
    }
    let (out, account) = (&mut *terminal.out, &bond.account);
    writeln!(
        out,
        "{}  {} {} free, {} locked, {} impounded, {} leaving; {} returned, {} slashed",
        bond.provider,
        account.free(),
        account.currency(),
        account.locked(),
        account.impounded(),
        account.withdrawing(),
        account.paid_out(),
        account.slashed()
    )?;
    if !account.owed().is_zero() {
        writeln!(out, "owed for what was taken back: {}", account.owed())?;
    }
    let mut table = Table::new(&["TIME", "WHAT", "ID", "AMOUNT", "STATE"]);
    for (id, amount, _, left) in account.arrived() {
        let origin = bond.deposits.get(&id);
        table.row([
            origin.map_or_else(String::new, |origin| moment(origin.at)),
            "deposit".to_owned(),
            id.to_string(),
            amount.to_string(),
            match origin.and_then(|origin| origin.wallet.as_ref()) {
                Some(wallet) => format!("{left} left; {} of {}", wallet.deposit, wallet.address),
                None => format!("{left} left"),
            },
        ]);
    }
    for one in on_chain {
        table.row([
            moment(one.created),
            "on the chain".to_owned(),
            one.id.to_string(),
            one.amount.map_or_else(String::new, |it| it.to_string()),
            format!("{} from {}", one.state.as_str(), one.from),
        ]);
    }
    for penalty in bond.penalties.values() {
        table.row([
            moment(penalty.at),
            "penalty".to_owned(),
            penalty.case.to_string(),
            penalty.amount.to_string(),
            format!("{}: {}", judged(penalty.state), penalty.reason),
        ]);
    }
    for withdrawal in &bond.withdrawals {
        table.row([
            moment(withdrawal.at),
            "withdrawal".to_owned(),
            withdrawal.id.to_string(),
            withdrawal.requested.to_string(),
            withdrawal.stage.as_str().to_owned(),
        ]);
    }
    Ok(table.write(terminal.out, "nothing has happened to it")?)
}

const fn judged(state: PenaltyState) -> &'static str {
    match state {
        PenaltyState::Held { .. } => "held",
        PenaltyState::Appealed { .. } => "appealed",
        PenaltyState::CarriedOut { .. } => "carried out",
        PenaltyState::Lifted { .. } => "lifted",
    }
}

fn as_json(bond: &Bond, on_chain: &[OnChain]) -> Value {
    let account = &bond.account;
    let deposits = account.arrived().into_iter();
    let deposits = deposits.map(|(id, amount, source, left)| {
        let wallet = bond.deposits.get(&id).and_then(|one| one.wallet.as_ref());
        json!({"id": id, "amount": amount, "source": source, "left": left, "wallet": wallet})
    });
    let penalties = bond.penalties.values().map(|one| {
        json!({"id": one.case, "amount": one.amount, "state": judged(one.state), "rule": one.rule, "reason": one.reason,
            "destination": one.destination, "decided_ms": one.at, "appeal": one.appeal})
    });
    let withdrawals = bond.withdrawals.iter().map(|one| {
        json!({"id": one.id, "requested": one.requested, "state": one.stage.as_str(), "requested_ms": one.at, "ready_ms": one.ready})
    });
    let on_chain = on_chain.iter().map(|one| {
        json!({"id": one.id, "state": one.state, "amount": one.amount, "from": one.from, "transaction": one.transaction})
    });
    json!({
        "provider": bond.provider,
        "currency": account.currency(),
        "free": account.free(),
        "locked": account.locked(),
        "impounded": account.impounded(),
        "leaving": account.withdrawing(),
        "deposited": account.deposited(),
        "returned": account.paid_out(),
        "slashed": account.slashed(),
        "taken_back": account.taken_back(),
        "owed": account.owed(),
        "deposits": deposits.collect::<Vec<_>>(),
        "penalties": penalties.collect::<Vec<_>>(),
        "withdrawals": withdrawals.collect::<Vec<_>>(),
        "on_chain": on_chain.collect::<Vec<_>>(),
    })
}
