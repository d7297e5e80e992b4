//! Keeps the collateral of all providers: reads what happened, in order, and books it.
//!
//! The records in the store are the truth, and their order is the same for everybody who reads them. Writing one down is the
//! moment at which it happens; the ledger follows, and a hub that dies in between books it when it starts again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::collateral::{CollateralMovement, Source};
use swan_core::ledger::entries::{CollateralTerms, collateral, payout_end_id};
use swan_core::ledger::{Account, Applied, Detail, Group, Rule};
use swan_core::{CaseId, Currency, ProviderId, Timestamp, TransferId};

use super::bond::{Bond, Happened};
use super::event::Counts;
use super::record::{Act, Record, named};
use super::{CollateralError, CollateralEvent};
use crate::events::EventSink;
use crate::hub::Rooms;
use crate::ledger::Books;
use crate::payments::Topup;
use crate::store::{DocumentKind, Store, StoreError};

/// What the hub keeps for collateral.
#[derive(Debug, Default)]
pub(crate) struct Collateral {
    /// Held while something is written down and booked, so that records are read in order.
    turn: tokio::sync::Mutex<Place>,
    pub(crate) bonds: Bonds,
    /// Withdrawals that were handed on to whoever pays them.
    sent: Mutex<BTreeSet<TransferId>>,
    pub(crate) counts: Counts,
}

/// What every provider has, for all who ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bonds(Arc<Mutex<BTreeMap<(ProviderId, Currency), Bond>>>);

impl Bonds {
    /// The collateral of a provider, as far as it is known here; empty where there never was any.
    pub(crate) fn of(&self, provider: ProviderId, currency: Currency) -> Bond {
        let bonds = self.0.lock();
        let known = bonds.get(&(provider, currency)).cloned();
        known.unwrap_or_else(|| Bond::new(provider, currency))
    }
}

/// How far the records were read and booked.
#[derive(Debug, Default)]
struct Place {
    /// The number of the last one that was read.
    read: u64,
    /// What is not in the ledger yet.
    unbooked: VecDeque<(Record, Option<Group>)>,
}

/// Records read at a time.
const PAGE: u32 = 100;

impl Collateral {
    /// Everything that was ever written down, before anybody asks.
    pub(crate) async fn open(store: &dyn Store) -> Result<Arc<Self>, StoreError> {
        let collateral = Arc::<Self>::default();
        let mut place = collateral.turn.lock().await;
        let _refused = read(store, &collateral, &mut place).await?;
        drop(place);
        Ok(collateral)
    }

    /// The collateral of a provider, as far as it is known here; empty where there never was any.
    pub(crate) fn bond(&self, provider: ProviderId, currency: Currency) -> Bond {
        self.bonds.of(provider, currency)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Bond> {
        self.bonds.0.lock().values().cloned().collect()
    }

    pub(super) fn is_sent(&self, withdrawal: TransferId) -> bool {
        self.sent.lock().contains(&withdrawal)
    }

    pub(super) fn note_sent(&self, withdrawal: TransferId) {
        self.sent.lock().insert(withdrawal);
    }

    /// Looks at the collateral of a provider without copying it.
    pub(crate) fn look<T>(
        &self,
        provider: ProviderId,
        currency: Currency,
        look: impl FnOnce(&Bond) -> T,
    ) -> Option<T> {
        self.bonds.0.lock().get(&(provider, currency)).map(look)
    }
}

/// What it takes to write something down and to book it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeper<'a> {
    pub(crate) collateral: &'a Collateral,
    pub(crate) store: &'a dyn Store,
    pub(crate) books: &'a Books,
    pub(crate) events: &'a dyn EventSink,
    /// When the hub was started.
    pub(crate) started: Timestamp,
}

/// Lets something happen: writes it down, and books it. The same once more is [`Applied::Exists`].
pub(crate) async fn record(rooms: &Rooms, record: Record) -> Result<Applied, CollateralError> {
    Keeper::of(rooms).record(record).await
}

impl<'a> Keeper<'a> {
    pub(super) fn of(rooms: &'a Rooms) -> Self {
        Self {
            collateral: &rooms.collateral,
            store: &*rooms.store,
            books: &rooms.books,
            events: &*rooms.events,
            started: rooms.started,
        }
    }

    /// Reads what others have written down, and books what is not booked.
    pub(super) async fn catch_up(&self) -> Result<(), CollateralError> {
        let mut place = self.collateral.turn.lock().await;
        read(self.store, self.collateral, &mut place).await?;
        self.book(&mut place).await
    }

