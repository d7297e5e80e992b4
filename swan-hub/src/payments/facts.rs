//! What the books of the processor say becomes what our books say: each fact once.

use std::collections::BTreeSet;

use swan_core::ledger::{Applied, PaymentKind, PaymentRecord, PaymentTerms};
use swan_core::{Amount, Currency, ProviderId, TransferId};

use super::desk::tell;
use super::{
    DisputeFact, DisputeState, Movement, PayError, PaymentEvent, PaymentNews, PaymentState,
    RefundFact, RefundState, Seen, Topup, TopupState, own_refunds,
};
use crate::collateral::{self, CardFact, CollateralError};
use crate::hub::Rooms;
use crate::ledger::LedgerError;

/// An order, and who told of what is booked.
pub(super) struct Facts<'a> {
    pub(super) rooms: &'a Rooms,
    pub(super) order: &'a mut Topup,
    pub(super) told_by: &'a str,
    /// As [`returned`] was before the processor was asked.
    pub(super) returned: &'a BTreeSet<TransferId>,
}

/// The refunds of ours whose money the account has again, at whichever hub that was booked. Read before the processor is asked: what it
/// says after that is newer.
pub(super) async fn returned(
    rooms: &Rooms,
    order: &Topup,
) -> Result<BTreeSet<TransferId>, PayError> {
    rooms.books.read_on().await?;
    let numbers = order.refunds.iter().map(|refund| refund.number);
    let is_back = |number: &TransferId| {
        let back = order.transfer(own_refunds::RETURNED, &number.to_string());
        rooms.books.knows(back)
    };
    Ok(numbers.filter(is_back).collect())
}

/// What a movement is about.
pub(super) struct Fact<'a> {
    pub(super) kind: PaymentKind,
    /// What makes the identifier of its transfer, besides the order.
    pub(super) id: TransferId,
    pub(super) amount: Amount,
    pub(super) object: &'a str,
    pub(super) news: PaymentNews,
}

