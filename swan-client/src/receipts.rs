//! Receipts of calls, and how they are checked without the hub.

use ring::signature::{ED25519, UnparsedPublicKey};
use swan_core::receipt::{
    HubKeys, PublicKey, PublishedKey, Receipt, ReceiptError, Signature, SignedReceipt,
};

use crate::answer::read_json;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::models::path_segment;
use crate::options::CallOptions;
use crate::reply::Reply;

/// Signed receipts of calls that have ended, on a Swan hub.
#[derive(Debug, Clone)]
pub struct Receipts {
    client: Client,
}

impl Receipts {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The receipt of one call, by the id that its answer told ([`Metadata::request_id`](crate::Metadata::request_id)).
    ///
    /// It has the hashes of request and answer if the call had the header `X-Swan-Receipt: 1`.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows; an unknown id, or one of another account, is
    /// status 404.
    pub async fn get(&self, id: &str) -> Result<Reply<SignedReceipt>, Error> {
        let path = format!("/receipts/{}", path_segment(id));
        let call = Call::get(&self.client.0, &path, &CallOptions::default())?;
        call.run(read_json).await
    }

    /// The hub's keys. To be fetched once and kept: whoever takes them from the hub with each receipt believes whatever the hub
    /// says now.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn keys(&self) -> Result<Reply<HubKeys>, Error> {
        let call = Call::get(&self.client.0, "/receipt-keys", &CallOptions::default())?;
        call.run(read_json).await
    }
}

/// What a receipt says, once its signature is found to be by one of the `trusted` keys of the hub. Needs no network.
///
/// ```
/// use swan_client::receipt::{ReceiptError, SignedReceipt};
///
/// let kept = format!(
///     r#"{{"receipt":"swan-receipt-v1\n","key":"{}","signature":"{}"}}"#, "0".repeat(64), "0".repeat(128),
/// );
/// let kept: SignedReceipt = serde_json::from_str(&kept)?;
/// let refused = swan_client::verify_receipt(&kept, &[]);
/// assert!(matches!(refused, Err(ReceiptError::UnknownKey { .. })));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// [`ReceiptError`] says what is wrong; then nothing in it is to be believed.
pub fn verify_receipt(
    signed: &SignedReceipt,
    trusted: &[PublishedKey],
) -> Result<Receipt, ReceiptError> {
    signed.verify_with(trusted, fits)
}

fn fits(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, key.as_bytes());
    key.verify(message, signature.as_bytes()).is_ok()
}