    /// Looks at the collateral of a provider as it is by everything that was written down.
    pub(crate) async fn look<T>(
        &self,
        provider: ProviderId,
        currency: Currency,
        look: impl FnOnce(&Bond) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut place = self.collateral.turn.lock().await;
        read(self.store, self.collateral, &mut place).await?;
        Ok(self.collateral.look(provider, currency, look))
    }

    pub(crate) async fn record(&self, record: Record) -> Result<Applied, CollateralError> {
        let mut place = self.collateral.turn.lock().await;
        read(self.store, self.collateral, &mut place).await?;
        // What is there already is said first, so that a repeat is one whatever has happened since.
        let name = record.act.name();
        let known = self
            .store
            .documents()
            .document_named(DocumentKind::Collateral, &name)
            .await?;
        if let Some(known) = known {
            record.is(&Record::read(&known)?)?;
            self.book(&mut place).await?;
            return Ok(Applied::Exists);
        }
        let mut trial = self.collateral.bond(record.provider, record.currency);
        if let Happened::Exists = trial.apply(&record)? {
            return Ok(Applied::Exists);
        }
        // What cannot be booked does not happen: written down, it would stand in the way of all that follows.
        self.books.takes(Rule::CollateralDeposit)?;
        let first = record.act.transfer();
        if first.as_u128() == 0 || self.books.knows(first) {
            return Err(CollateralError::Taken { name });
        }
        let there = self
            .store
            .documents()
            .add_document(&record.document())
            .await?;
        record.is(&Record::read(&there)?)?;
        let refused = read(self.store, self.collateral, &mut place).await?;
        self.book(&mut place).await?;
        match refused
            .into_iter()
            .find(|(number, _)| *number == there.number)
        {
            Some((_, what)) => Err(CollateralError::Overtaken { what }),
            None => Ok(Applied::Created),
        }
    }

    /// Books what was written down, in order; what is booked already is passed over.
    async fn book(&self, place: &mut Place) -> Result<(), CollateralError> {
        while let Some((record, group)) = place.unbooked.front() {
            let mut applied = Applied::Exists;
            if let Some(group) = group {
                let first = group.transfers.first().map(|transfer| transfer.id);
                if first.is_none_or(|id| self.books.moved(id).is_none()) {
                    applied = self.books.post(group.clone()).await?;
                }
            }
            // What moves nothing leaves no trace in the ledger of having been told.
            let is_fresh = group.is_none() && record.at >= self.started;
            if applied == Applied::Created || is_fresh {
                CollateralEvent::of(record).tell(self);
            }
            place.unbooked.pop_front();
        }
        Ok(())
    }
}

/// Lets everything happen that was written down since; answers what came too late for something that was written before it.
async fn read(
    store: &dyn Store,
    collateral: &Collateral,
    place: &mut Place,
) -> Result<Vec<(u64, String)>, StoreError> {
    let fresh = since(store, place.read).await?;
    let mut refused = Vec::new();
    for (number, record) in fresh {
        if let Err(error) = happen(collateral, place, record) {
            tracing::info!(number, %error, "a record of collateral came too late");
            refused.push((number, error.to_string()));
        }
        place.read = number;
    }
    Ok(refused)
}

