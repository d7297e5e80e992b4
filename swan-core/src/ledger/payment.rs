//! Payments by card: what is paid in, what goes back, and what the processor takes back by itself.
//!
//! What a processor takes back is gone whether or not the account still has it, so it is booked against the account's
//! shortfall, and a collection of its own takes from the account what is there. Both amounts are then facts of their own:
//! the first is the processor's and the same however often it is told, the second follows from the balance at that moment.

use serde::{Deserialize, Serialize};

use super::slice::alone;
use super::{Account, Cause, Detail, Group, Kind, Rule, Transfer};
use crate::{AccountId, Amount, Currency, TopupId, TransferId};

/// The evidence of a movement by card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct PaymentRecord {
    /// The order that was paid.
    pub topup: TopupId,
    /// The processor's own name of the payment, refund or dispute.
    pub object: String,
    /// Who told of it: an event of the processor, a look at its books, an administrator.
    pub told_by: String,
}

/// What a payment by card does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaymentKind {
    /// It was paid.
    Topup,
    /// A part of it goes back to the card, which the account must have.
    Refund,
    /// That did not reach the card.
    RefundReturned,
    /// The processor has taken it back.
    Reversal,
    /// The processor has given that back.
    ReversalReturned,
}

impl PaymentKind {
    const ALL: [Self; 5] = [
        Self::Topup,
        Self::Refund,
        Self::RefundReturned,
        Self::Reversal,
        Self::ReversalReturned,
    ];

    /// The rule that it goes by.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::Topup => Rule::Topup,
            Self::Refund => Rule::Refund,
            Self::RefundReturned => Rule::RefundReturned,
            Self::Reversal => Rule::Reversal,
            Self::ReversalReturned => Rule::ReversalReturned,
        }
    }

    /// Who gives and who receives.
    const fn sides(self, account: AccountId) -> (Account, Account) {
        match self {
            Self::Topup | Self::RefundReturned | Self::ReversalReturned => {
                (Account::Card, Account::Consumer(account))
            }
            Self::Refund => (Account::Consumer(account), Account::Card),
            Self::Reversal => (Account::Shortfall(account), Account::Card),
        }
    }
}

/// One movement by card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct PaymentTerms {
    /// Derived from the order and the processor's object, so that each fact moves money once.
    pub id: TransferId,
    /// What it does.
    pub kind: PaymentKind,
    /// Whose order it is.
    pub account: AccountId,
    /// In what.
    pub currency: Currency,
    /// How much, above zero.
    pub amount: Amount,
    /// The evidence.
    pub record: PaymentRecord,
}

/// The group of a movement by card.
pub(super) fn group(terms: &PaymentTerms) -> Group {
    let (debit, credit) = terms.kind.sides(terms.account);
    posted(
        terms.id,
        (debit, credit),
        terms.currency,
        terms.amount,
        Cause {
            rule: terms.kind.rule(),
            request: None,
            policy: None,
            detail: Detail::Payment(terms.record.clone()),
        },
    )
}

/// Spreads the number of an entry over all bits, as the legs of requests are.
const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834;

/// The number of the entry that took this transfer from what the account had, if that is what the transfer is.
pub(super) const fn collected_at(transfer: TransferId, account: AccountId) -> Option<u64> {
    let product = transfer.as_u128() ^ account.as_u128();
    let twos = SPREAD.trailing_zeros();
    let odd = SPREAD >> twos;
    // Newton's iteration doubles the bits that are right; of an odd number three are from the start.
    let (mut inverse, mut bits) = (odd, 3);
    while bits < u128::BITS {
        inverse = inverse.wrapping_mul(2_u128.wrapping_sub(odd.wrapping_mul(inverse)));
        bits *= 2;
    }
    let entry = ((product >> twos).wrapping_mul(inverse) << twos) >> twos;
    if entry == 0 || entry > u64::MAX as u128 || SPREAD.wrapping_mul(entry) != product {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was compared")]
    let entry = entry as u64;
    Some(entry)
}

/// Takes from an account what it owes. `entry` is the number of the entry that this is going to be.
pub(super) fn collection(
    entry: u64,
    account: AccountId,
    currency: Currency,
    amount: Amount,
) -> Group {
    let id = account.as_u128() ^ SPREAD.wrapping_mul(u128::from(entry));
    posted(
        TransferId::from_u128(id),
        (Account::Consumer(account), Account::Shortfall(account)),
        currency,
        amount,
        Cause {
            rule: Rule::Collection,
            request: None,
            policy: None,
            detail: Detail::None,
        },
    )
}

/// Who gives and who receives; at a till it is the same of shared funds.
pub(super) const fn sides(transfer: &Transfer) -> (Account, Account) {
    (
        alone(transfer.debit.account),
        alone(transfer.credit.account),
    )
}

pub(super) fn posted(
    id: TransferId,
    (debit, credit): (Account, Account),
    currency: Currency,
    amount: Amount,
    cause: Cause,
) -> Group {
    Group {
        transfers: vec![Transfer {
            id,
            kind: Kind::Posted,
            debit: debit.in_currency(currency),
            credit: credit.in_currency(currency),
            amount,
        }],
        cause,
    }
}

/// Whether a group is one that its rule makes.
pub(super) fn fits(group: &Group) -> bool {
    let [transfer] = group.transfers.as_slice() else {
        return false;
    };
    if transfer.kind != Kind::Posted {
        return false;
    }
    let sides = sides(transfer);
    let rule = group.cause.rule;
    if rule == Rule::Collection {
        return matches!(sides, (Account::Consumer(from), Account::Shortfall(of)) if from == of);
    }
    let account = match sides {
        (Account::Consumer(account) | Account::Shortfall(account), _)
        | (_, Account::Consumer(account)) => account,
        _ => return false,
    };
    let kind = PaymentKind::ALL
        .into_iter()
        .find(|kind| kind.rule() == rule);
    matches!(group.cause.detail, Detail::Payment(_))
        && kind.is_some_and(|kind| kind.sides(account) == sides)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_collection_leads_back_to_its_entry(entry in 1..u64::MAX, account: u128, other: u128) {
            let account = AccountId::from_u128(account);
            let made = collection(entry, account, Currency::Usd, Amount::from_pico(1).unwrap());
            let id = made.transfers[0].id;
            prop_assert_eq!(collected_at(id, account), Some(entry));
            let stranger = AccountId::from_u128(other);
            let by_another = collected_at(id, stranger);
            prop_assert!(stranger == account || by_another != Some(entry));
        }
    }
}
