//! Asks the processor about orders: when it has sent something, and by and by without that, so that a lost notice loses nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use swan_core::{Amount, TopupId};
use tokio::time;

use super::desk::{TRIES, keep, take};
use super::facts::{Facts, returned};
use super::{
    GatewayError, PayError, PaymentOrder, PaymentState, Place, Topup, TopupState, refunds,
};
use crate::hub::Rooms;
use crate::store::TopupRecord;

/// Why the processor is asked.
pub(super) struct Told<'a> {
    /// Where, if somebody has said so.
    pub(super) place: Option<&'a Place>,
    /// What somebody says was paid.
    pub(super) paid: Option<&'a (Amount, String)>,
    /// Who.
    pub(super) by: &'a str,
}

/// How old an order must be before it is placed again whose answer was lost with the hub.
const LOST_AFTER: Duration = Duration::from_secs(600);

/// For how long the other hubs on the database leave an order alone that one of them asks about.
pub(super) const CLAIMED: Duration = Duration::from_secs(60);

/// Looks at an order and books what is new; answers whether money has moved. Whoever was overtaken looks anew.
pub(super) async fn look_at(rooms: &Rooms, id: TopupId, told: &Told<'_>) -> Result<bool, PayError> {
    let _turn = rooms.payments.turn(id).await?;
    let mut has_moved = false;
    for _ in 0..TRIES {
        let mut order = super::desk::find(rooms, id).await?;
        let looked = look(rooms, &mut order, told).await;
        has_moved |= matches!(looked, Ok(true));
        // What has moved is in the ledger; after a failure it is noted here that it is asked for again.
        order.schedule(rooms.clock.now(), matches!(looked, Ok(true)));
        match keep(rooms, &mut order).await {
            Err(PayError::Busy) => {}
            Err(error) => return Err(error),
            Ok(()) => return looked.map(|_| has_moved),
        }
    }
    Err(PayError::Busy)
}

/// Books what the processor knows of an order, and then sends what it does not know yet.
pub(super) async fn look(
    rooms: &Rooms,
    order: &mut Topup,
    told: &Told<'_>,
) -> Result<bool, PayError> {
    let gateway = rooms.payments.gateway()?;
    let now = rooms.clock.now();
    let Some(place) = whereabouts(rooms, order, told).await? else {
        return Ok(false);
    };
    let returned = returned(rooms, order).await?;
    let mut seen = gateway.look(&place).await?;
    if seen.state == PaymentState::Open && now >= order.expires() {
        gateway.close(&place).await?;
        // It may have been paid at the last moment.
        seen = gateway.look(&place).await?;
    }
    if seen.topup.is_some_and(|topup| topup != order.id) {
        return Err(GatewayError::Malformed {
            what: "the payment names another order".into(),
        }
        .into());
    }
    if order.payment.is_none() {
        order.payment.clone_from(&seen.payment);
    }
    let (moved_before, state_before) = (order.moved.len(), order.state);
    if seen.state == PaymentState::Closed && order.state == TopupState::Open {
        order.state = TopupState::Expired;
    }
    let mut facts = Facts {
        rooms,
        order,
        told_by: told.by,
        returned: &returned,
    };
    facts.settle(&seen, told.paid).await?;
    refunds::carry_on(rooms, order, told.by).await?;
    let is_new = order.moved.len() > moved_before;
    Ok(is_new || state_before != order.state)
}

/// Where the processor has an order. An order whose answer was lost is placed once more, which places it once.
async fn whereabouts(
    rooms: &Rooms,
    order: &mut Topup,
    told: &Told<'_>,
) -> Result<Option<Place>, PayError> {
    if let Some(place) = order.place() {
        // What somebody else names is no payment of this order.
        return Ok(Some(match (told.place, &order.payment) {
            (Some(Place::Payment(id)), None) => Place::Payment(id.clone()),
            _ => place,
        }));
    }
    if let Some(place) = told.place {
        return Ok(Some(place.clone()));
    }
    let now = rooms.clock.now();
    if now >= order.expires() {
        // Nobody was ever told how to pay it, and by now nobody can.
        order.state = TopupState::Expired;
        return Ok(None);
    }
    if now < order.created.after(LOST_AFTER) {
        return Ok(None);
    }
    let gateway = rooms.payments.gateway()?;
    let placed = gateway
        .place(&PaymentOrder::of(order, order.expires()))
        .await?;
    take(order, &placed);
    Ok(order.place())
}

/// Asks about what is due, at once and then again and again, as long as the hub lives.
pub(crate) fn run(rooms: &Arc<Rooms>) {
    if !rooms.payments.is_open() {
        return;
    }
    let rooms = Arc::downgrade(rooms);
    tokio::spawn(async move {
        while let Some(every) = turn(&rooms).await {
            time::sleep(every).await;
        }
    });
}

async fn turn(rooms: &Weak<Rooms>) -> Option<Duration> {
    let rooms = rooms.upgrade()?;
    let options = rooms.payments.options;
    if let Err(error) = look_at_all(&rooms).await {
        tracing::warn!(%error, "orders that were not paid yet cannot be looked at");
    }
    Some(options.look_every)
}

/// Asks about every order that is due, up to the bound on one turn.
async fn look_at_all(rooms: &Rooms) -> Result<(), PayError> {
    let (now, most) = (rooms.clock.now(), rooms.payments.options.looks_max);
    for record in rooms.store.topups().due_topups(now, most).await? {
        let told = Told {
            place: None,
            paid: None,
            by: "a look at the processor's books",
        };
        if rooms.books.is_shared() && !claim(rooms, &record).await? {
            continue;
        }
        if let Err(error) = look_at(rooms, record.id, &told).await {
            tracing::warn!(topup = %record.id, %error, "the card processor cannot be asked about a top-up");
        }
    }
    Ok(())
}

/// Puts off when an order is asked about, as one of several hubs does: of those that want to the first. Should it die over it, the others
/// find the order due again.
async fn claim(rooms: &Rooms, record: &TopupRecord) -> Result<bool, PayError> {
    let _turn = rooms.payments.turn(record.id).await?;
    let mut order = Topup::read(record)?;
    order.due = Some(rooms.clock.now().after(CLAIMED));
    order.claim = Some(rooms.entropy.next_u64());
    match keep(rooms, &mut order).await {
        Ok(()) => Ok(true),
        Err(PayError::Busy) => Ok(false),
        Err(error) => Err(error),
    }
}
