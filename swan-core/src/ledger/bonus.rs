//! What a deposit in SWAN brings on top, where the policy rewards deposits (public record 3.9).
//!
//! It comes from the administrators' grants: no source names a fund that pays it, and neither growth fund nor treasury may be
//! empty when somebody deposits.

use serde::{Deserialize, Serialize};

use super::payment::{self, posted};
use super::{Account, Cause, DepositKind, Detail, Group, Kind, Rule};
use crate::{AccountId, Amount, BasisPoints, Currency, DepositId, PolicyStamp, TransferId};

/// The evidence of a bonus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct BonusRecord {
    /// The deposit.
    pub deposit: DepositId,
    /// What it was credited with.
    pub credited: Amount,
    /// The share of that which is given on top, in hundredths of a percent.
    pub bps: u16,
}

impl BonusRecord {
    /// How much that is, rounded once, half to even; nothing where the share is none.
    #[must_use]
    pub fn amount(&self) -> Amount {
        BasisPoints::new(self.bps).map_or(Amount::ZERO, |share| self.credited.share(share))
    }
}

/// A bonus on a deposit, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct BonusTerms {
    /// Derived from the deposit, so that it moves money once.
    pub id: TransferId,
    /// What became of the deposit.
    pub kind: DepositKind,
    /// Whose deposit it is.
    pub account: AccountId,
    /// In what it is credited.
    pub currency: Currency,
    /// The policy that says so.
    pub policy: Option<PolicyStamp>,
    /// The evidence, which says how much.
    pub record: BonusRecord,
}

const fn rule(kind: DepositKind) -> Rule {
    match kind {
        DepositKind::Credited => Rule::DepositBonus,
        DepositKind::Reversed => Rule::DepositBonusReversed,
    }
}

const fn sides(kind: DepositKind, account: AccountId) -> (Account, Account) {
    match kind {
        DepositKind::Credited => (Account::Grants, Account::Consumer(account)),
        DepositKind::Reversed => (Account::Shortfall(account), Account::Grants),
    }
}

/// The group of a bonus.
pub(super) fn group(terms: &BonusTerms) -> Group {
    posted(
        terms.id,
        sides(terms.kind, terms.account),
        terms.currency,
        terms.record.amount(),
        Cause {
            rule: rule(terms.kind),
            request: None,
            policy: terms.policy.clone(),
            detail: Detail::Bonus(terms.record),
        },
    )
}

/// Whether a group is one that its rule makes, of as much as its evidence comes to.
pub(super) fn fits(group: &Group) -> bool {
    let ([transfer], Detail::Bonus(record)) = (group.transfers.as_slice(), &group.cause.detail)
    else {
        return false;
    };
    let found = payment::sides(transfer);
    let kind = match (group.cause.rule, found) {
        (Rule::DepositBonus, (_, Account::Consumer(account))) => (DepositKind::Credited, account),
        (Rule::DepositBonusReversed, (Account::Shortfall(account), _)) => {
            (DepositKind::Reversed, account)
        }
        _ => return false,
    };
    transfer.kind == Kind::Posted
        && transfer.amount == record.amount()
        && sides(kind.0, kind.1) == found
}
