//! Builds the groups that requests and administrators cause.
//!
//! The ids of all transfers of a request follow from the request's own id, so a repeat after a lost answer is recognised.

use std::borrow::Cow;

pub use super::collateral::{CollateralTerms, collateral, collateral_of};
pub use super::exchange::{
    ExchangeSide, empty_exchange, exchange, exchange_given_id, fund_exchange,
};
pub use super::payouts::{
    PayoutTerms, earnings_to_credit, earnings_to_shared, payout, payout_end_id, payout_paid,
    payout_returned, payouts_of,
};
pub use super::slice::{at_the_till, draw, give_back_slice, take_over_earnings};
use super::{
    Account, AccountKey, BonusTerms, Cause, ChargeRecord, DepositTerms, Detail, Group, Kind,
    PaymentTerms, PendingHold, Rule, Transfer, bonus, deposit as deposits, payment,
};
use crate::{AccountId, Amount, Currency, PolicyStamp, RequestId, Timestamp, TransferId};

/// What a request sets aside before it is routed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct HoldTerms {
    /// The request; its id is made by the hub.
    pub request: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// In what.
    pub currency: Currency,
    /// The worst case, or that of the part that is set aside now; above zero.
    pub amount: Amount,
    /// When the hold can no longer be charged.
    pub expires: Timestamp,
    /// The policy that priced it.
    pub policy: Option<PolicyStamp>,
    /// How often it was extended; 0 for a hold that is as it was placed.
    pub extended: u32,
}

/// Why no group settles a hold with this record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The parts of the charge are not its gross.
    #[error("the parts of the charge do not sum to its gross")]
    PartsDiffer,
    /// The gross or one of its parts is below zero.
    #[error("a part of the charge is below zero")]
    Negative,
}

/// The transfers of one request, told apart by what is mixed into its id.
#[derive(Clone, Copy)]
enum Leg {
    Hold = 1,
    Post = 2,
    Void = 3,
    Expire = 4,
    Provider = 5,
    GrowthFund = 6,
    Treasury = 7,
    Burn = 8,
    Free = 9,
}

const LEGS: [Leg; 9] = [
    Leg::Hold,
    Leg::Post,
    Leg::Void,
    Leg::Expire,
    Leg::Provider,
    Leg::GrowthFund,
    Leg::Treasury,
    Leg::Burn,
    Leg::Free,
];

/// The first number of an extension: it has two transfers, the hold before it that it voids and the larger one.
const EXTENSIONS: u128 = 16;

/// The extensions of one request by whose ids it is found.
const EXTENSIONS_FOUND: u128 = 64;

/// Spreads the leg over all bits, so that the ids of different requests stay as far apart as the requests' own.
const fn derive(base: u128, leg: Leg) -> TransferId {
    spread(base, leg as u128)
}

const fn spread(base: u128, number: u128) -> TransferId {
    const SPREAD: u128 = 0xD1B5_4A32_D192_ED03_AEF1_7502_108E_F2D9;
    TransferId::from_u128(base ^ SPREAD.wrapping_mul(number))
}

/// The id of the transfer that holds the funds of a request, before any extension.
#[must_use]
pub const fn hold_id(request: RequestId) -> TransferId {
    derive(request.as_u128(), Leg::Hold)
}

/// The id of the transfer that holds the funds now.
const fn held_by(terms: &HoldTerms) -> TransferId {
    match (terms.extended as u128).checked_sub(1) {
        None => hold_id(terms.request),
        Some(nth) => spread(terms.request.as_u128(), EXTENSIONS + 2 * nth),
    }
}

/// The id of the transfer that ends it for a larger one.
const fn replaced_by(terms: &HoldTerms) -> TransferId {
    let nth = terms.extended as u128;
    spread(terms.request.as_u128(), EXTENSIONS + 2 * nth + 1)
}

