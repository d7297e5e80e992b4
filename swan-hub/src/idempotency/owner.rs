//! Whose keys they are: each owner has keys of its own, and a share of the room for them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swan_core::{AccountId, KeyId, ProviderId};

/// Who sends requests with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Owner(u128);

impl Owner {
    /// Of what was written before owners were.
    pub(super) const UNKNOWN: Self = Self(u128::MAX);

    /// Whoever pays from this account, by whichever of its keys or logins.
    pub(crate) const fn account(id: AccountId) -> Self {
        Self(id.as_u128())
    }

    /// A provider, by whichever of its keys.
    pub(crate) fn provider(id: ProviderId) -> Self {
        Self::of(b"provider", &id.as_u128().to_be_bytes())
    }

    /// An administrator, who is known by the key alone.
    pub(crate) fn administrator(id: KeyId) -> Self {
        Self::of(b"administrator", &id.as_u128().to_be_bytes())
    }

    /// Somebody without an account, who is known by the network. All whom the hub cannot see are one.
    pub(crate) fn stranger(network: Option<IpAddr>) -> Self {
        let network = network.map(|address| address.to_string());
        Self::of(b"stranger", network.unwrap_or_default().as_bytes())
    }

    fn of(kind: &[u8], id: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(b"swan:idempotency:")
            .chain_update(kind)
            .chain_update(b":")
            .chain_update(id)
            .finalize();
        let first = hash.iter().take(16);
        Self(first.fold(0, |value, byte| value << 8 | u128::from(*byte)))
    }

    /// As a number, from which others follow.
    pub(crate) const fn as_u128(self) -> u128 {
        self.0
    }
}
