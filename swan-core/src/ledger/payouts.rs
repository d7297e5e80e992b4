//! Builds the groups of payouts, and of earnings that become credit; part of [`entries`](super::entries).
//!
//! A payout has one transfer that ends it, whose id follows from its own: whichever of paying, failing and taking back comes
//! first stands, and the ledger refuses the others for ever.

use std::borrow::Cow;

use super::{Account, Cause, Detail, Group, Kind, Rule, Transfer};
use crate::{AccountId, Amount, Currency, PolicyStamp, ProviderId, TransferId};

/// What a provider asks to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct PayoutTerms {
    /// Made by the caller; the transfer that sets the amount apart has it.
    pub id: TransferId,
    /// Who is paid.
    pub provider: ProviderId,
    /// In what.
    pub currency: Currency,
    /// How much, with the fee.
    pub amount: Amount,
    /// What is kept of it when it is paid, less than the amount.
    pub fee: Amount,
    /// The policy that says so.
    pub policy: Option<PolicyStamp>,
}

/// The id of the transfer that ends a payout, however it ends.
#[must_use]
pub const fn payout_end_id(payout: TransferId) -> TransferId {
    derive(payout, 1)
}

/// The payouts to which the transfer with this id may belong: by setting its amount apart, by ending it, or as its fee.
#[must_use]
pub const fn payouts_of(transfer: TransferId) -> [TransferId; 3] {
    // What is mixed in once more is taken out again.
    [transfer, derive(transfer, 1), derive(transfer, 2)]
}

const fn derive(payout: TransferId, leg: u128) -> TransferId {
    const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    TransferId::from_u128(payout.as_u128() ^ SPREAD.wrapping_mul(leg))
}

/// Sets the amount of a payout apart from the earnings.
#[must_use]
pub fn payout(terms: &PayoutTerms, note: &str) -> Group {
    let (debit, credit) = (
        Account::ProviderEarnings(terms.provider),
        Account::PayingOut(terms.provider),
    );
    let moved = transfer(terms.id, terms.currency, (debit, credit), terms.amount);
    group(vec![moved], Rule::Payout, terms.policy.clone(), note)
}

/// Pays what was set apart: the fee to the treasury, the rest out of the ledger.
#[must_use]
pub fn payout_paid(terms: &PayoutTerms, note: &str) -> Group {
    let apart = Account::PayingOut(terms.provider);
    // The fee is less than the amount; of a fee that is not, nothing would be paid.
    let rest = terms.amount.checked_sub(terms.fee).unwrap_or(Amount::ZERO);
    let id = payout_end_id(terms.id);
    let mut transfers = vec![transfer(
        id,
        terms.currency,
        (apart, Account::Payouts),
        rest,
    )];
    if !terms.fee.is_zero() {
        let sides = (apart, Account::Treasury);
        transfers.push(transfer(
            derive(terms.id, 2),
            terms.currency,
            sides,
            terms.fee,
        ));
    }
    group(transfers, Rule::PayoutPaid, terms.policy.clone(), note)
}

/// Gives back what was set apart, because it could not be paid or its provider took it back.
#[must_use]
pub fn payout_returned(terms: &PayoutTerms, note: &str) -> Group {
    let sides = (
        Account::PayingOut(terms.provider),
        Account::ProviderEarnings(terms.provider),
    );
    let moved = transfer(payout_end_id(terms.id), terms.currency, sides, terms.amount);
    group(
        vec![moved],
        Rule::PayoutReturned,
        terms.policy.clone(),
        note,
    )
}

/// Makes earnings of a provider into credit of a consumer, its owner.
#[must_use]
pub fn earnings_to_credit(
    id: TransferId,
    provider: ProviderId,
    account: AccountId,
    currency: Currency,
    amount: Amount,
) -> Group {
    credit(id, provider, Account::Consumer(account), currency, amount)
}

/// The same at the till of several hubs: what they share of the consumer's funds is credited with it.
#[must_use]
pub fn earnings_to_shared(
    id: TransferId,
    provider: ProviderId,
    account: AccountId,
    currency: Currency,
    amount: Amount,
) -> Group {
    credit(id, provider, Account::Shared(account), currency, amount)
}

