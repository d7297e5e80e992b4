//! Refunds that administrators begin: noted first, then taken from the account, then sent to the card.

use swan_core::ledger::PaymentKind;
use swan_core::{Amount, Timestamp, TopupId, TransferId};

use super::desk::{TRIES, find, keep};
use super::facts::{Fact, Facts, returned};
use super::look::{CLAIMED, Told, look};
use super::own_refunds::TAKEN;
use super::{
    GatewayError, PayError, PaymentNews, RefundOrder, RefundRecord, RefundStage, Topup, TopupState,
};
use crate::hub::Rooms;
use crate::ledger::LedgerError;

/// The most refunds of one order.
pub(crate) const REFUNDS_MAX: usize = 60;

impl Topup {
    /// Notes that a refund is wanted. Once more with the same number and amount it is the same refund.
    pub(crate) fn begin_refund(
        &mut self,
        number: TransferId,
        amount: Amount,
        by: &str,
        now: Timestamp,
    ) -> Result<(), PayError> {
        if let Some(known) = self.refunds.iter().find(|known| known.number == number) {
            return if known.amount == amount {
                Ok(())
            } else {
                Err(PayError::OtherRefund)
            };
        }
        if self.collateral_of.is_some() {
            return Err(PayError::IsCollateral);
        }
        self.note_refund(number, amount, by, now)
    }

    fn note_refund(
        &mut self,
        number: TransferId,
        amount: Amount,
        by: &str,
        now: Timestamp,
    ) -> Result<(), PayError> {
        if self.state != TopupState::Paid {
            return Err(PayError::NotPaid);
        }
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(PayError::TooManyRefunds { most: REFUNDS_MAX });
        }
        let refundable = self.refundable();
        if amount > refundable {
            return Err(PayError::BeyondPayment {
                refundable,
                currency: self.currency,
            });
        }
        self.refunds.push(RefundRecord {
            number,
            amount,
            stage: RefundStage::Begun,
            by: by.to_owned(),
            begun: now,
            object: None,
            why: None,
        });
        self.due = Some(now);
        Ok(())
    }
}

/// Sends collateral that has left the books back to the card that it came from; what was begun before is begun already.
///
/// The hub's next look at the order goes on with it.
pub(crate) async fn send_back(
    rooms: &Rooms,
    id: TopupId,
    (number, amount): (TransferId, Amount),
    by: &str,
) -> Result<(), PayError> {
    let _turn = rooms.payments.turn(id).await?;
    let mut order = find(rooms, id).await?;
    if order.refunds.iter().any(|known| known.number == number) {
        return Ok(());
    }
    order.note_refund(number, amount, by, rooms.clock.now())?;
    keep(rooms, &mut order).await
}

/// Refunds a part of an order. What the processor has not answered yet is asked again until it has.
pub(crate) async fn refund(
    rooms: &Rooms,
    id: TopupId,
    (number, amount): (TransferId, Option<Amount>),
    by: &str,
) -> Result<(Topup, RefundRecord), PayError> {
    rooms.payments.gateway()?;
    let _turn = rooms.payments.turn(id).await?;
    for again in 0..TRIES {
        match refund_now(rooms, id, (number, amount), (by, again > 0)).await {
            Err(PayError::Busy) => {}
            done => return done,
        }
    }
    Err(PayError::Busy)
}

