//! Asks the processor about orders: when it has sent something, and by and by without that, so that a lost notice loses nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use swan_core::{Amount, TopupId};
use tokio::time;

use super::desk::{keep, take, tell};
use super::facts::Facts;
use super::{
    GatewayError, PayError, PaymentEvent, PaymentNews, PaymentOrder, PaymentState, Place, Topup,
    TopupState, refunds,
};
use crate::hub::Rooms;

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

/// Looks at an order and books what is new; answers whether money has moved.
pub(super) async fn look_at(rooms: &Rooms, id: TopupId, told: &Told<'_>) -> Result<bool, PayError> {
    let _turn = rooms.payments.turn(id).await?;
    let mut order = super::desk::find(rooms, id).await?;
    let looked = look(rooms, &mut order, told).await;
    let now = rooms.clock.now();
    match looked {
        Ok(is_new) => {
            order.schedule(now, is_new);
            keep(rooms, &mut order).await?;
            Ok(is_new)
        }
        Err(error) => {
            // What has moved is in the ledger; here it is noted that it is asked for again.
            order.schedule(now, false);
            keep(rooms, &mut order).await?;
            Err(error)
        }
    }
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
    let was_frozen = rooms.books.is_frozen(order.account);
    let moved_before = order.moved.len();
    let stage_before = order.clone();
    if seen.state == PaymentState::Closed && order.state == TopupState::Open {
        order.state = TopupState::Expired;
    }
    let mut facts = Facts {
        rooms,
        order,
        told_by: told.by,
    };
    facts.settle(&seen, told.paid).await?;
    refunds::carry_on(rooms, order, told.by).await?;
    tell_of_freezing(rooms, order, was_frozen);
    let is_new = order.moved.len() > moved_before;
    Ok(is_new || stage_before.state != order.state)
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

pub(super) fn tell_of_freezing(rooms: &Rooms, order: &Topup, was_frozen: bool) {
    let is_frozen = rooms.books.is_frozen(order.account);
    let owes = rooms.books.shortfall(order.account, order.currency);
    let news = match (was_frozen, is_frozen) {
        (false, true) => PaymentNews::Frozen,
        (true, false) => PaymentNews::Thawed,
        _ => return,
    };
    tell(rooms, &PaymentEvent::new(news, order, owes));
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
        if let Err(error) = look_at(rooms, record.id, &told).await {
            tracing::warn!(topup = %record.id, %error, "the card processor cannot be asked about a top-up");
        }
    }
    Ok(())
}
