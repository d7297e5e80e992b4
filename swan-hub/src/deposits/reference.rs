//! The word by which a deposit names whose it is.

use std::fmt;

use sha2::{Digest as _, Sha256};
use swan_core::{AccountId, ProviderId};

use super::{Address, Hash};

/// Whose a deposit is, and so what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DepositOwner {
    /// A consumer's account, whose credit it becomes.
    Account(AccountId),
    /// A provider, whose collateral it becomes.
    Provider(ProviderId),
}

impl fmt::Display for DepositOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Provider(id) => id.fmt(f),
        }
    }
}

/// The reference of an account for deposits by `contract` on `chain`: the account's identifier, and behind it 16 bytes that are right
/// for it there only. A digit that was changed, or a reference of another hub or chain, is therefore nobody's.
///
/// Whoever knows an account's identifier can make its reference, and pay for it; it opens nothing.
#[must_use]
pub fn reference(chain: u64, contract: Address, account: AccountId) -> Hash {
    word(
        b"swan deposit reference 1",
        (chain, contract),
        account.as_u128(),
    )
}

/// The reference by which a deposit becomes a provider's collateral. Its last 16 bytes are made otherwise than those of an account,
/// so neither is ever taken for the other.
#[must_use]
pub fn collateral_reference(chain: u64, contract: Address, provider: ProviderId) -> Hash {
    word(
        b"swan collateral reference 1",
        (chain, contract),
        provider.as_u128(),
    )
}

fn word(kind: &[u8], (chain, contract): (u64, Address), owner: u128) -> Hash {
    let mut word = [0; 32];
    let (own, check) = word.split_at_mut(16);
    own.copy_from_slice(&owner.to_be_bytes());
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update(chain.to_be_bytes())
        .chain_update(contract.bytes())
        .chain_update(&own)
        .finalize();
    check.copy_from_slice(digest.get(..16).unwrap_or_default());
    Hash::new(word)
}

/// Whom a reference names, if it is one of this contract's.
pub(super) fn owner_of(chain: u64, contract: Address, word: &Hash) -> Option<DepositOwner> {
    let own: [u8; 16] = word.bytes().get(..16)?.try_into().ok()?;
    let own = u128::from_be_bytes(own);
    let (account, provider) = (AccountId::from_u128(own), ProviderId::from_u128(own));
    if reference(chain, contract, account) == *word {
        return Some(DepositOwner::Account(account));
    }
    let is_provider = collateral_reference(chain, contract, provider) == *word;
    is_provider.then_some(DepositOwner::Provider(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_one_owner_at_one_contract() {
        let contract = Address::new([7; 20]);
        let (account, provider) = (AccountId::from_u128(0xabc), ProviderId::from_u128(0xabc));
        for (word, owner) in [
            (
                reference(254, contract, account),
                DepositOwner::Account(account),
            ),
            (
                collateral_reference(254, contract, provider),
                DepositOwner::Provider(provider),
            ),
        ] {
            assert_eq!(owner_of(254, contract, &word), Some(owner));
            assert_eq!(owner_of(255, contract, &word), None, "another chain");
            let other = Address::new([8; 20]);
            assert_eq!(owner_of(254, other, &word), None, "another contract");
            for byte in 0..32 {
                let mut typo = word;
                typo.0[byte] ^= 1;
                assert_eq!(owner_of(254, contract, &typo), None, "byte {byte}");
            }
        }
    }
}
