//! The word by which a deposit names its account.

use sha2::{Digest as _, Sha256};
use swan_core::AccountId;

use super::{Address, Hash};

/// The reference of an account for deposits by `contract` on `chain`: the account's identifier, and behind it 16 bytes that are right
/// for it there only. A digit that was changed, or a reference of another hub or chain, is therefore nobody's.
///
/// Whoever knows an account's identifier can make its reference, and pay for it; it opens nothing.
#[must_use]
pub fn reference(chain: u64, contract: Address, account: AccountId) -> Hash {
    let mut word = [0; 32];
    let (own, check) = word.split_at_mut(16);
    own.copy_from_slice(&account.as_u128().to_be_bytes());
    let digest = Sha256::new()
        .chain_update(b"swan deposit reference 1")
        .chain_update(chain.to_be_bytes())
        .chain_update(contract.bytes())
        .chain_update(&own)
        .finalize();
    check.copy_from_slice(digest.get(..16).unwrap_or_default());
    Hash::new(word)
}

/// The account that a reference names, if it is one of this contract's.
pub(super) fn account_of(chain: u64, contract: Address, word: &Hash) -> Option<AccountId> {
    let own: [u8; 16] = word.bytes().get(..16)?.try_into().ok()?;
    let account = AccountId::from_u128(u128::from_be_bytes(own));
    (reference(chain, contract, account) == *word).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_one_account_at_one_contract() {
        let (contract, account) = (Address::new([7; 20]), AccountId::from_u128(0xabc));
        let word = reference(254, contract, account);
        assert_eq!(account_of(254, contract, &word), Some(account));
        assert_eq!(account_of(255, contract, &word), None, "another chain");
        let other = Address::new([8; 20]);
        assert_eq!(account_of(254, other, &word), None, "another contract");
        for byte in 0..32 {
            let mut typo = word;
            typo.0[byte] ^= 1;
            assert_eq!(account_of(254, contract, &typo), None, "byte {byte}");
        }
    }
}
