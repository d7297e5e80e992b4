//! Receipts of calls, and how they are checked without the hub.

use ring::signature::{ED25519, UnparsedPublicKey};
use swan_core::receipt::{
    Checked, HubKeys, ProviderKeys, PublicKey, PublishedKey, Receipt, ReceiptError, Signature,
    SignedReceipt,
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
    /// It has the hashes of request and answer, and the signature of a provider that can sign, if the call had the header
    /// `X-Swan-Receipt: 1`.
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

    /// The keys with which a provider signs its half, as the hub has seen them; the provider itself tells them with
    /// `swan-provider key`. `id` is the provider's, as it stands in receipts (`prov-…`).
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn provider_keys(&self, id: &str) -> Result<Reply<ProviderKeys>, Error> {
        let path = format!("/provider-keys/{}", path_segment(id));
        let call = Call::get(&self.client.0, &path, &CallOptions::default())?;
        call.run(read_json).await
    }
}

/// What hub and provider say of a request, each half checked by the keys of who signed it. Needs no network.
///
/// Without `provider_keys` it is the hub's word that the key is the provider's; with those that the provider has told, it is not.
///
/// ```
/// use swan_client::check_receipt;
/// use swan_client::receipt::{ProviderHalf, PublishedKey, SignedReceipt};
///
/// /// Tells whether this request was charged for more tokens than its provider signed.
/// fn is_overcharged(kept: &str, hub: &[PublishedKey], provider: &[PublishedKey]) -> Option<bool> {
///     let kept: SignedReceipt = serde_json::from_str(kept).ok()?;
///     let checked = check_receipt(&kept, hub, provider).ok()?;
///     match checked.provider {
///         ProviderHalf::Signed(half) => Some(half.differences.iter().any(|one| one.charged > one.signed)),
///         // Not signed, for a reason that the hub signed; or signed by somebody else, or about something else.
///         _ => None,
///     }
/// }
/// # assert_eq!(is_overcharged("{}", &[], &[]), None);
/// ```
///
/// # Errors
/// [`ReceiptError`] says what is wrong with the hub's half; then nothing in it is to be believed. What is wrong with the
/// provider's half stands in [`Checked::provider`].
pub fn check_receipt(
    signed: &SignedReceipt,
    trusted: &[PublishedKey],
    provider_keys: &[PublishedKey],
) -> Result<Checked, ReceiptError> {
    signed.check_with(trusted, provider_keys, fits)
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

#[cfg(test)]
mod tests {
    use swan_core::receipt::{Digest, SignedStatement, Statement};

    use super::*;

    /// Whoever implements the protocol elsewhere goes by this example.
    #[test]
    fn the_example_of_the_protocol_is_signed_rightly() {
        let page = include_str!("../../docs/PROTOCOL.md");
        let example = page.split("```json signed\n").nth(1).unwrap();
        let json = example.split("```").next().unwrap();
        let signed = SignedStatement::from_json(json.as_bytes()).unwrap();
        assert!(fits(
            &signed.key,
            signed.statement.as_bytes(),
            &signed.signature
        ));
        let statement: Statement = signed.statement.parse().unwrap();
        let request = br#"{"model":"m/small","messages":[],"stream":true}"#;
        assert_eq!(statement.request_sha256, Digest::of(request));
        let answer = b"data: {\"n\":1}\n\n";
        assert_eq!(statement.answer_sha256, Digest::of(answer));
        // No byte of it can be another.
        for place in 0..signed.statement.len() {
            let mut changed = signed.statement.clone().into_bytes();
            changed[place] ^= 1;
            assert!(!fits(&signed.key, &changed, &signed.signature), "{place}");
        }
    }
}
