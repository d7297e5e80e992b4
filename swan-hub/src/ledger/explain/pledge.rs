//! Explains what has moved a provider's collateral and was no penalty: what came in, what was bound to a job, what was asked back.

use swan_core::collateral::Source;
use swan_core::ledger::{Entry, entries};
use swan_core::{RequestId, TransferId};

use super::facts::{Explanation, Owners, Said};
use super::orders::{self, of_entries};
use super::{Look, Subject, find, penalty};
use crate::collateral::{Act, Record, act_of, payout_id, record_named, records_of, refund_number};
use crate::gateway::iso;
use crate::payments::Topup;
use crate::store::{Store, StoreError};

/// What a transfer of a provider's collateral belongs to, where it is known whose that is: the penalty, the order by card, the job or
/// the withdrawal.
pub(super) async fn with(
    store: &dyn Store,
    subject: Subject,
    transfer: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let Some(provider) = look.provider else {
        return Ok(None);
    };
    let Some(act) = act_of(store, provider, transfer, look.may_walk).await? else {
        return Ok(None);
    };
    match act {
        Act::Penalised { case, .. }
        | Act::Appealed { case, .. }
        | Act::Decided { case, .. }
        | Act::Lapsed { case } => penalty::of(store, subject, case, look).await,
        Act::Locked { job, .. } | Act::Unlocked { job } => of_job(store, subject, job, look).await,
        Act::Requested { id, .. } | Act::Cancelled { id } | Act::Confirmed { id } => {
            withdrawal(store, subject, id, look).await
        }
        Act::Unsent { withdrawal: id, .. } | Act::Unpaid { withdrawal: id, .. } => {
            withdrawal(store, subject, id, look).await
        }
        Act::Deposited { id, .. } | Act::TakenBack { deposit: id, .. } => {
            deposit(store, subject, id, look).await
        }
        Act::GivenBack { taken, .. } => {
            let taken = record_named(store, &format!("reversal {taken}")).await?;
            match taken.map(|taken| taken.act) {
                Some(Act::TakenBack { deposit: id, .. }) => deposit(store, subject, id, look).await,
                _ => Ok(None),
            }
        }
    }
}

/// What came in: by card it leads to its order.
async fn deposit(
    store: &dyn Store,
    subject: Subject,
    id: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let Some(record) = record_named(store, &format!("deposit {id}")).await? else {
        return Ok(None);
    };
    let Act::Deposited {
        amount,
        source,
        topup,
        ..
    } = &record.act
    else {
        return Ok(None);
    };
    if let Some(order) = topup {
        return orders::topup(store, subject, *order, look).await;
    }
    let (currency, provider) = (record.currency, record.provider);
    let by = match source {
        Source::Card => "by card".to_owned(),
        Source::Chain(chain) => format!("on the chain {chain}"),
        _ => "by an administrator's word".to_owned(),
    };
    let summary = format!("{amount} {currency} became collateral of {provider}, {by}");
    told(store, subject, summary, (&[record], &[]), look)
        .await
        .map(Some)
}

/// What is bound to a job, until it was let go.
pub(super) async fn of_job(
    store: &dyn Store,
    subject: Subject,
    job: RequestId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let mut records = Vec::new();
    for name in ["lock", "unlock"] {
        records.extend(record_named(store, &format!("{name} {job}")).await?);
    }
    let Some((first, Act::Locked { amount, .. })) = records.first().map(|one| (one, &one.act))
    else {
        return Ok(None);
    };
    let end = match records.len() {
        1 => "",
        _ => ", and let go again",
    };
    let (currency, provider) = (first.currency, first.provider);
    let summary =
        format!("{amount} {currency} of the collateral of {provider} bound to the job {job}{end}");
    told(store, subject, summary, (&records, &[]), look)
        .await
        .map(Some)
}

