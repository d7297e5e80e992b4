//! Builds the groups that move collateral, out of what [`CollateralAccount`](crate::collateral::CollateralAccount) says has
//! moved; part of [`entries`](super::entries).

use std::collections::BTreeMap;

use super::{Account, AccountKey, Cause, Detail, Group, Kind, Rule, Transfer};
use crate::collateral::{CollateralMovement, Pocket};
use crate::{Currency, PolicyStamp, ProviderId, TransferId};

/// What an event has moved of a provider's collateral.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct CollateralTerms {
    /// The first transfer has it; the others follow from it.
    pub id: TransferId,
    /// Whose collateral.
    pub provider: ProviderId,
    /// In what.
    pub currency: Currency,
    /// What has happened; one for which [`Rule::is_collateral`] holds.
    pub rule: Rule,
    /// The policy that says so.
    pub policy: Option<PolicyStamp>,
    /// The evidence.
    pub detail: Detail,
}

/// Above this, movements between the same accounts become one.
const APART_MAX: usize = 48;

/// The group of what moved; `None` when nothing did.
///
/// `origin` says which account stands for the card or wallet of a deposit, and by which id a transfer to or from it is known
/// where it has one of its own.
#[must_use]
pub fn collateral(
    terms: &CollateralTerms,
    movements: &[CollateralMovement],
    origin: impl Fn(TransferId) -> (Account, Option<TransferId>),
) -> Option<Group> {
    let account = |pocket: Pocket| match pocket {
        Pocket::Origin(deposit) => origin(deposit),
        Pocket::Owed => (Account::CollateralOwed(terms.provider), None),
        Pocket::Free => (Account::Collateral(terms.provider), None),
        Pocket::Locked(_) => (Account::CollateralLocked(terms.provider), None),
        Pocket::Impounded(_) => (Account::CollateralImpounded(terms.provider), None),
        Pocket::Withdrawing => (Account::CollateralLeaving(terms.provider), None),
        Pocket::Burnt => (Account::Burn, None),
        Pocket::Treasury => (Account::Treasury, None),
        Pocket::GrowthFund => (Account::GrowthFund, None),
    };
    let mut places: BTreeMap<Leg, usize> = BTreeMap::new();
    let mut transfers: Vec<Transfer> = Vec::new();
    for (movement, nth) in movements.iter().zip(0_usize..) {
        let (debit, from) = account(movement.from);
        let (credit, to) = account(movement.to);
        let named = from.or(to);
        let apart = (named.is_none() && movements.len() <= APART_MAX).then_some(nth);
        let leg = transfers.len();
        let place = *places.entry((named, apart, debit, credit)).or_insert(leg);
        if let Some(known) = transfers.get_mut(place) {
            // Parts of one provider's collateral, whose whole is an amount.
            known.amount = known
                .amount
                .checked_add(movement.amount)
                .unwrap_or(known.amount);
            continue;
        }
        transfers.push(Transfer {
            id: named.unwrap_or_else(|| derive(terms.id, leg as u128)),
            kind: Kind::Posted,
            debit: debit.in_currency(terms.currency),
            credit: credit.in_currency(terms.currency),
            amount: movement.amount,
        });
    }
    (!transfers.is_empty()).then(|| Group {
        transfers,
        cause: Cause {
            rule: terms.rule,
            request: None,
            policy: terms.policy.clone(),
            detail: terms.detail.clone(),
        },
    })
}

/// Which transfer a movement is part of: one by its own name, or in order.
type Leg = (Option<TransferId>, Option<usize>, Account, Account);

/// The first has the id itself.
const fn derive(id: TransferId, leg: u128) -> TransferId {
    const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C836;
    TransferId::from_u128(id.as_u128() ^ SPREAD.wrapping_mul(leg))
}

/// The ids by which what has moved collateral by this transfer may be known: one of them is the first transfer of its group.
///
/// Transfers that have a name of their own, as those to a card or to be paid out have, are found by that.
pub fn collateral_of(transfer: TransferId) -> impl Iterator<Item = TransferId> {
    // Above `APART_MAX` there is one for each pair of accounts, of which a provider has few.
    (0..2 * APART_MAX as u128).map(move |leg| derive(transfer, leg))
}

/// Whether a group is one that its rule makes: all about one provider, and between accounts that the rule names.
pub(super) fn fits(group: &Group) -> bool {
    let rule = group.cause.rule;
    let mut provider = None;
    let mut is_own = |account: &AccountKey| match account.account {
        Account::Collateral(id)
        | Account::CollateralLocked(id)
        | Account::CollateralImpounded(id)
        | Account::CollateralLeaving(id)
        | Account::CollateralOwed(id)
        | Account::PayingOut(id) => *provider.get_or_insert(id) == id,
        _ => true,
    };
    group.transfers.iter().all(|transfer| {
        let sides = (transfer.debit.account, transfer.credit.account);
        transfer.kind == Kind::Posted
            && is_own(&transfer.debit)
            && is_own(&transfer.credit)
            && (is_made_good(&sides) || is_of(rule, &sides))
    })
}

/// What becomes free goes to what is owed, whatever has happened.
const fn is_made_good(sides: &(Account, Account)) -> bool {
    matches!(sides, (Account::Collateral(_), Account::CollateralOwed(_)))
}

const fn is_of(rule: Rule, sides: &(Account, Account)) -> bool {
    use Account as A;
    match rule {
        Rule::CollateralDeposit => is_origin(&sides.0) && matches!(sides.1, A::Collateral(_)),
        Rule::CollateralLock => matches!(sides, (A::Collateral(_), A::CollateralLocked(_))),
        Rule::CollateralUnlock => matches!(sides, (A::CollateralLocked(_), A::Collateral(_))),
        Rule::CollateralImpound => {
            is_held(&sides.0) && matches!(sides.1, A::CollateralImpounded(_))
        }
        Rule::CollateralSlash => matches!(
            sides,
            (
                A::CollateralImpounded(_),
                A::Burn | A::Treasury | A::GrowthFund
            )
        ),
        Rule::CollateralRestore => matches!(
            sides,
            (
                A::CollateralImpounded(_),
                A::Collateral(_) | A::CollateralLeaving(_)
            )
        ),
        Rule::CollateralWithdrawal => {
            matches!(sides, (A::Collateral(_), A::CollateralLeaving(_)))
        }
        Rule::CollateralStay => matches!(sides, (A::CollateralLeaving(_), A::Collateral(_))),
        Rule::CollateralReturn => {
            matches!(sides.0, A::CollateralLeaving(_))
                && (is_origin(&sides.1) || matches!(sides.1, A::PayingOut(_) | A::Collateral(_)))
        }
        Rule::CollateralReturnFailed => {
            (is_origin(&sides.0) || matches!(sides.0, A::PayingOut(_)))
                && matches!(sides.1, A::Collateral(_))
        }
        Rule::CollateralReversal => {
            (is_held(&sides.0) || matches!(sides.0, A::CollateralOwed(_))) && is_origin(&sides.1)
        }
        Rule::CollateralReversalReturned => {
            is_origin(&sides.0) && matches!(sides.1, A::Collateral(_) | A::CollateralOwed(_))
        }
        _ => false,
    }
}

/// Where a penalty and a reversal take from.
const fn is_held(account: &Account) -> bool {
    matches!(
        account,
        Account::Collateral(_) | Account::CollateralLocked(_) | Account::CollateralLeaving(_)
    )
}

/// The outside world: it gives, and takes back no more than it gave.
const fn is_origin(account: &Account) -> bool {
    matches!(account, Account::Card | Account::Grants | Account::Chain)
}
