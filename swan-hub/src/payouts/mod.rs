//! Payouts: what providers ask to be paid, and what becomes of it.
//!
//! The ledger decides. A payout's paper is written before anything moves, and says what the ledger cannot: where to, and by what it
//! was paid. A paper without its transfer never happened; how a payout stands is read from the transfer that ends it, so that a
//! crash between ledger and paper changes nothing, and doing it again finishes it.

mod paper;

use std::time::Duration;

use swan_core::ledger::{Account, entries};
use swan_core::payout::{PayoutEvent, PayoutRules, PayoutState};
use swan_core::{AccountId, Amount, Currency, PolicyStamp, ProviderId, Timestamp, TransferId};
use tokio::sync::Mutex;

pub(crate) use self::paper::{End, Paper};
use crate::collateral::{self, CollateralError};
use crate::hub::Shared;
use crate::ledger::LedgerError;
use crate::store::{DocumentKind, DocumentRecord, NewDocument, StoreError};

/// Held while a payout is asked for or ended, so that a provider has one at a time.
#[derive(Debug, Default)]
pub(crate) struct Payouts(Mutex<()>);

/// A payout as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Payout {
    pub(crate) id: TransferId,
    pub(crate) number: u64,
    pub(crate) state: PayoutState,
    pub(crate) paper: Paper,
}

/// What a provider asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Stays the same when it is asked for again after a lost answer.
    pub(crate) id: TransferId,
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    pub(crate) amount: Amount,
    /// Where to, in the provider's words.
    pub(crate) destination: Option<String>,
}

