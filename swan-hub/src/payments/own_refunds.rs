//! How far refunds of ours are, by what the processor and the books say. Several hubs may carry on with the same one at once, so nothing
//! here rests on what one of them believes to have done.

use swan_core::ledger::PaymentKind;
use swan_core::{Amount, TransferId};

use super::facts::{Fact, Facts};
use super::{PayError, PaymentNews, RefundFact, RefundStage, RefundState};

/// What makes the transfer of a refund, of its return, and of one that was given up and has reached the card after all.
pub(super) const TAKEN: &str = "refund";
pub(super) const RETURNED: &str = "refund returned";
const LATE: &str = "late refund";

impl Facts<'_> {
    /// Notes how far a refund of ours is; one that failed comes back.
    pub(super) async fn own_refund(
        &mut self,
        number: TransferId,
        fact: &RefundFact,
    ) -> Result<(), PayError> {
        let name = number.to_string();
        let is_taken = self.rooms.books.knows(self.order.transfer(TAKEN, &name));
        let is_collateral = self.order.collateral_of.is_some();
        let mut own = self.order.refunds.iter_mut();
        let Some(own) = own.find(|own| own.number == number) else {
            return Ok(());
        };
        own.object = Some(fact.id.clone());
        let amount = own.amount;
        if fact.state == RefundState::Failed || is_collateral && own.stage == RefundStage::Failed {
            own.stage = RefundStage::Failed;
            own.why
                .get_or_insert_with(|| "it did not reach the card".to_owned());
            self.return_refund(number, amount, &fact.id).await?;
            return self.reverse((LATE, &fact.id), amount, false).await;
        }
        let is_given_up = self.returned.contains(&number) || !is_taken;
        if is_given_up && !is_collateral {
            self.return_refund(number, amount, "").await?;
            return self.reverse((LATE, &fact.id), amount, true).await;
        }
        own.stage = match fact.state {
            RefundState::Succeeded => RefundStage::Succeeded,
            _ => RefundStage::Pending,
        };
        own.why = None;
        self.note_taken(number, amount, &fact.id).await
    }

    /// Gives an account back what did not reach the card, if it was ever taken.
    pub(super) async fn return_refund(
        &mut self,
        number: TransferId,
        amount: Amount,
        object: &str,
    ) -> Result<(), PayError> {
        let name = number.to_string();
        if !self.rooms.books.knows(self.order.transfer(TAKEN, &name)) {
            return Ok(());
        }
        self.note_taken(number, amount, object).await?;
        let back = Fact {
            kind: PaymentKind::RefundReturned,
            id: self.order.transfer(RETURNED, &name),
            amount,
            object,
            news: PaymentNews::RefundFailed,
        };
        self.book(&back).await
    }

    /// What was taken, and is not noted since the hub that took it has died or was overtaken.
    async fn note_taken(
        &mut self,
        number: TransferId,
        amount: Amount,
        object: &str,
    ) -> Result<(), PayError> {
        let id = self.order.transfer(TAKEN, &number.to_string());
        if self.order.collateral_of.is_some() || self.order.has_moved(id) {
            return Ok(());
        }
        let taken = Fact {
            kind: PaymentKind::Refund,
            id,
            amount,
            object,
            news: PaymentNews::Refunded,
        };
        self.book(&taken).await
    }

    /// Gives back what was taken for refunds that another hub has given up, and that were not sent.
    pub(super) async fn give_back_unsent(&mut self, sent: &[RefundFact]) -> Result<(), PayError> {
        if self.order.collateral_of.is_some() {
            return Ok(());
        }
        let failed = self.order.refunds.iter();
        let failed = failed.filter(|own| own.stage == RefundStage::Failed);
        let is_sent = |number: TransferId| {
            let mut sent = sent.iter();
            sent.any(|fact| fact.number == Some(number.as_u128()))
        };
        let unsent = failed.filter(|own| !is_sent(own.number));
        let unsent: Vec<_> = unsent.map(|own| (own.number, own.amount)).collect();
        for (number, amount) in unsent {
            self.return_refund(number, amount, "").await?;
        }
        Ok(())
    }

    /// What was taken for refunds, and is not noted yet.
    pub(super) fn unnoted(&self) -> Amount {
        let is_unnoted = |number: TransferId| {
            let name = number.to_string();
            let [taken, back] = [TAKEN, RETURNED].map(|fact| self.order.transfer(fact, &name));
            let books = &self.rooms.books;
            !self.order.has_moved(taken) && books.knows(taken) && !books.knows(back)
        };
        let refunds = self.order.refunds.iter();
        let unnoted = refunds.filter(|own| is_unnoted(own.number));
        Amount::checked_sum(unnoted.map(|own| own.amount)).unwrap_or(Amount::MAX)
    }
}