impl Facts<'_> {
    /// Books everything of `seen` that is not booked yet. `paid` is what somebody says was paid.
    pub(super) async fn settle(
        &mut self,
        seen: &Seen,
        paid: Option<&(Amount, String)>,
    ) -> Result<(), PayError> {
        if seen.state != PaymentState::Paid {
            return Ok(());
        }
        if !self.is_as_ordered(seen, paid) {
            return Ok(());
        }
        // A refund is taken before it is sent: what the processor has told of was booked by now, at whichever hub.
        self.rooms.books.read_on().await?;
        let payment = seen.payment.clone().unwrap_or_default();
        let credit = Fact {
            kind: PaymentKind::Topup,
            id: self.order.transfer("paid", ""),
            amount: self.order.amount,
            object: &payment,
            news: PaymentNews::Paid,
        };
        self.book(&credit).await?;
        self.order.state = TopupState::Paid;
        for refund in &seen.refunds {
            self.refund(refund).await?;
        }
        self.give_back_unsent(&seen.refunds).await?;
        self.order.disputed = false;
        for dispute in &seen.disputes {
            self.dispute(dispute).await?;
        }
        Ok(())
    }

    /// Whether what was paid is what was ordered. If not, nobody is credited, and the operator is told once.
    fn is_as_ordered(&mut self, seen: &Seen, paid: Option<&(Amount, String)>) -> bool {
        let ordered = (self.order.amount, self.order.currency.code());
        let is = |amount: Amount, currency: &str| {
            amount == ordered.0 && currency.eq_ignore_ascii_case(ordered.1)
        };
        let other = self
            .order
            .payment
            .as_ref()
            .is_some_and(|payment| Some(payment) != seen.payment.as_ref());
        let wrong = if seen.topup != Some(self.order.id) || other {
            "it is another payment than that of the order".to_owned()
        } else if !is(seen.paid, &seen.currency) {
            format!("{} {} were paid", seen.paid, seen.currency)
        } else if let Some((amount, currency)) =
            paid.filter(|(amount, currency)| !is(*amount, currency))
        {
            format!("{} says {amount} {currency}", self.told_by)
        } else {
            return true;
        };
        let says = format!(
            "{wrong}, {} {} were ordered; nothing was credited by that",
            ordered.0, ordered.1
        );
        if self.order.problem.as_deref() != Some(&says) {
            let object = seen.payment.clone().unwrap_or_default();
            let event = PaymentEvent::new(PaymentNews::Mismatched, self.order, seen.paid);
            tell(self.rooms, &event.about(&object).saying(&*says));
            self.order.problem = Some(says);
        }
        false
    }

    /// Moves the money of a fact, if it has not moved yet.
    pub(super) async fn book(&mut self, fact: &Fact<'_>) -> Result<(), PayError> {
        if let Some(provider) = self.order.collateral_of {
            return self.book_collateral(provider, fact).await;
        }
        let terms = PaymentTerms {
            id: fact.id,
            kind: fact.kind,
            account: self.order.account,
            currency: self.order.currency,
            amount: fact.amount,
            record: PaymentRecord {
                topup: self.order.id,
                object: fact.object.to_owned(),
                told_by: self.told_by.to_owned(),
            },
        };
        let was_frozen = self.rooms.books.is_frozen(self.order.account);
        match self.rooms.books.pay(&terms).await {
            Ok(applied) => {
                self.moved(fact, applied);
                if applied == Applied::Created {
                    tell_of_freezing(self.rooms, self.order, was_frozen);
                }
            }
            // The same fact with another amount: what was booked first stays.
            Err(error @ (LedgerError::Duplicate | LedgerError::Rejected(_))) => {
                self.problem(
                    fact.object,
                    &format!("{} cannot be booked: {error}", fact.amount),
                );
            }
            // Two hubs have taken from the same payment at once.
            Err(LedgerError::InsufficientFunds { .. }) if fact.kind == PaymentKind::Reversal => {
                self.beyond(fact.object, fact.amount);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The same of an order that is no credit.
    async fn book_collateral(
        &mut self,
        provider: ProviderId,
        fact: &Fact<'_>,
    ) -> Result<(), PayError> {
        let found = CardFact {
            kind: fact.kind,
            id: fact.id,
            amount: fact.amount,
            object: fact.object,
            told_by: self.told_by,
        };
        match collateral::tell(self.rooms, self.order, provider, &found).await {
            Ok(applied) => self.moved(fact, applied),
            Err(error @ (CollateralError::Store(_) | CollateralError::Ledger(_))) => {
                return Err(error.into());
            }
            Err(error) => self.problem(
                fact.object,
                &format!("{} cannot be booked: {error}", fact.amount),
            ),
        }
        Ok(())
    }

    fn moved(&mut self, fact: &Fact<'_>, applied: Applied) {
        if !self.order.has_moved(fact.id) {
            self.order.moved.push(Movement {
                at: self.rooms.clock.now(),
                rule: fact.kind.rule().as_str().to_owned(),
                transfer: fact.id,
                amount: fact.amount,
                object: fact.object.to_owned(),
                told_by: self.told_by.to_owned(),
            });
        }
        if applied == Applied::Created {
            let event = PaymentEvent::new(fact.news, self.order, fact.amount);
            tell(self.rooms, &event.about(fact.object).saying(self.told_by));
        }
    }

    fn problem(&mut self, object: &str, says: &str) {
        if self.order.problem.as_deref() == Some(says) {
            return;
        }
        let event = PaymentEvent::new(PaymentNews::Mismatched, self.order, Amount::ZERO);
        tell(self.rooms, &event.about(object).saying(says));
        self.order.problem = Some(says.to_owned());
    }

    /// A refund: one of ours has moved its money when it was begun, one of the processor's takes it now.
    async fn refund(&mut self, fact: &RefundFact) -> Result<(), PayError> {
        let own = self.order.refunds.iter();
        let mut own = own.filter(|own| Some(own.number.as_u128()) == fact.number);
        match own.next().map(|own| own.number) {
            Some(number) => self.own_refund(number, fact).await,
            None => {
                let is_gone = fact.state != RefundState::Failed;
                self.reverse(("reversal", &fact.id), fact.amount, is_gone)
                    .await
            }
        }
    }

    async fn dispute(&mut self, fact: &DisputeFact) -> Result<(), PayError> {
        let is_gone = match fact.state {
            DisputeState::Inquiry => return Ok(()),
            DisputeState::Open => {
                self.order.disputed = true;
                true
            }
            DisputeState::Lost => true,
            DisputeState::Won => false,
        };
        self.reverse(("dispute", &fact.id), fact.amount, is_gone)
            .await
    }

    /// What the processor has taken, or given back after it had taken it.
    pub(super) async fn reverse(
        &mut self,
        (fact, object): (&str, &str),
        amount: Amount,
        is_gone: bool,
    ) -> Result<(), PayError> {
        let taken = self.order.transfer(fact, object);
        let is_known = self.rooms.books.knows(taken);
        if is_gone && !is_known && self.is_beyond(amount) {
            self.beyond(object, amount);
            return Ok(());
        }
        // A hub that has booked it and died has not noted it on the order.
        if is_gone || is_known && !self.order.has_moved(taken) {
            self.book(&Fact {
                kind: PaymentKind::Reversal,
                id: taken,
                amount,
                object,
                news: PaymentNews::Reversed,
            })
            .await?;
        }
        if is_gone || !is_known {
            return Ok(());
        }
        self.book(&Fact {
            kind: PaymentKind::ReversalReturned,
            id: self.order.transfer(&format!("{fact} returned"), object),
            amount,
            object,
            news: PaymentNews::ReversalReturned,
        })
        .await
    }

    fn beyond(&mut self, object: &str, amount: Amount) {
        let says = format!(
            "{object}: {amount} {} were taken back, more than is left of the payment; settle it by hand",
            Currency::Usd.code()
        );
        self.problem(object, &says);
    }

    fn is_beyond(&self, amount: Amount) -> bool {
        let gone = Amount::checked_sum([self.order.gone_back(), self.unnoted(), amount]);
        gone.map_or(true, |gone| gone > self.order.amount)
    }
}

/// Says that an account owes something since this was booked, or that it owes nothing any more.
fn tell_of_freezing(rooms: &Rooms, order: &Topup, was_frozen: bool) {
    let is_frozen = rooms.books.is_frozen(order.account);
    let owes = rooms.books.shortfall(order.account, order.currency);
    let news = match (was_frozen, is_frozen) {
        (false, true) => PaymentNews::Frozen,
        (true, false) => PaymentNews::Thawed,
        _ => return,
    };
    tell(rooms, &PaymentEvent::new(news, order, owes));
}
