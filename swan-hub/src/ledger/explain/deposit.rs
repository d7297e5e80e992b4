//! Explains a deposit on a chain: what came in, whose it is, and which entries moved its money.

use swan_core::{BasisPoints, DepositId};

use super::Subject;
use super::charge::{owner, step};
use super::facts::{Explanation, Owners};
use super::find;
use crate::deposits::{Deposit, DepositState};
use crate::store::{Store, StoreError};

/// Everything that is known of a deposit.
pub(super) async fn of(
    store: &dyn Store,
    id: DepositId,
) -> Result<Option<Explanation>, StoreError> {
    let Some(record) = store.deposits().deposit(id).await? else {
        return Ok(None);
    };
    let deposit = Deposit::read(&record)?;
    let mut entries = Vec::new();
    let is_more = deposit.bonus_record().is_some();
    let moved = [
        (deposit.credit(), deposit.credited_at, true),
        (deposit.bonus_credit(), deposit.credited_at, is_more),
        (deposit.reversal(), deposit.reversed_at, true),
        (deposit.bonus_reversal(), deposit.reversed_at, is_more),
    ];
    for (transfer, at, is_there) in moved {
        let Some(at) = at.filter(|_| is_there) else {
            continue;
        };
        entries.extend(find::since(store, transfer, at).await?);
    }
    let account = deposit.account.or_else(|| owner(&entries));
    Ok(Some(Explanation {
        id: Subject::Deposit(id).to_string(),
        kind: "deposit",
        request: None,
        summary: summary(&deposit),
        steps: entries.iter().map(step).collect(),
        charge: None,
        attempts: Vec::new(),
        balances: Vec::new(),
        notes: notes(&deposit),
        owners: Owners {
            account,
            ..Owners::default()
        },
    }))
}

fn summary(deposit: &Deposit) -> String {
    let worth = match (deposit.amount, deposit.currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        _ => "nothing that this hub counts".to_owned(),
    };
    let to = deposit
        .account
        .map_or_else(|| "nobody".to_owned(), |account| account.to_string());
    let state = deposit.state.as_str();
    format!("{worth} to {to}, {state}: {}", deposit.says())
}

fn notes(deposit: &Deposit) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(reference) = &deposit.reference {
        notes.push(format!("its reference is {reference}"));
    }
    if let Some(by) = &deposit.assigned_by {
        notes.push(format!("{by} said whose it is"));
    }
    if deposit.dust > 0 {
        notes.push(format!(
            "{} of its smallest units are less than 10^-12 and were not credited",
            deposit.dust
        ));
    }
    if let (Some(record), Some(bonus)) = (deposit.bonus_record(), &deposit.bonus) {
        let share =
            BasisPoints::new(record.bps).map_or_else(|_| String::new(), |bps| bps.to_string());
        notes.push(format!(
            "{share} of what is credited, {}, is given on top by {}, from the hub's grants",
            record.amount(),
            bonus.policy
        ));
    }
    if deposit.round > 0 {
        notes.push(format!(
            "the chain was replaced below it {} times, and it came back",
            deposit.round
        ));
    }
    let state = match deposit.state {
        DepositState::Confirming => Some("it is credited once its block is final"),
        DepositState::Orphaned => Some("it is no longer on the chain; nothing was credited"),
        DepositState::Reversed => {
            Some("it is no longer on the chain; what was credited was taken back")
        }
        DepositState::Unmatched => Some(
            "swan-hub chain assign, or POST /api/v1/admin/deposits/{id}/assign, says whose it is",
        ),
        _ => None,
    };
    notes.extend(state.map(str::to_owned));
    notes
}
