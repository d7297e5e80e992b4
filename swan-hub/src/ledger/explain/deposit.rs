//! Explains a deposit on a chain: what came in, whose it is, and which entries moved its money.

use swan_core::ledger::Entry;
use swan_core::{BasisPoints, DepositId, Timestamp, TransferId};

use super::facts::{Explanation, Owners};
use super::orders::of_entries;
use super::{Look, Subject, find};
use crate::collateral::account_of;
use crate::deposits::{Deposit, DepositOwner, DepositState};
use crate::store::{DepositsOf, Store, StoreError};

/// Deposits of an owner that are looked through for a transfer of theirs, and how many at once.
const DEPOSITS: usize = 1_000;
const PAGE: u32 = 100;

/// Everything that is known of a deposit.
pub(super) async fn of(
    store: &dyn Store,
    subject: Subject,
    id: DepositId,
) -> Result<Option<Explanation>, StoreError> {
    match store.deposits().deposit(id).await? {
        Some(record) => told(store, subject, &Deposit::read(&record)?)
            .await
            .map(Some),
        None => Ok(None),
    }
}

/// The deposit that a transfer belongs to, where it is known whose that is, or everybody's may be looked through.
pub(super) async fn with(
    store: &dyn Store,
    subject: Subject,
    transfer: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let owner = look.account.or(look.provider.map(account_of));
    let of = match owner {
        Some(owner) => DepositsOf::Account(owner),
        None if look.all_orders => DepositsOf::Everybody,
        None => return Ok(None),
    };
    let (mut before, mut looked) = (None, 0);
    loop {
        let page = store.deposits().page(of, before, PAGE).await?;
        for record in &page {
            let deposit = Deposit::read(record)?;
            if deposit.moves_by(transfer) {
                return told(store, subject, &deposit).await.map(Some);
            }
        }
        looked += page.len();
        before = page.last().map(|last| (last.created, last.id));
        if page.len() < PAGE as usize || looked >= DEPOSITS && !look.may_walk {
            return Ok(None);
        }
    }
}

/// The entry of a transfer that was booked `at`, or before, if a crash came between the money and the note of when.
async fn first(
    store: &dyn Store,
    transfer: TransferId,
    (at, created): (Timestamp, Timestamp),
) -> Result<Option<Entry>, StoreError> {
    match find::since(store, transfer, at).await? {
        Some(found) => Ok(Some(found)),
        None => find::since(store, transfer, created).await,
    }
}

async fn told(
    store: &dyn Store,
    subject: Subject,
    deposit: &Deposit,
) -> Result<Explanation, StoreError> {
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
        let mut found = first(store, transfer, (at, deposit.created)).await?;
        for other in store.others().await? {
            if found.is_none() {
                found = first(&*other, transfer, (at, deposit.created)).await?;
            }
        }
        entries.extend(found);
    }
    let owners = Owners {
        account: deposit.account,
        provider: deposit.provider,
    };
    let mut told = of_entries(
        subject,
        "deposit",
        (summary(deposit), notes(deposit)),
        &entries,
    );
    if owners != Owners::default() {
        told.owners = owners;
    }
    Ok(told)
}

fn summary(deposit: &Deposit) -> String {
    let worth = match (deposit.amount, deposit.currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        _ => "nothing that this hub counts".to_owned(),
    };
    let to = match deposit.owner() {
        Some(DepositOwner::Account(id)) => id.to_string(),
        Some(DepositOwner::Provider(id)) => format!("the collateral of {id}"),
        None => "nobody".to_owned(),
    };
    let state = deposit.state.as_str();
    format!("{worth} to {to}, {state}: {}", deposit.says())
}

fn notes(deposit: &Deposit) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(reference) = &deposit.reference {
        notes.push(format!("its reference is {reference}"));
    }
    if let Some(by) = &deposit.assigned_by {
        notes.push(format!("{by} said whose it is{}", because(deposit)));
    }
    if let Some(by) = &deposit.refused_by {
        notes.push(format!(
            "{by} said that it is credited to nobody{}",
            because(deposit)
        ));
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
            "swan-hub chain assign and refuse, or POST /api/v1/admin/deposits/{id}/assign and .../refuse, say whose it is",
        ),
        _ => None,
    };
    notes.extend(state.map(str::to_owned));
    notes
}

fn because(deposit: &Deposit) -> String {
    let why = deposit.reason.as_ref();
    why.map_or_else(String::new, |why| format!(": {why}"))
}
