//! Identifiers of new users, and of what belongs to them. They follow from the user's own, so that what was begun and broke off
//! is finished by doing it again.

use sha2::{Digest as _, Sha256};

use crate::hub::Shared;

/// A new identifier: 128 random bits.
pub(super) fn random(hub: &Shared) -> u128 {
    u128::from(hub.entropy.next_u64()) << 64 | u128::from(hub.entropy.next_u64())
}

/// The identifier of what `purpose` names of the one that `id` names.
pub(super) fn from(id: u128, purpose: &str) -> u128 {
    let digest = Sha256::new()
        .chain_update(b"swan:")
        .chain_update(purpose.as_bytes())
        .chain_update(id.to_be_bytes())
        .finalize();
    digest
        .iter()
        .take(16)
        .fold(0, |value, byte| value << 8 | u128::from(*byte))
}
