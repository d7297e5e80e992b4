//! Where orders are placed and notices come in.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use swan_core::{AccountId, Amount, Currency, ProviderId, Timestamp, TopupId};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time;

use super::event::Counts;
use super::{
    GatewayError, LowBalances, Notice, NoticeError, PayBy, PaymentEvent, PaymentGateway,
    PaymentNews, PaymentOptions, PaymentOrder, PaymentState, Place, Placed, Seen, Topup,
    TopupState,
};
use crate::collateral::CollateralError;
use crate::hub::Rooms;
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// What the hub keeps for payments.
#[derive(Debug)]
pub(crate) struct Payments {
    gateway: Option<Arc<dyn PaymentGateway>>,
    pub(crate) options: PaymentOptions,
    /// One order is worked on by one task at a time.
    turns: [Mutex<()>; 64],
    pub(crate) counts: Counts,
    pub(crate) low_balances: LowBalances,
}

/// Why a payment was not dealt with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PayError {
    #[error("this hub takes no payments by card; ask its operator for credit")]
    NoGateway,
    #[error("there is no such top-up")]
    Unknown,
    #[error(
        "the account is frozen: it owes what the card processor has taken back; ask the operator of this hub"
    )]
    Frozen,
    #[error(
        "{most} top-ups of this account can be paid already; pay one of them, or wait until they expire"
    )]
    TooManyOpen { most: u32 },
    #[error("the top-up was not paid, so there is nothing to refund")]
    NotPaid,
    #[error("{refundable} {} of this top-up can be refunded at most", .currency.code())]
    BeyondPayment {
        refundable: Amount,
        currency: Currency,
    },
    #[error("the account has {available} {} that could go back", .currency.code())]
    BeyondFunds {
        available: Amount,
        currency: Currency,
    },
    #[error("a top-up can be refunded in at most {most} parts")]
    TooManyRefunds { most: usize },
    #[error("a refund with this id was for something else")]
    OtherRefund,
    #[error("this order is collateral, which goes back by a withdrawal of its provider")]
    IsCollateral,
    #[error(transparent)]
    Collateral(#[from] CollateralError),
    #[error("others are working on the same top-up; try again")]
    Busy,
    #[error(transparent)]
    Notice(#[from] NoticeError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PayError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Busy,
            error => Self::Store(error),
        }
    }
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It is about nothing that concerns the books.
    Ignored,
    /// What it told was looked up, and has moved money.
    Booked,
    /// The same, and the books had it already.
    Exists,
    /// A payment without an order.
    Unmatched,
}

impl Received {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Booked => "booked",
            Self::Exists => "exists",
            Self::Unmatched => "unmatched",
        }
    }
}

/// How often an order is begun with anew that somebody else has written meanwhile: another hub on the database, or the command line.
pub(super) const TRIES: u32 = 8;
/// How long a task waits for its turn with an order: a look takes three calls at most.
const TURN: Duration = Duration::from_secs(20);

impl Payments {
    pub(crate) fn new(gateway: Option<Arc<dyn PaymentGateway>>, options: PaymentOptions) -> Self {
        Self {
            gateway,
            options,
            turns: std::array::from_fn(|_| Mutex::default()),
            counts: Counts::default(),
            low_balances: LowBalances::default(),
        }
    }

    pub(crate) fn gateway(&self) -> Result<&dyn PaymentGateway, PayError> {
        self.gateway.as_deref().ok_or(PayError::NoGateway)
    }

    pub(super) const fn is_open(&self) -> bool {
        self.gateway.is_some()
    }

    pub(super) async fn turn(&self, id: TopupId) -> Result<MutexGuard<'_, ()>, PayError> {
        // Below 64.
        let place = usize::try_from(id.as_u128() % 64).unwrap_or_default();
        let turn = self.turns.get(place).ok_or(PayError::Busy)?.lock();
        time::timeout(TURN, turn).await.map_err(|_| PayError::Busy)
    }
}

/// The order with this id.
pub(crate) async fn find(rooms: &Rooms, id: TopupId) -> Result<Topup, PayError> {
    let record = rooms.store.topups().topup(id).await?;
    let record = record.ok_or(PayError::Unknown)?;
    Ok(Topup::read(&record)?)
}

/// Keeps the next revision of an order.
pub(super) async fn keep(rooms: &Rooms, order: &mut Topup) -> Result<(), PayError> {
    let record = order.record();
    rooms.store.topups().put_topup(&record).await?;
    order.revision = record.revision;
    Ok(())
}

/// Tells everybody.
pub(super) fn tell(rooms: &Rooms, event: &PaymentEvent) {
    rooms.payments.counts.count(event.news);
    rooms.events.on_payment(event);
}

