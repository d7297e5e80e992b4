//! Deposits on a chain: tokens that have come in, and what is taken back when the chain that told of them was replaced.

use serde::{Deserialize, Serialize};

use super::payment::{posted, sides};
use super::{Account, Cause, Detail, Group, Kind, Rule};
use crate::{AccountId, Amount, Currency, DepositId, TransferId};

/// The evidence of a deposit: where anybody can look it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct ChainRecord {
    /// The deposit.
    pub deposit: DepositId,
    /// The chain, by its number (EIP-155).
    pub chain: u64,
    /// The block in which it stood.
    pub block: u64,
    /// That block's hash.
    pub block_hash: [u8; 32],
    /// The transaction.
    pub transaction: [u8; 32],
    /// The place of its log in that block.
    pub log: u64,
    /// The token by its name.
    pub token: String,
    /// How many of the token's smallest units came in, as a decimal number.
    pub units: String,
    /// Who told of it: the nodes that agreed, an administrator.
    pub told_by: String,
}

/// What a chain does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DepositKind {
    /// Tokens have come in.
    Credited,
    /// The chain that told of them was replaced by one that does not.
    Reversed,
}

impl DepositKind {
    /// The rule that it goes by.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::Credited => Rule::Deposit,
            Self::Reversed => Rule::DepositReversed,
        }
    }

    const fn sides(self, account: AccountId) -> (Account, Account) {
        match self {
            Self::Credited => (Account::Chain, Account::Consumer(account)),
            Self::Reversed => (Account::Shortfall(account), Account::Chain),
        }
    }
}

/// One movement by a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct DepositTerms {
    /// Derived from the deposit, so that it moves money once.
    pub id: TransferId,
    /// What it does.
    pub kind: DepositKind,
    /// Whose deposit it is.
    pub account: AccountId,
    /// In what it is credited.
    pub currency: Currency,
    /// How much, above zero.
    pub amount: Amount,
    /// The evidence.
    pub record: ChainRecord,
}

/// The group of a movement by a chain.
pub(super) fn group(terms: &DepositTerms) -> Group {
    posted(
        terms.id,
        terms.kind.sides(terms.account),
        terms.currency,
        terms.amount,
        Cause {
            rule: terms.kind.rule(),
            request: None,
            policy: None,
            detail: Detail::Chain(terms.record.clone()),
        },
    )
}

/// Whether a group is one that its rule makes.
pub(super) fn fits(group: &Group) -> bool {
    let [transfer] = group.transfers.as_slice() else {
        return false;
    };
    let sides = sides(transfer);
    let kind = match (group.cause.rule, sides) {
        (Rule::Deposit, (_, Account::Consumer(account))) => (DepositKind::Credited, account),
        (Rule::DepositReversed, (Account::Shortfall(account), _)) => {
            (DepositKind::Reversed, account)
        }
        _ => return false,
    };
    transfer.kind == Kind::Posted
        && matches!(group.cause.detail, Detail::Chain(_))
        && kind.0.sides(kind.1) == sides
}