/// Why there is no payout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PayoutError {
    #[error("the policy of this hub has no payouts")]
    None,
    #[error(transparent)]
    Refused(#[from] swan_core::payout::PayoutRefusal),
    #[error("payout {0} waits to be paid; one in each currency at a time")]
    Pending(TransferId),
    #[error("the last request was less than {} minutes ago", .0.as_secs() / 60)]
    TooSoon(Duration, u64),
    #[error("there is {available} to be paid out, and {wanted} was asked for")]
    TooLittle { available: Amount, wanted: Amount },
    #[error("there is no such payout")]
    Unknown,
    #[error("the payout is {} already", .0.as_str())]
    Ended(PayoutState),
    #[error(transparent)]
    Collateral(#[from] CollateralError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Payouts of a page, and those of a provider that are looked at before it asks for another.
const PAGE: u32 = 100;

/// Sets an amount apart to be paid; the answer survives a crash.
pub(crate) async fn request(hub: &Shared, asked: &Asked) -> Result<Payout, PayoutError> {
    let rules = *hub.policy.payout().ok_or(PayoutError::None)?;
    let _turn = hub.market.payouts.0.lock().await;
    let there = hub
        .store
        .document_named(DocumentKind::Payout, &asked.id.to_string())
        .await?;
    let is_begun = there.is_some();
    if !is_begun {
        rules.check(asked.currency, asked.amount)?;
        check_pace(hub, asked, &rules).await?;
        let available = hub.books.owed(asked.provider, asked.currency);
        if available < asked.amount {
            let wanted = asked.amount;
            return Err(PayoutError::TooLittle { available, wanted });
        }
    }
    let paper = Paper {
        provider: asked.provider,
        currency: asked.currency,
        amount: asked.amount,
        fee: rules.fee(asked.currency),
        destination: asked.destination.clone(),
        requested: hub.clock.now(),
        end: None,
        collateral: None,
    };
    let new = NewDocument {
        kind: DocumentKind::Payout,
        owner: asked.provider.as_u128(),
        name: asked.id.to_string(),
        body: paper.write(),
    };
    let record = hub.store.add_document(&new).await?;
    let (id, paper) = read(&record)?;
    let terms = paper.terms(id, stamp(hub));
    let _applied = hub.books.post(entries::payout(&terms, "asked for")).await?;
    payout(hub, &record)?.ok_or(PayoutError::Unknown)
}

/// Notes that an amount which was set apart elsewhere is to be paid.
pub(crate) async fn add(hub: &Shared, id: TransferId, paper: &Paper) -> Result<(), StoreError> {
    let new = NewDocument {
        kind: DocumentKind::Payout,
        owner: paper.provider.as_u128(),
        name: id.to_string(),
        body: paper.write(),
    };
    hub.store.add_document(&new).await.map(drop)
}

/// One that waits in each currency at a time, and a while from one to the next.
async fn check_pace(hub: &Shared, asked: &Asked, rules: &PayoutRules) -> Result<(), PayoutError> {
    let now = hub.clock.now();
    let (latest, _) = page(hub, Some(asked.provider), u64::MAX).await?;
    for payout in latest {
        if payout.paper.currency != asked.currency || payout.paper.collateral.is_some() {
            continue;
        }
        if payout.state == PayoutState::Requested {
            return Err(PayoutError::Pending(payout.id));
        }
        let again = payout.paper.requested.after(rules.wait());
        if now < again {
            let left = again.since(now).as_secs().max(1);
            return Err(PayoutError::TooSoon(rules.wait(), left));
        }
    }
    Ok(())
}

/// Ends a payout: with what it was paid by, or why it was not. The same end twice is one.
pub(crate) async fn end(
    hub: &Shared,
    id: TransferId,
    event: PayoutEvent,
    says: &str,
) -> Result<Payout, PayoutError> {
    let _turn = hub.market.payouts.0.lock().await;
    let mut payout = find(hub, id).await?.ok_or(PayoutError::Unknown)?;
    let before = payout.state;
    let state = before.on(event).map_err(|_| PayoutError::Ended(before))?;
    let terms = payout.paper.terms(id, stamp(hub));
    match (event, payout.paper.collateral) {
        (PayoutEvent::Pay, _) => {
            let _applied = hub.books.post(entries::payout_paid(&terms, says)).await?;
        }
        (PayoutEvent::Fail | PayoutEvent::Cancel, Some(withdrawal)) => {
            collateral::unpaid(hub, &payout.paper, withdrawal, says).await?;
        }
        (PayoutEvent::Fail | PayoutEvent::Cancel, None) => {
            let group = entries::payout_returned(&terms, says);
            let _applied = hub.books.post(group).await?;
        }
    }
    payout.state = state;
    // What was said first stays.
    if payout.paper.end.is_none() {
        payout.paper.end = Some(End {
            state: state.as_str().to_owned(),
            at: hub.clock.now(),
            says: says.to_owned(),
        });
        let (kind, body) = (DocumentKind::Payout, payout.paper.write());
        let changed = hub.store.change_document(kind, payout.number, &body);
        let _there = changed.await?;
    }
    Ok(payout)
}

/// Makes earnings into credit of the provider's own account.
pub(crate) async fn to_credit(
    hub: &Shared,
    (id, provider, account): (TransferId, ProviderId, AccountId),
    (currency, amount): (Currency, Amount),
) -> Result<(), PayoutError> {
    let group = entries::earnings_to_credit(id, provider, account, currency, amount);
    match hub.books.post(group).await {
        Ok(_) => Ok(()),
        Err(LedgerError::InsufficientFunds { available, wanted }) => {
            Err(PayoutError::TooLittle { available, wanted })
        }
        Err(error) => Err(error.into()),
    }
}

/// The payout with this id, if it happened.
pub(crate) async fn find(hub: &Shared, id: TransferId) -> Result<Option<Payout>, StoreError> {
    let kind = DocumentKind::Payout;
    let record = hub.store.document_named(kind, &id.to_string()).await?;
    Ok(match record {
        Some(record) => payout(hub, &record)?,
        None => None,
    })
}

/// A page of payouts with numbers below `before`, the youngest first, and where the next one begins.
pub(crate) async fn page(
    hub: &Shared,
    provider: Option<ProviderId>,
    before: u64,
) -> Result<(Vec<Payout>, Option<u64>), StoreError> {
    let (kind, owner) = (DocumentKind::Payout, provider.map(ProviderId::as_u128));
    let records = hub.store.documents(kind, owner, before, PAGE).await?;
    let is_full = records.len() >= PAGE as usize;
    let next = records.last().map(|last| last.number);
    let all = records.iter().map(|record| payout(hub, record));
    let all: Vec<Option<Payout>> = all.collect::<Result<_, _>>()?;
    let next = next.filter(|next| is_full && *next > 1);
    Ok((all.into_iter().flatten().collect(), next))
}

/// How a payout stands by the ledger; `None` when its amount was never set apart.
fn payout(hub: &Shared, record: &DocumentRecord) -> Result<Option<Payout>, StoreError> {
    let (id, paper) = read(record)?;
    if hub.books.moved(id).is_none() {
        return Ok(None);
    }
    let ended = hub.books.moved(entries::payout_end_id(id));
    let said = paper.end.as_ref().map(|end| end.state.as_str());
    let state = match ended.map(|(_, credit, _)| credit.account) {
        None => PayoutState::Requested,
        Some(Account::Payouts) => PayoutState::Paid,
        Some(_) if said == Some(PayoutState::Cancelled.as_str()) => PayoutState::Cancelled,
        Some(_) => PayoutState::Failed,
    };
    Ok(Some(Payout {
        id,
        number: record.number,
        state,
        paper,
    }))
}

fn read(record: &DocumentRecord) -> Result<(TransferId, Paper), StoreError> {
    let name = &record.document.name;
    let id = name.parse();
    let id = id.map_err(|_| StoreError::corrupt(format!("{name} is no payout")))?;
    Ok((id, Paper::read(&record.document.body)?))
}

fn stamp(hub: &Shared) -> Option<PolicyStamp> {
    Some(hub.policy.stamp().clone())
}

/// When it was asked for.
pub(crate) const fn requested(payout: &Payout) -> Timestamp {
    payout.paper.requested
}