/// The requests that may have caused the transfer with this id: those from whose ids it would follow, and whose ids are UUIDs
/// of version 7 from before the year 2109. Nearly always one for a transfer of a request, and none for others; a transfer of its
/// 65th extension or a later one does not lead back.
pub fn requests_of(transfer: TransferId) -> impl Iterator<Item = RequestId> {
    let extensions = EXTENSIONS..EXTENSIONS + 2 * EXTENSIONS_FOUND;
    let numbers = LEGS.into_iter().map(|leg| leg as u128).chain(extensions);
    numbers.filter_map(move |number| {
        let id = spread(transfer.as_u128(), number).as_u128();
        let is_version_7 = id >> 76 & 0xf == 7 && id >> 62 & 0b11 == 0b10;
        (is_version_7 && id >> 122 == 0).then_some(RequestId::from_u128(id))
    })
}

/// Gives `amount` to a consumer; the same `id` gives it once however often it is asked.
#[must_use]
pub fn grant(
    id: TransferId,
    account: AccountId,
    currency: Currency,
    amount: Amount,
    note: &str,
) -> Group {
    let debit = Account::Grants.in_currency(currency);
    let credit = Account::Consumer(account).in_currency(currency);
    Group {
        transfers: vec![Transfer {
            id,
            kind: Kind::Posted,
            debit,
            credit,
            amount,
        }],
        cause: Cause {
            rule: Rule::Grant,
            request: None,
            policy: None,
            detail: Detail::Note(Cow::Owned(note.to_owned())),
        },
    }
}

/// Moves what was paid by card, or goes back to it.
#[must_use]
pub fn payment(terms: &PaymentTerms) -> Group {
    payment::group(terms)
}

/// Moves what came in on a chain, or was taken back by one.
#[must_use]
pub fn deposit(terms: &DepositTerms) -> Group {
    deposits::group(terms)
}

/// Gives what a deposit brings on top, or takes it back.
#[must_use]
pub fn deposit_bonus(terms: &BonusTerms) -> Group {
    bonus::group(terms)
}

/// Takes from an account what it owes, by the entry with number `entry`.
#[must_use]
pub fn collection(entry: u64, account: AccountId, currency: Currency, amount: Amount) -> Group {
    payment::collection(entry, account, currency, amount)
}

/// The number of the entry that has this transfer, if it is one by which `account` paid what it owed.
#[must_use]
pub const fn collected_at(transfer: TransferId, account: AccountId) -> Option<u64> {
    payment::collected_at(transfer, account)
}

/// Sets the worst case of a request aside.
#[must_use]
pub fn hold(terms: &HoldTerms) -> Group {
    let kind = Kind::Pending {
        expires: terms.expires,
    };
    let (debit, credit) = sides(terms);
    let id = held_by(terms);
    Group {
        transfers: vec![Transfer {
            id,
            kind,
            debit,
            credit,
            amount: terms.amount,
        }],
        cause: cause(terms, Rule::Hold, Detail::None),
    }
}

/// Puts a larger hold in the place of the one that `terms` tells of, or one that lasts longer: the one is voided and the other
/// placed in one group, so that a request has one hold at any time, and an account without the difference keeps the one it had.
///
/// Answers the terms of the new hold. It is never of less, and never for a shorter time, than the old one.
#[must_use]
pub fn extend(terms: &HoldTerms, amount: Amount, expires: Timestamp) -> (HoldTerms, Group) {
    let larger = HoldTerms {
        amount: amount.max(terms.amount),
        expires: expires.max(terms.expires),
        extended: terms.extended.saturating_add(1),
        ..terms.clone()
    };
    let (debit, credit) = sides(terms);
    let pending = held_by(terms);
    let ends = Transfer {
        id: replaced_by(terms),
        kind: Kind::Void { pending },
        debit,
        credit,
        amount: terms.amount,
    };
    let mut transfers = vec![ends];
    transfers.append(&mut hold(&larger).transfers);
    let cause = cause(terms, Rule::Extension, Detail::None);
    (larger, Group { transfers, cause })
}

