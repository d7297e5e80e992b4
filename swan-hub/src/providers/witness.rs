//! What went between the hub and a provider that was asked to sign.

use sha2::{Digest as _, Sha256};
use swan_core::protocol::{Attestation, Piece};

/// Sees an answer come.
#[derive(Debug, Default)]
pub(super) struct Witness {
    received: Sha256,
    attestation: Option<Attestation>,
}

/// What has come of a whole answer, or of a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Witnessed {
    /// SHA-256 of the answer as it came; `None` when not all of it did.
    pub(crate) received: Option<[u8; 32]>,
    /// What the provider sent as its signature.
    pub(crate) attestation: Option<Attestation>,
}

impl Witness {
    /// A piece of the answer.
    pub(super) fn saw(&mut self, piece: &Piece) {
        self.received.update(piece.bytes());
    }

    /// The end of the answer, with this.
    pub(super) fn came(&mut self, attestation: Option<Attestation>) {
        self.attestation = attestation;
    }

    /// What was seen of an answer that is whole, or not.
    pub(super) fn seen(self, is_whole: bool) -> Witnessed {
        Witnessed {
            received: is_whole.then(|| self.received.finalize().into()),
            attestation: self.attestation,
        }
    }
}
