//! A receipt with its signature: the file that a consumer keeps.

use serde::{Deserialize, Serialize};

use super::{PublicKey, PublishedKey, Receipt, ReceiptError, Signature};

/// A receipt under the signature of its hub, as `GET /v1/receipts/{id}` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "this is the file's format")]
pub struct SignedReceipt {
    /// The bytes that are signed: the text of a [`Receipt`].
    pub receipt: String,
    /// The key of the hub.
    pub key: PublicKey,
    /// The hub's signature over the bytes of `receipt`.
    pub signature: Signature,
    /// The signature of whoever served over the same bytes, where one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderSignature>,
}

/// A provider's signature over a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "this is the file's format")]
pub struct ProviderSignature {
    /// The provider's key.
    pub key: PublicKey,
    /// Its signature.
    pub signature: Signature,
}

impl SignedReceipt {
    /// What the receipt says, once `check` has found that one of the `trusted` keys, in use at that time, signed exactly this.
    ///
    /// `check` answers whether a signature of Ed25519 fits a key and a message; `swan_client` brings one.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] says what is wrong. Then nothing in the receipt is to be believed.
    pub fn verify_with(
        &self,
        trusted: &[PublishedKey],
        check: impl FnOnce(&PublicKey, &[u8], &Signature) -> bool,
    ) -> Result<Receipt, ReceiptError> {
        let key = self.key;
        let mut own = trusted.iter().filter(|one| one.key == key).peekable();
        if own.peek().is_none() {
            return Err(ReceiptError::UnknownKey { key });
        }
        if !check(&key, self.receipt.as_bytes(), &self.signature) {
            return Err(ReceiptError::WrongSignature);
        }
        let receipt: Receipt = self.receipt.parse()?;
        let at = receipt.at;
        let is_valid = |one: &PublishedKey| one.until.is_none_or(|until| at <= until);
        match own.any(is_valid) {
            true => Ok(receipt),
            false => Err(ReceiptError::KeyNotValid { key, at }),
        }
    }
}
