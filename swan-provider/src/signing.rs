//! What this node signs: one statement for each answer of which a consumer wants a receipt.

mod file;
mod witness;

pub(crate) use file::load_or_create;
pub(crate) use witness::Witness;

use crate::ProviderError;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::path::{Path, PathBuf};
use swan_core::receipt::{PublicKey, Signature, SignedStatement, Statement};

/// The file of the key: the one that is named, or the usual one in the folder for state.
pub(crate) fn path(named: Option<PathBuf>, folder: Option<&Path>) -> Option<PathBuf> {
    named.or_else(|| folder.map(|folder| folder.join("signing_key")))
}

/// The key of this node.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key with this secret.
    fn of(secret: &[u8; 32]) -> Result<Self, ProviderError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| {
            ProviderError::setting("signing key", "secret", "expected one for Ed25519")
        })?;
        let mut public = [0; 32];
        copy(&mut public, pair.public_key().as_ref());
        Ok(Self {
            pair,
            public: PublicKey::from_bytes(public),
        })
    }

    /// What others check signatures with.
    pub(crate) const fn public(&self) -> PublicKey {
        self.public
    }

    /// The statement under this key.
    pub(crate) fn sign(&self, statement: &Statement) -> SignedStatement {
        let statement = statement.to_string();
        let mut signature = [0; 64];
        copy(
            &mut signature,
            self.pair.sign(statement.as_bytes()).as_ref(),
        );
        SignedStatement {
            statement,
            key: self.public,
            signature: Signature::from_bytes(signature),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// Both are as long as Ed25519 says.
fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
