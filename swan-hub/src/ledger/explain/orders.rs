//! Explains what people and card processors ordered, which no request caused: payouts, and payments by card.

use swan_core::ledger::{Account, Entry, Rule, entries};
use swan_core::{Amount, TopupId, TransferId};

use super::charge::step;
use super::facts::{Explanation, Owners};
use super::{Look, Subject, find};
use crate::collateral::account_of;
use crate::payments::Topup;
use crate::payouts::Paper;
use crate::store::{DocumentKind, Store, StoreError};

/// Orders of an account that are looked through for a transfer of theirs, and how many at once.
const ORDERS: usize = 1_000;
const PAGE: u32 = 100;

/// The payout that a transfer belongs to: that which sets its amount apart, the one that ends it, or its fee.
pub(super) async fn payout(
    store: &dyn Store,
    subject: Subject,
    transfer: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    for id in entries::payouts_of(transfer) {
        let name = id.to_string();
        let record = store
            .documents()
            .document_named(DocumentKind::Payout, &name)
            .await?;
        let Some(record) = record else {
            continue;
        };
        let paper = Paper::read(&record.document.body)?;
        // A paper without its transfer never happened.
        let asked = find::about(store, id, Some(paper.requested), look).await?;
        let Some(asked) = asked else {
            return Ok(None);
        };
        let end = entries::payout_end_id(id);
        let at = paper.end.as_ref().map(|end| end.at);
        let ended = find::about(store, end, at, look).await?;
        let of_payout: Vec<Entry> = [Some(asked), ended].into_iter().flatten().collect();
        let is_one_of_them = of_payout.iter().any(|entry| find::has(entry, transfer));
        let told = of_entries(
            subject,
            "payout",
            (payout_summary(&paper, &of_payout), payout_notes(&paper)),
            &of_payout,
        );
        return Ok(is_one_of_them.then_some(told));
    }
    Ok(None)
}

fn payout_summary(paper: &Paper, entries: &[Entry]) -> String {
    let (amount, currency, fee) = (paper.amount, paper.currency, paper.fee);
    let says = paper.end.as_ref().map_or("", |end| end.says.as_str());
    let asked = format!("{amount} {currency} of {} to be paid", paper.provider);
    let end = entries
        .iter()
        .find_map(|entry| match entry.group.cause.rule {
            Rule::PayoutPaid => Some(true),
            Rule::PayoutReturned => Some(false),
            _ => None,
        });
    match end {
        None => format!("{asked}: it waits"),
        Some(true) => {
            let pays = amount.checked_sub(fee).unwrap_or(Amount::ZERO);
            format!("{asked}: {pays} was paid by {says}, and {fee} kept as the fee")
        }
        Some(false) => format!("{asked}: it was given back, because {says}"),
    }
}

fn payout_notes(paper: &Paper) -> Vec<String> {
    let to = paper.destination.as_ref();
    to.map(|to| format!("to be paid to {to}"))
        .into_iter()
        .collect()
}

/// The order with this id.
pub(super) async fn topup(
    store: &dyn Store,
    subject: Subject,
    id: TopupId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let Some(record) = store.topups().topup(id).await? else {
        return Ok(None);
    };
    let topup = Topup::read(&record)?;
    of_topup(store, subject, &topup, look).await.map(Some)
}

/// The order of the account that has this transfer, or a refund with this number.
pub(super) async fn topup_with(
    store: &dyn Store,
    subject: Subject,
    transfer: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let owner = look.account.or(look.provider.map(account_of));
    if owner.is_none() && !look.all_orders {
        return Ok(None);
    }
    let (mut before, mut looked) = (None, 0);
    loop {
        let page = store.topups().page(owner, before, PAGE).await?;
        for record in &page {
            let topup = Topup::read(record)?;
            let is_of = topup.moved.iter().any(|one| one.transfer == transfer)
                || topup.refunds.iter().any(|one| one.number == transfer);
            if is_of {
                return of_topup(store, subject, &topup, look).await.map(Some);
            }
        }
        looked += page.len();
        before = page.last().map(|last| (last.created, last.id));
        if page.len() < PAGE as usize || looked >= ORDERS && !look.may_walk {
            return Ok(None);
        }
    }
}

async fn of_topup(
    store: &dyn Store,
    subject: Subject,
    topup: &Topup,
    look: &Look<'_>,
) -> Result<Explanation, StoreError> {
    let mut found = entries_of(store, topup, look).await?;
    if found.is_empty() {
        for other in store.others().await? {
            found.append(&mut entries_of(&*other, topup, look).await?);
        }
    }
    Ok(told_of(subject, topup, &found))
}

/// What a journal has of an order.
async fn entries_of(
    store: &dyn Store,
    topup: &Topup,
    look: &Look<'_>,
) -> Result<Vec<Entry>, StoreError> {
    let mut found: Vec<Entry> = Vec::new();
    for moved in &topup.moved {
        let entry = find::about(store, moved.transfer, Some(moved.at), look).await?;
        let Some(entry) = entry else {
            continue;
        };
        let mut next = entry.seq;
        found.push(entry);
        // What was taken of the account for what it then owed stands right behind.
        loop {
            next = next.saturating_add(1);
            let follows = find::numbered(store, next).await?;
            let Some(follows) = follows.filter(|entry| collects(entry, topup)) else {
                break;
            };
            found.push(follows);
        }
    }
    found.sort_by_key(|entry| entry.seq);
    found.dedup_by_key(|entry| entry.seq);
    Ok(found)
}

fn told_of(subject: Subject, topup: &Topup, found: &[Entry]) -> Explanation {
    let (amount, currency, back) = (topup.amount, topup.currency, topup.gone_back());
    let state = topup.state.as_str();
    let of = match topup.collateral_of {
        Some(provider) => format!("as collateral of {provider}"),
        None => format!("by {}", topup.account),
    };
    let mut summary = format!("{amount} {currency} ordered {of}: {state}");
    if !back.is_zero() {
        summary.push_str(&format!(", and {back} of it has gone back"));
    }
    let refunds = topup.refunds.iter().map(|refund| {
        let (number, amount, by) = (refund.number, refund.amount, &refund.by);
        let why = refund
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        format!(
            "refund {number} of {amount} by {by}: {}{why}",
            refund.stage.as_str()
        )
    });
    let dispute = "a dispute about it is being decided".to_owned();
    let dispute = topup.disputed.then_some(dispute);
    let payment = topup.payment.as_ref();
    let payment = payment.map(|payment| format!("the card processor's payment is {payment}"));
    let notes = payment.into_iter().chain(refunds).chain(dispute).collect();
    let mut told = of_entries(subject, "topup", (summary, notes), found);
    told.owners = match topup.collateral_of {
        Some(provider) => Owners {
            account: None,
            provider: Some(provider),
        },
        None => Owners {
            account: Some(topup.account),
            ..told.owners
        },
    };
    told
}

fn collects(entry: &Entry, topup: &Topup) -> bool {
    let own = Account::Shortfall(topup.account);
    let mut transfers = entry.group.transfers.iter();
    entry.group.cause.rule == Rule::Collection && transfers.any(|one| one.credit.account == own)
}

pub(super) fn of_entries(
    subject: Subject,
    kind: &'static str,
    (summary, notes): (String, Vec<String>),
    entries: &[Entry],
) -> Explanation {
    Explanation {
        id: subject.to_string(),
        kind,
        request: None,
        summary,
        said: Vec::new(),
        steps: entries.iter().map(step).collect(),
        charge: None,
        attempts: Vec::new(),
        balances: Vec::new(),
        notes,
        owners: Owners::of(entries),
    }
}