async fn refund_now(
    rooms: &Rooms,
    id: TopupId,
    (number, amount): (TransferId, Option<Amount>),
    (by, was_overtaken): (&str, bool),
) -> Result<(Topup, RefundRecord), PayError> {
    let mut order = find(rooms, id).await?;
    if order.collateral_of.is_some() {
        return Err(PayError::IsCollateral);
    }
    let now = rooms.clock.now();
    let known = order.refunds.iter().find(|known| known.number == number);
    let amount = amount.or_else(|| known.map(|known| known.amount));
    let amount = amount.unwrap_or_else(|| order.refundable());
    let balance = rooms
        .books
        .balance_everywhere(order.account, order.currency);
    let available = balance.await?.available();
    if known.is_none()
        && order.state == TopupState::Paid
        && amount > available
        && amount <= order.refundable()
    {
        return Err(PayError::BeyondFunds {
            available,
            currency: order.currency,
        });
    }
    if amount <= Amount::ZERO {
        let refundable = Amount::ZERO;
        let currency = order.currency;
        return Err(match order.state {
            TopupState::Paid => PayError::BeyondPayment {
                refundable,
                currency,
            },
            _ => PayError::NotPaid,
        });
    }
    // Its answer may have been lost longer ago than the processor knows an idempotency key, and what another hub has come to is what the
    // processor says.
    let mut known = order.refunds.iter();
    let was_sent = was_overtaken || known.any(|known| known.stage == RefundStage::Begun);
    order.begin_refund(number, amount, by, now)?;
    if rooms.books.is_shared() {
        order.due = Some(now.after(CLAIMED));
    }
    keep(rooms, &mut order).await?;
    let carried = if was_sent {
        let told = Told {
            place: None,
            paid: None,
            by,
        };
        look(rooms, &mut order, &told).await.map(drop)
    } else {
        carry_on(rooms, &mut order, by).await
    };
    order.schedule(now, true);
    keep(rooms, &mut order).await?;
    match carried {
        // It is noted, and carried on with later.
        Ok(()) | Err(PayError::Gateway(_)) => {}
        Err(error) => return Err(error),
    }
    let done = order.refunds.iter().find(|done| done.number == number);
    let done = done.cloned().ok_or(PayError::Busy)?;
    Ok((order, done))
}

/// Does what is left to do of refunds that were begun: after a crash or a lost answer that may be any part of it.
pub(super) async fn carry_on(rooms: &Rooms, order: &mut Topup, by: &str) -> Result<(), PayError> {
    let begun: Vec<_> = order
        .refunds
        .iter()
        .filter(|refund| refund.stage == RefundStage::Begun)
        .map(|refund| (refund.number, refund.amount))
        .collect();
    if begun.is_empty() {
        return Ok(());
    }
    let returned = returned(rooms, order).await?;
    for (number, amount) in begun {
        let mut facts = Facts {
            rooms,
            order,
            told_by: by,
            returned: &returned,
        };
        let sent = match returned.contains(&number) {
            // Whoever gave it up has not noted that.
            true => {
                facts.return_refund(number, amount, "").await?;
                Err("it was given up before".to_owned())
            }
            false => send_or_give_up(&mut facts, number, amount).await?,
        };
        let mut own = order.refunds.iter_mut();
        if let (Err(why), Some(own)) = (sent, own.find(|own| own.number == number)) {
            (own.stage, own.why) = (RefundStage::Failed, Some(why));
        }
    }
    Ok(())
}

/// Sends a refund, or says why it is given up.
async fn send_or_give_up(
    facts: &mut Facts<'_>,
    number: TransferId,
    amount: Amount,
) -> Result<Result<(), String>, PayError> {
    match send(facts, number, amount).await {
        Ok(()) => Ok(Ok(())),
        Err(PayError::Ledger(LedgerError::InsufficientFunds { available, .. })) => {
            Ok(Err(format!("the account has only {available} left")))
        }
        Err(PayError::Gateway(
            error @ (GatewayError::Refused { .. } | GatewayError::Unknown { .. }),
        )) => {
            facts.return_refund(number, amount, "").await?;
            Ok(Err(error.to_string()))
        }
        Err(other) => Err(other),
    }
}

async fn send(facts: &mut Facts<'_>, number: TransferId, amount: Amount) -> Result<(), PayError> {
    let payment = facts.order.payment.clone().ok_or(PayError::NotPaid)?;
    let taken = Fact {
        kind: PaymentKind::Refund,
        id: facts.order.transfer(TAKEN, &number.to_string()),
        amount,
        object: &payment,
        news: PaymentNews::Refunded,
    };
    facts.book(&taken).await?;
    let wanted = RefundOrder::new(number.as_u128(), facts.order.id, payment, amount);
    let sent = facts.rooms.payments.gateway()?.refund(&wanted).await?;
    facts.own_refund(number, &sent).await
}
