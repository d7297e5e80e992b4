//! What a provider has earned in one currency becomes earnings in another, at the rate of the moment.
//!
//! No transfer crosses currencies, so an exchange is two of them in one group: the provider gives to the exchange in one currency, and
//! the exchange gives to the provider in the other. It gives what it has: its accounts have the limit that everybody's have. What
//! is in them was put there by whoever runs the hub; part of [`entries`](super::entries).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Account, Cause, Detail, Group, Kind, Rule, Transfer};
use crate::{
    Amount, Currency, ExchangeRate, MoneyError, PolicyStamp, ProviderId, StampedRate, Timestamp,
    TransferId,
};

/// The evidence of an exchange: by which rate what became what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct ExchangeRecord {
    /// Whose earnings.
    pub provider: ProviderId,
    /// What they were counted in before.
    pub from: Currency,
    /// What they are counted in now.
    pub to: Currency,
    /// What the provider gave.
    pub gave: Amount,
    /// What it got: [`ExchangeRate::convert`] of what it gave.
    pub got: Amount,
    /// US dollars for one SWAN.
    pub rate: ExchangeRate,
    /// Where the rate comes from.
    pub feed: String,
    /// When it was true.
    pub at: Timestamp,
}

impl ExchangeRecord {
    /// As much of `earned` as the exchange can pay with `inventory`; `None` when that is nothing.
    ///
    /// What is paid is rounded once, down, so that the exchange never gives more than the rate allows; what is not exchanged stays
    /// where it is.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the largest amount of money.
    pub fn of(
        provider: ProviderId,
        (from, to): (Currency, Currency),
        (earned, inventory): (Amount, Amount),
        rate: &StampedRate,
    ) -> Result<Option<Self>, MoneyError> {
        let by = rate.rate();
        // A stock that is worth more than the largest amount of money is enough for everything.
        let most = by.convert(inventory, to).unwrap_or(Amount::MAX);
        let gave = earned.min(most);
        let got = by.convert(gave, from)?;
        let is_something = gave > Amount::ZERO && got > Amount::ZERO && from != to;
        Ok(is_something.then(|| Self {
            provider,
            from,
            to,
            gave,
            got,
            rate: by,
            feed: rate.feed().to_owned(),
            at: rate.at(),
        }))
    }
}

/// An exchange that is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct ExchangeTerms {
    /// The transfer by which the provider gives; the other one's id follows from it.
    pub id: TransferId,
    /// The policy that says how old a rate may be.
    pub policy: Option<PolicyStamp>,
    /// The evidence, which says what moves.
    pub record: ExchangeRecord,
}

/// Where what the exchange has comes from, or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever asks for money to move names where to"
)]
pub enum ExchangeSide {
    /// From outside, as grants do; out of the ledger.
    Outside,
    /// The hub's own share.
    Treasury,
}

/// The id of the transfer by which the exchange gives.
#[must_use]
pub const fn exchange_given_id(exchange: TransferId) -> TransferId {
    const SPREAD: u128 = 0xA24B_AED4_963E_E407_9FB2_1C65_1E98_DF25;
    TransferId::from_u128(exchange.as_u128() ^ SPREAD)
}

/// Exchanges earnings.
#[must_use]
pub fn exchange(terms: &ExchangeTerms) -> Group {
    let record = &terms.record;
    let earnings = Account::ProviderEarnings(record.provider);
    let gave = transfer(
        terms.id,
        (earnings, Account::Exchange),
        (record.from, record.gave),
    );
    let got = transfer(
        exchange_given_id(terms.id),
        (Account::Exchange, earnings),
        (record.to, record.got),
    );
    group(
        vec![gave, got],
        Rule::Exchange,
        terms.policy.clone(),
        Detail::Exchange(record.clone()),
    )
}

/// Puts something into the exchange.
#[must_use]
pub fn fund_exchange(
    id: TransferId,
    from: ExchangeSide,
    currency: Currency,
    amount: Amount,
    note: &str,
) -> Group {
    let source = match from {
        ExchangeSide::Outside => Account::Grants,
        ExchangeSide::Treasury => Account::Treasury,
    };
    let moved = transfer(id, (source, Account::Exchange), (currency, amount));
    let note = Detail::Note(Cow::Owned(note.to_owned()));
    group(vec![moved], Rule::ExchangeFunded, None, note)
}

/// Takes something out of it.
#[must_use]
pub fn empty_exchange(
    id: TransferId,
    to: ExchangeSide,
    currency: Currency,
    amount: Amount,
    note: &str,
) -> Group {
    let sink = match to {
        ExchangeSide::Outside => Account::TakenOut,
        ExchangeSide::Treasury => Account::Treasury,
    };
    let moved = transfer(id, (Account::Exchange, sink), (currency, amount));
    let note = Detail::Note(Cow::Owned(note.to_owned()));
    group(vec![moved], Rule::ExchangeEmptied, None, note)
}

const fn transfer(
    id: TransferId,
    (debit, credit): (Account, Account),
    (currency, amount): (Currency, Amount),
) -> Transfer {
    Transfer {
        id,
        kind: Kind::Posted,
        debit: debit.in_currency(currency),
        credit: credit.in_currency(currency),
        amount,
    }
}

const fn group(
    transfers: Vec<Transfer>,
    rule: Rule,
    policy: Option<PolicyStamp>,
    detail: Detail,
) -> Group {
    Group {
        transfers,
        cause: Cause {
            rule,
            request: None,
            policy,
            detail,
        },
    }
}

/// Whether a group is one that its rule makes, and an exchange both sides of its rate.
pub(super) fn fits(group: &Group) -> bool {
    match (group.cause.rule, &group.cause.detail) {
        (Rule::Exchange, Detail::Exchange(record)) => is_exchange(group, record),
        (rule @ (Rule::ExchangeFunded | Rule::ExchangeEmptied), Detail::Note(_)) => {
            let [moved] = group.transfers.as_slice() else {
                return false;
            };
            let sides = (moved.debit.account, moved.credit.account);
            moved.kind == Kind::Posted
                && match rule {
                    Rule::ExchangeFunded => matches!(
                        sides,
                        (Account::Grants | Account::Treasury, Account::Exchange)
                    ),
                    _ => matches!(
                        sides,
                        (Account::Exchange, Account::TakenOut | Account::Treasury)
                    ),
                }
        }
        _ => false,
    }
}

fn is_exchange(group: &Group, record: &ExchangeRecord) -> bool {
    let [gave, got] = group.transfers.as_slice() else {
        return false;
    };
    let earnings = Account::ProviderEarnings(record.provider);
    let given = transfer(
        gave.id,
        (earnings, Account::Exchange),
        (record.from, record.gave),
    );
    let gotten = transfer(
        got.id,
        (Account::Exchange, earnings),
        (record.to, record.got),
    );
    let promised = record.rate.convert(record.gave, record.from);
    (*gave, *got) == (given, gotten) && record.from != record.to && promised == Ok(record.got)
}
