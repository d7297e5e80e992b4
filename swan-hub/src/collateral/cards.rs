//! What card payments do to collateral: the orders look at the processor's books as ever, and what they find is written down
//! here instead of being credited to a consumer.

use swan_core::collateral::Source;
use swan_core::ledger::{Applied, PaymentKind};
use swan_core::{AccountId, Amount, Currency, ProviderId, TransferId};

use super::CollateralError;
use super::acts::{Deposit, Scene};
use super::keeper::{record, refund_number};
use super::record::named;
use crate::hub::Rooms;
use crate::payments::Topup;

/// What a processor's books say of an order for collateral.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CardFact<'a> {
    pub(crate) kind: PaymentKind,
    /// The transfer by which the fact is known.
    pub(crate) id: TransferId,
    pub(crate) amount: Amount,
    /// The processor's name of it.
    pub(crate) object: &'a str,
    pub(crate) told_by: &'a str,
}

/// The account under which orders of a provider are listed; no consumer has it.
pub(crate) fn account_of(provider: ProviderId) -> AccountId {
    let name = format!("orders of {provider}");
    AccountId::from_u128(named(&name).as_u128())
}

/// Writes down what an order has found.
pub(crate) async fn tell(
    rooms: &Rooms,
    order: &Topup,
    provider: ProviderId,
    fact: &CardFact<'_>,
) -> Result<Applied, CollateralError> {
    let policy = rooms.sessions.policy();
    let scene = Scene {
        provider,
        currency: order.currency,
        policy: &policy,
        now: rooms.clock.now(),
        by: fact.told_by,
    };
    let deposit = order.transfer("paid", "");
    let what = match fact.kind {
        PaymentKind::Topup => scene.deposit(Deposit {
            id: fact.id,
            amount: fact.amount,
            source: Source::Card,
            topup: Some(order.id),
            reference: fact.object.to_owned(),
            wallet: None,
        }),
        // It has left the books when the withdrawal was due.
        PaymentKind::Refund => {
            let known = order.has_moved(fact.id);
            return Ok(if known {
                Applied::Exists
            } else {
                Applied::Created
            });
        }
        PaymentKind::RefundReturned => {
            let withdrawal = withdrawal_of(rooms, order, provider, (deposit, fact.id));
            let withdrawal = withdrawal.ok_or(CollateralError::UnknownWithdrawal(fact.id))?;
            let why = format!(
                "{} did not reach the card; it is paid by hand the next time",
                fact.amount
            );
            scene.unsent(withdrawal, deposit, &why)
        }
        PaymentKind::Reversal => scene.taken_back(fact.id, (deposit, fact.amount), fact.object),
        PaymentKind::ReversalReturned => {
            let taken = ["dispute", "reversal"].map(|what| order.transfer(what, fact.object));
            let taken = taken.into_iter().find(|id| rooms.books.knows(*id));
            let taken = taken.ok_or(CollateralError::UnknownWithdrawal(fact.id))?;
            scene.given_back(taken, fact.id, fact.object)
        }
        _ => return Ok(Applied::Exists),
    };
    record(rooms, what).await
}

/// The withdrawal whose refund is known by this transfer when it comes back.
fn withdrawal_of(
    rooms: &Rooms,
    order: &Topup,
    provider: ProviderId,
    (deposit, returned): (TransferId, TransferId),
) -> Option<TransferId> {
    let find = |bond: &super::bond::Bond| {
        let mut parts = bond.account.parts().filter(|part| part.deposit == deposit);
        let part = parts.find(|part| {
            let number = refund_number(part.withdrawal, deposit).to_string();
            order.transfer("refund returned", &number) == returned
        });
        part.map(|part| part.withdrawal)
    };
    rooms.collateral.look(provider, Currency::Usd, find)?
}