/// What was asked back, and what became of it.
async fn withdrawal(
    store: &dyn Store,
    subject: Subject,
    id: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let mut records = Vec::new();
    for name in ["withdrawal", "cancel", "confirm", "unpaid"] {
        records.extend(record_named(store, &format!("{name} {id}")).await?);
    }
    let Some((first, Act::Requested { amount, .. })) = records.first().map(|one| (one, &one.act))
    else {
        return Ok(None);
    };
    let (currency, provider) = (first.currency, first.provider);
    let summary = format!("{amount} {currency} of the collateral of {provider} asked back");
    let is_of = |act: &Act| match act {
        Act::Unsent { withdrawal, .. } => *withdrawal == id,
        Act::Deposited { topup, .. } => topup.is_some(),
        _ => false,
    };
    let others = records_of(store, provider, look.may_walk, is_of).await?;
    let (cards, unsent): (Vec<Record>, Vec<Record>) = others
        .into_iter()
        .partition(|one| matches!(one.act, Act::Deposited { .. }));
    let state = match records.last().map(|last| &last.act) {
        Some(Act::Cancelled { .. }) => "taken back by its provider",
        Some(Act::Unpaid { .. }) => "it did not arrive",
        Some(Act::Confirmed { .. }) if !unsent.is_empty() => "a part of it did not arrive",
        Some(Act::Confirmed { .. }) => "it went back where it came from",
        _ => "it waits",
    };
    records.extend(unsent);
    let summary = format!("{summary}: {state}");
    told(store, subject, summary, (&records, &cards), look)
        .await
        .map(Some)
}

/// Everything that these records have moved, and who did it; `cards` are the deposits by card of the same provider.
async fn told(
    store: &dyn Store,
    subject: Subject,
    summary: String,
    (records, cards): (&[Record], &[Record]),
    look: &Look<'_>,
) -> Result<Explanation, StoreError> {
    // Where it is booked, it was soon after it was written down.
    let near = Look {
        may_walk: false,
        ..*look
    };
    let mut entries: Vec<Entry> = Vec::new();
    for record in records {
        for transfer in transfers_of(&record.act, cards) {
            let found = find::about(store, transfer, Some(record.at), &near).await?;
            if found.is_some() {
                entries.extend(found);
                break;
            }
        }
    }
    entries.sort_by_key(|entry| entry.seq);
    entries.dedup_by_key(|entry| entry.seq);
    let mut told = of_entries(subject, "collateral", (summary, Vec::new()), &entries);
    told.said = records.iter().map(said).collect();
    told.owners = Owners {
        provider: records.first().map(|record| record.provider),
        ..Owners::default()
    };
    Ok(told)
}

/// The transfers of which one is in the entry that a record has made: what goes to a card, or is paid out, is known by that.
fn transfers_of(act: &Act, cards: &[Record]) -> Vec<TransferId> {
    let to_cards = |withdrawal: TransferId, fact: &str| {
        let known = cards.iter().filter_map(|card| match card.act {
            Act::Deposited { id, topup, .. } => Some((id, topup?)),
            _ => None,
        });
        let transfer = |(deposit, topup)| {
            let number = refund_number(withdrawal, deposit).to_string();
            Topup::transfer_of(topup, fact, &number)
        };
        known.map(transfer).collect::<Vec<_>>()
    };
    let own = vec![act.transfer()];
    match act {
        Act::Confirmed { id } => [vec![payout_id(*id)], to_cards(*id, "refund"), own].concat(),
        Act::Unsent { withdrawal, .. } => [to_cards(*withdrawal, "refund returned"), own].concat(),
        Act::Unpaid { withdrawal, .. } => {
            let end = entries::payout_end_id(payout_id(*withdrawal));
            [vec![end], own].concat()
        }
        _ => own,
    }
}

fn said(record: &Record) -> Said {
    let (what, says) = match &record.act {
        Act::Deposited { reference, .. } => ("deposited", reference.clone()),
        Act::Locked { amount, .. } => ("locked", amount.to_string()),
        Act::Unlocked { .. } => ("unlocked", String::new()),
        Act::Requested { amount, .. } => ("requested", amount.to_string()),
        Act::Cancelled { .. } => ("cancelled", String::new()),
        Act::Confirmed { .. } => ("returned", "the wait was over".to_owned()),
        Act::Unsent { reason, .. } => ("unsent", reason.clone()),
        Act::Unpaid { reason, .. } => ("unpaid", reason.clone()),
        _ => ("", String::new()),
    };
    let policy = record.policy.as_ref();
    Said {
        at: iso(record.at),
        what,
        by: record.by.clone(),
        says,
        policy: policy.map(|stamp| stamp.version().to_string()),
        policy_hash: policy
            .and_then(|stamp| stamp.hash())
            .map(|hash| hash.to_string()),
    }
}
