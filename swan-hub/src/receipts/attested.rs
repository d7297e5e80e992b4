//! What is kept of the provider's half of a receipt, until somebody asks for that.

use serde::{Deserialize, Serialize};
use swan_core::protocol::Attestation;
use swan_core::receipt::SignedStatement;

use crate::providers::Witnessed;

/// What a provider was asked to sign, and what came of it: a kilobyte at most where it signed. Fields and variants are added at
/// the end, and the version of chunks goes up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attested {
    /// SHA-256 of the body of the request, as it was sent to the provider.
    pub(crate) sent: [u8; 32],
    /// SHA-256 of the body of the answer, as it came from the provider; `None` when not all of it did.
    pub(crate) received: Option<[u8; 32]>,
    pub(crate) came: Came,
}

/// What came in the place of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Came {
    Nothing,
    Malformed,
    /// In form; whether it fits is looked at when the receipt is made.
    Signed(SignedStatement),
}

impl Attested {
    /// A request with this body was sent to somebody who was asked to sign.
    pub(crate) const fn asked(sent: [u8; 32]) -> Self {
        Self {
            sent,
            received: None,
            came: Came::Nothing,
        }
    }

    /// This has come.
    pub(crate) fn took(&mut self, witnessed: Witnessed) {
        self.received = witnessed.received;
        self.came = match witnessed.attestation {
            None => Came::Nothing,
            Some(Attestation::Malformed) => Came::Malformed,
            Some(Attestation::Signed(signed)) => Came::Signed(*signed),
        };
    }
}