/// Places an order; one that was placed with this id before is placed no second time.
pub(crate) async fn place(
    rooms: &Rooms,
    id: TopupId,
    account: AccountId,
    collateral_of: Option<ProviderId>,
    (amount, pay_by): (Amount, PayBy),
) -> Result<(Topup, Placed), PayError> {
    let _turn = rooms.payments.turn(id).await?;
    for _ in 0..TRIES {
        match place_now(rooms, id, (account, collateral_of), (amount, pay_by)).await {
            Err(PayError::Busy) => {}
            done => return done,
        }
    }
    Err(PayError::Busy)
}

async fn place_now(
    rooms: &Rooms,
    id: TopupId,
    (account, collateral_of): (AccountId, Option<ProviderId>),
    (amount, pay_by): (Amount, PayBy),
) -> Result<(Topup, Placed), PayError> {
    let gateway = rooms.payments.gateway()?;
    let known = rooms.store.topups().topup(id).await?;
    let mut order = match &known {
        Some(record) => Topup::read(record)?,
        None => {
            let new = Topup::new(id, account, amount, pay_by, rooms.clock.now());
            let new = Topup {
                collateral_of,
                ..new
            };
            begin(rooms, new).await?
        }
    };
    if (order.account, order.collateral_of) != (account, collateral_of) {
        return Err(PayError::Unknown);
    }
    // The processor knows the order by its id, so what was placed before is found and not placed again.
    let placed = gateway
        .place(&PaymentOrder::of(&order, order.expires()))
        .await?;
    take(&mut order, &placed);
    keep(rooms, &mut order).await?;
    Ok((order, placed))
}

/// Keeps the order before the processor hears of it, so that nothing over there is unknown here.
async fn begin(rooms: &Rooms, mut order: Topup) -> Result<Topup, PayError> {
    if rooms.books.is_frozen(order.account) {
        return Err(PayError::Frozen);
    }
    let most = rooms.payments.options.open_max;
    let latest = rooms
        .store
        .topups()
        .page(Some(order.account), None, most)
        .await?;
    let mut open = 0;
    for record in &latest {
        let other = Topup::read(record)?;
        open += u32::from(other.state == TopupState::Open);
    }
    if open >= most {
        return Err(PayError::TooManyOpen { most });
    }
    keep(rooms, &mut order).await?;
    Ok(order)
}

/// Notes where the processor has an order.
pub(super) fn take(order: &mut Topup, placed: &Placed) {
    match &placed.place {
        Place::Session(id) => order.session = Some(id.clone()),
        Place::Payment(id) => order.payment = Some(id.clone()),
    }
    order.url.clone_from(&placed.url);
}

/// Takes a notice in: looks up what it is about, and books what the processor's books say.
pub(crate) async fn receive(
    rooms: &Rooms,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Received, PayError> {
    let gateway = rooms.payments.gateway()?;
    let now: Timestamp = rooms.clock.now();
    let notice = gateway.read(headers, body, now)?;
    let Some(place) = &notice.about else {
        return Ok(Received::Ignored);
    };
    let id = match notice.topup {
        Some(id) => id,
        None => {
            let seen = gateway.look(place).await?;
            match seen.topup {
                Some(id) => id,
                None => return Ok(unmatched(rooms, &notice, place, &seen)),
            }
        }
    };
    let known = rooms.store.topups().topup(id).await?;
    if known.is_none() {
        let seen = gateway.look(place).await?;
        return Ok(unmatched(rooms, &notice, place, &seen));
    }
    let said = super::look::Told {
        place: Some(place),
        paid: notice.paid.as_ref(),
        by: &format!("event {}", notice.id),
    };
    let moved = super::look::look_at(rooms, id, &said).await?;
    Ok(if moved {
        Received::Booked
    } else {
        Received::Exists
    })
}

/// Somebody has paid something that nobody has ordered.
fn unmatched(rooms: &Rooms, notice: &Notice, place: &Place, seen: &Seen) -> Received {
    if seen.state != PaymentState::Paid {
        return Received::Ignored;
    }
    let (Place::Session(object) | Place::Payment(object)) = place;
    let event = PaymentEvent {
        news: PaymentNews::Unmatched,
        topup: seen.topup,
        account: None,
        provider: None,
        amount: seen.paid,
        currency: seen.currency.clone(),
        object: seen.payment.clone().unwrap_or_else(|| object.clone()),
        says: format!(
            "event {}: paid without an order of this hub; nothing was credited",
            notice.id
        ),
    };
    tell(rooms, &event);
    Received::Unmatched
}