/// Charges what was delivered and shares it out: consumer to clearing, clearing to everybody's part.
///
/// A charge of zero releases the hold and still records what was delivered.
///
/// # Errors
/// [`RecordError`] when the record is not a whole that was split.
pub fn settle(terms: &HoldTerms, record: ChargeRecord) -> Result<Group, RecordError> {
    let parts = [
        record.provider_share,
        record.growth_fund,
        record.treasury,
        record.burn,
    ];
    if record.gross.is_negative() || parts.iter().any(|part| part.is_negative()) {
        return Err(RecordError::Negative);
    }
    if record.parts() != Some(record.gross) {
        return Err(RecordError::PartsDiffer);
    }
    let mut transfers = Vec::with_capacity(5);
    transfers.push(end(terms, &record));
    for (leg, account, amount) in shares(&record)? {
        if amount.is_zero() {
            continue;
        }
        transfers.push(Transfer {
            id: derive(terms.request.as_u128(), leg),
            kind: Kind::Posted,
            debit: Account::Clearing.in_currency(terms.currency),
            credit: account.in_currency(terms.currency),
            amount,
        });
    }
    Ok(Group {
        transfers,
        cause: cause(terms, Rule::Charge, Detail::Charge(record)),
    })
}

/// Gives everything back that a request set aside.
#[must_use]
pub fn release(terms: &HoldTerms, note: Cow<'static, str>) -> Group {
    let pending = held_by(terms);
    let (debit, credit) = sides(terms);
    let transfer = Transfer {
        id: derive(terms.request.as_u128(), Leg::Void),
        kind: Kind::Void { pending },
        debit,
        credit,
        amount: terms.amount,
    };
    Group {
        transfers: vec![transfer],
        cause: cause(terms, Rule::Release, Detail::Note(note)),
    }
}

/// Gives back what a request set aside that died with its hub.
#[must_use]
pub fn recover(hold: &PendingHold) -> Group {
    give_back(
        hold,
        Leg::Void,
        Kind::Void { pending: hold.id },
        Rule::Recovery,
    )
}

/// Gives back what was set aside longer ago than it may be.
#[must_use]
pub fn expire(hold: &PendingHold) -> Group {
    give_back(
        hold,
        Leg::Expire,
        Kind::Expire { pending: hold.id },
        Rule::Expiry,
    )
}

fn give_back(hold: &PendingHold, leg: Leg, kind: Kind, rule: Rule) -> Group {
    let base = hold.request.map_or(hold.id.as_u128(), RequestId::as_u128);
    let PendingHold {
        debit,
        credit,
        amount,
        request,
        ..
    } = *hold;
    Group {
        transfers: vec![Transfer {
            id: derive(base, leg),
            kind,
            debit,
            credit,
            amount,
        }],
        cause: Cause {
            rule,
            request,
            policy: None,
            detail: Detail::None,
        },
    }
}

fn end(terms: &HoldTerms, record: &ChargeRecord) -> Transfer {
    let pending = held_by(terms);
    let (debit, credit) = sides(terms);
    let (leg, kind, amount) = if record.gross.is_zero() {
        (Leg::Free, Kind::Void { pending }, terms.amount)
    } else {
        (Leg::Post, Kind::Post { pending }, record.gross)
    };
    Transfer {
        id: derive(terms.request.as_u128(), leg),
        kind,
        debit,
        credit,
        amount,
    }
}

/// Who gets which part. What the hub's own endpoint earns is the hub's.
fn shares(record: &ChargeRecord) -> Result<[(Leg, Account, Amount); 4], RecordError> {
    let (provider, treasury) = match record.provider {
        Some(id) => (
            (Account::ProviderEarnings(id), record.provider_share),
            record.treasury,
        ),
        None => {
            let own = record.treasury.checked_add(record.provider_share);
            let own = own.map_err(|_| RecordError::PartsDiffer)?;
            ((Account::Treasury, Amount::ZERO), own)
        }
    };
    Ok([
        (Leg::Provider, provider.0, provider.1),
        (Leg::GrowthFund, Account::GrowthFund, record.growth_fund),
        (Leg::Treasury, Account::Treasury, treasury),
        (Leg::Burn, Account::Burn, record.burn),
    ])
}

fn sides(terms: &HoldTerms) -> (AccountKey, AccountKey) {
    (
        Account::Consumer(terms.account).in_currency(terms.currency),
        Account::Clearing.in_currency(terms.currency),
    )
}

fn cause(terms: &HoldTerms, rule: Rule, detail: Detail) -> Cause {
    Cause {
        rule,
        request: Some(terms.request),
        policy: terms.policy.clone(),
        detail,
    }
}
