//! Signed receipts: what a consumer keeps, and can prove to others without this hub. The hub signs its half; the provider's is kept as it
//! came, and looked at when the receipt is made.

mod attested;
mod issue;
mod keys;

pub(crate) use attested::{Attested, Came};
pub(crate) use issue::{Kept, issue, listed};
pub(crate) use keys::fits;
pub use keys::{ReceiptKeyError, ReceiptSigner};

use swan_core::Clock;

use crate::error::HubError;

/// The signer that the builder was given, or one with a key of its own.
pub(crate) fn signer(
    given: Option<ReceiptSigner>,
    clock: &dyn Clock,
) -> Result<ReceiptSigner, HubError> {
    let made = match given {
        Some(signer) => Ok(signer),
        None => ReceiptSigner::generate("swan-hub", clock.now()),
    };
    made.map_err(|error| HubError::Build(error.to_string()))
}