/// What was written down after the record with this number, in order.
async fn since(store: &dyn Store, number: u64) -> Result<Vec<(u64, Record)>, StoreError> {
    let (mut fresh, mut before) = (Vec::new(), u64::MAX);
    loop {
        let kind = DocumentKind::Collateral;
        let page = store.documents().page(kind, None, before, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for document in page {
            if document.number <= number {
                fresh.reverse();
                return Ok(fresh);
            }
            before = document.number;
            fresh.push((document.number, Record::read(&document)?));
        }
        if is_last {
            fresh.reverse();
            return Ok(fresh);
        }
    }
}

/// The collateral of all providers by the records of a store, for those who have no hub.
#[cfg(feature = "cli")]
pub(crate) async fn bonds_of(
    store: &dyn Store,
) -> Result<BTreeMap<(ProviderId, Currency), Bond>, StoreError> {
    let mut bonds = BTreeMap::new();
    for (_, record) in since(store, 0).await? {
        let key = (record.provider, record.currency);
        let bond = bonds.entry(key).or_insert_with(|| Bond::new(key.0, key.1));
        // What came too late changed nothing, and was said then.
        let _happened = bond.apply(&record);
    }
    Ok(bonds)
}

/// Writes something down for the hub that runs, or the next one, to book.
#[cfg(feature = "cli")]
pub(crate) async fn note(
    store: &dyn Store,
    bond: &mut Bond,
    record: &Record,
) -> Result<(), CollateralError> {
    let _happened = bond.apply(record)?;
    let there = store.documents().add_document(&record.document()).await?;
    record.is(&Record::read(&there)?)
}

fn happen(
    collateral: &Collateral,
    place: &mut Place,
    record: Record,
) -> Result<(), CollateralError> {
    let key = (record.provider, record.currency);
    let mut bonds = collateral.bonds.0.lock();
    let bond = bonds.entry(key).or_insert_with(|| Bond::new(key.0, key.1));
    let happened = bond.apply(&record)?;
    if let Happened::Moved(movements) = happened {
        let group = group(bond, &record, &movements);
        place.unbooked.push_back((record, group));
    }
    Ok(())
}

/// What a record moves in the ledger.
fn group(bond: &Bond, record: &Record, movements: &[CollateralMovement]) -> Option<Group> {
    let terms = CollateralTerms {
        id: record.act.transfer(),
        provider: record.provider,
        currency: record.currency,
        rule: rule(bond, &record.act),
        policy: record.policy.clone(),
        detail: Detail::Note(CollateralEvent::of(record).says.into()),
    };
    collateral(&terms, movements, |deposit| {
        origin(bond, &record.act, deposit)
    })
}

fn rule(bond: &Bond, act: &Act) -> Rule {
    match act {
        Act::Deposited { .. } => Rule::CollateralDeposit,
        Act::Locked { .. } => Rule::CollateralLock,
        Act::Unlocked { .. } => Rule::CollateralUnlock,
        Act::Penalised { .. } | Act::Appealed { .. } => Rule::CollateralImpound,
        Act::Decided { case, .. } | Act::Lapsed { case } => {
            match bond.penalties.get(case).map(|penalty| penalty.state) {
                Some(swan_core::standing::PenaltyState::Lifted { .. }) => Rule::CollateralRestore,
                _ => Rule::CollateralSlash,
            }
        }
        Act::Requested { .. } => Rule::CollateralWithdrawal,
        Act::Cancelled { .. } => Rule::CollateralStay,
        Act::Confirmed { .. } => Rule::CollateralReturn,
        Act::Unsent { .. } | Act::Unpaid { .. } => Rule::CollateralReturnFailed,
        Act::TakenBack { .. } => Rule::CollateralReversal,
        Act::GivenBack { .. } => Rule::CollateralReversalReturned,
    }
}

/// Which account of the outside world stands for a deposit, and by which transfer the money goes there or comes back.
fn origin(bond: &Bond, act: &Act, deposit: TransferId) -> (Account, Option<TransferId>) {
    let withdrawal = match act {
        Act::Confirmed { id } => *id,
        Act::Unsent { withdrawal, .. } | Act::Unpaid { withdrawal, .. } => *withdrawal,
        _ => {
            return match bond.source(deposit) {
                Some(Source::Card) => (Account::Card, None),
                Some(Source::Chain(_)) => (Account::Chain, None),
                _ => (Account::Grants, None),
            };
        }
    };
    let mut parts = bond.account.parts();
    let part = parts.find(|part| part.withdrawal == withdrawal && part.deposit == deposit);
    let topup = bond.deposits.get(&deposit).and_then(|one| one.topup);
    let is_back = !matches!(act, Act::Confirmed { .. });
    match topup {
        Some(topup) if part.is_some_and(|part| part.to_card) => {
            let fact = if is_back { "refund returned" } else { "refund" };
            let number = refund_number(withdrawal, deposit).to_string();
            (
                Account::Card,
                Some(Topup::transfer_of(topup, fact, &number)),
            )
        }
        _ => {
            let payout = payout_id(withdrawal);
            let id = if is_back {
                payout_end_id(payout)
            } else {
                payout
            };
            (Account::PayingOut(bond.provider), Some(id))
        }
    }
}

/// Our number of the refund of a part of a withdrawal.
pub(crate) fn refund_number(withdrawal: TransferId, deposit: TransferId) -> TransferId {
    named(&format!("refund {withdrawal} {deposit}"))
}

/// The transfer that sets a penalty aside.
pub(crate) fn penalty_transfer(case: CaseId) -> TransferId {
    named(&format!("penalty {case}"))
}

/// The payout of what goes to no card.
pub(crate) fn payout_id(withdrawal: TransferId) -> TransferId {
    named(&format!("payout {withdrawal}"))
}