fn credit(
    id: TransferId,
    provider: ProviderId,
    to: Account,
    currency: Currency,
    amount: Amount,
) -> Group {
    let sides = (Account::ProviderEarnings(provider), to);
    let note = format!("earnings of {provider}");
    group(
        vec![transfer(id, currency, sides, amount)],
        Rule::EarningsCredit,
        None,
        &note,
    )
}

const fn transfer(
    id: TransferId,
    currency: Currency,
    (debit, credit): (Account, Account),
    amount: Amount,
) -> Transfer {
    Transfer {
        id,
        kind: Kind::Posted,
        debit: debit.in_currency(currency),
        credit: credit.in_currency(currency),
        amount,
    }
}

fn group(transfers: Vec<Transfer>, rule: Rule, policy: Option<PolicyStamp>, note: &str) -> Group {
    Group {
        transfers,
        cause: Cause {
            rule,
            request: None,
            policy,
            detail: Detail::Note(Cow::Owned(note.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::ledger::{Applied, Ledger, entries};

    #[test]
    fn a_payout_ends_once_and_nothing_is_lost() {
        let (provider, account) = (ProviderId::from_u128(1), AccountId::from_u128(2));
        let usd = |text: &str| text.parse::<Amount>().unwrap();
        let ends: [fn(&PayoutTerms, &str) -> Group; 2] = [payout_paid, payout_returned];
        for (first, second) in [(0, 1), (1, 0)] {
            let (mut ledger, now) = (Ledger::new(), Timestamp::from_millis(1));
            let grant = TransferId::from_u128(1);
            let grant = entries::grant(grant, account, Currency::Usd, usd("30"), "x");
            let _ = ledger.apply(&grant, now).unwrap();
            // As a charge would: the consumer's money becomes the provider's.
            let paid = (
                Account::Consumer(account),
                Account::ProviderEarnings(provider),
            );
            let paid = transfer(TransferId::from_u128(2), Currency::Usd, paid, usd("30"));
            let _ = ledger
                .apply(&group(vec![paid], Rule::Grant, None, ""), now)
                .unwrap();
            let terms = PayoutTerms {
                id: TransferId::from_u128(3),
                provider,
                currency: Currency::Usd,
                amount: usd("20"),
                fee: usd("1"),
                policy: None,
            };
            let too_much = PayoutTerms {
                amount: usd("30.01"),
                ..terms.clone()
            };
            assert!(ledger.apply(&payout(&too_much, ""), now).is_err());
            let (before, later) = (ledger.accounts(), Timestamp::from_millis(9));
            assert!(ledger.check(&payout(&too_much, ""), later).is_err());
            assert_eq!(
                ledger.check(&payout(&terms, ""), later),
                Ok(Applied::Created)
            );
            assert_eq!(
                (ledger.accounts(), ledger.now()),
                (before, now),
                "nothing has changed"
            );
            assert_eq!(ledger.apply(&payout(&terms, ""), now), Ok(Applied::Created));
            assert_eq!(ledger.apply(&payout(&terms, ""), now), Ok(Applied::Exists));
            assert_eq!(
                ledger.apply(&ends[first](&terms, "a"), now),
                Ok(Applied::Created)
            );
            assert_eq!(
                ledger.apply(&ends[first](&terms, "a"), now),
                Ok(Applied::Exists)
            );
            assert!(ledger.apply(&ends[second](&terms, "b"), now).is_err());
            let posted =
                |account: Account| ledger.balance(&account.in_currency(Currency::Usd)).posted();
            let found = [
                Account::ProviderEarnings(provider),
                Account::PayingOut(provider),
                Account::Payouts,
                Account::Treasury,
            ];
            let expected = [["10", "0", "19", "1"], ["30", "0", "0", "0"]];
            assert_eq!(found.map(posted), expected[first].map(usd));
            assert_eq!(ledger.audit(), []);
        }
    }
}
