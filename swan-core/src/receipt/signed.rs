//! A receipt with its signatures: the file that a consumer keeps.

use serde::{Deserialize, Serialize};

use super::{
    Digest, Finding, PublicKey, PublishedKey, Receipt, ReceiptError, Signature, SignedStatement,
    Statement,
};

/// A receipt under the signature of its hub, as `GET /v1/receipts/{id}` answers it, with what the provider signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "this is the file's format")]
pub struct SignedReceipt {
    /// The bytes that are signed: the text of a [`Receipt`].
    pub receipt: String,
    /// The key of the hub.
    pub key: PublicKey,
    /// The hub's signature over the bytes of `receipt`.
    pub signature: Signature,
    /// What whoever served has signed; `null` where the receipt says why there is nothing.
    #[serde(default)]
    pub provider_signature: Option<SignedStatement>,
}

/// What comes of checking both halves of a receipt.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the hub says, signed by it.
    pub receipt: Receipt,
    /// What is found of the provider's half, by whoever checked and not by the hub.
    pub provider: ProviderHalf,
}

/// The provider's half of a receipt.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderHalf {
    /// There is none, for this reason by the hub's word; `None` in receipts of hubs that knew nothing of it.
    Absent(Option<Finding>),
    /// There is one, and it is not to be believed.
    Refused(Finding),
    /// The provider has signed this request.
    Signed(Box<Attested>),
}

/// What a provider has signed, held against what the hub has.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// What it says.
    pub statement: Statement,
    /// The key that signed it.
    pub key: PublicKey,
    /// Whether whoever checked named the key as the provider's; otherwise it is only the hub that says so.
    pub is_key_known: bool,
    /// Whether the provider received the very bytes that the consumer sent. Where the hub had to change them (the model's own
    /// name, `stream_options`, fields for the market), it is the hub alone who says what they were.
    pub is_request_unchanged: bool,
    /// The counts that hub and provider signed differently.
    pub differences: Vec<Difference>,
}

/// A count that hub and provider signed differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these are all its facts")]
pub struct Difference {
    /// Which, by its name in both texts.
    pub count: &'static str,
    /// What the hub charged for.
    pub charged: u64,
    /// What the provider signed.
    pub signed: u64,
}

impl SignedReceipt {
    /// What the hub says, once `check` has found that one of its `trusted` keys, in use at that time, signed exactly this.
    ///
    /// `check` answers whether a signature of Ed25519 fits a key and a message; `swan_client` brings one. Of the provider's half it
    /// is only looked at whether it is the one that the hub signed for: [`check_with`](Self::check_with) checks it.
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
        if !own.any(is_valid) {
            return Err(ReceiptError::KeyNotValid { key, at });
        }
        let there = self.provider_signature.as_ref();
        let there = there.map(|signed| Digest::of(signed.statement.as_bytes()));
        let half = receipt.provider_half.as_ref();
        match there == half.and_then(|half| half.statement_sha256) {
            true => Ok(receipt),
            false => Err(ReceiptError::OtherStatement),
        }
    }

    /// What hub and provider say, each checked by its own keys. Without `provider_keys` a provider's key is believed to be its
    /// own because the hub says so; with some, the key must be one of them.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] as for [`verify_with`](Self::verify_with). What is wrong with the provider's half is no error: the hub's
    /// stands all the same, and [`Checked::provider`] tells.
    pub fn check_with(
        &self,
        trusted: &[PublishedKey],
        provider_keys: &[PublishedKey],
        check: impl Fn(&PublicKey, &[u8], &Signature) -> bool,
    ) -> Result<Checked, ReceiptError> {
        let receipt = self.verify_with(trusted, &check)?;
        let half = receipt.provider_half.as_ref();
        let provider = match &self.provider_signature {
            None => ProviderHalf::Absent(half.map(|half| half.finding)),
            Some(signed) => signed.checked(&receipt, provider_keys, check),
        };
        Ok(Checked { receipt, provider })
    }
}

impl SignedStatement {
    fn checked(
        &self,
        receipt: &Receipt,
        provider_keys: &[PublishedKey],
        check: impl Fn(&PublicKey, &[u8], &Signature) -> bool,
    ) -> ProviderHalf {
        let told = receipt.provider_half.as_ref();
        let told = told.and_then(|half| half.provider_key);
        let told: Vec<PublishedKey> = told.map(PublishedKey::always).into_iter().collect();
        let is_key_known = !provider_keys.is_empty();
        let keys = if is_key_known { provider_keys } else { &told };
        match (
            self.examine(receipt, keys, check),
            self.statement.parse::<Statement>(),
        ) {
            (Finding::Valid, Ok(statement)) => ProviderHalf::Signed(Box::new(Attested {
                is_request_unchanged: receipt.request_sha256 == Some(statement.request_sha256),
                differences: differences(receipt, &statement),
                statement,
                key: self.key,
                is_key_known,
            })),
            (Finding::Valid, Err(_)) => ProviderHalf::Refused(Finding::Malformed),
            (finding, _) => ProviderHalf::Refused(finding),
        }
    }
}

fn differences(receipt: &Receipt, statement: &Statement) -> Vec<Difference> {
    let (charged, signed) = (&receipt.usage, &statement.usage);
    let counts = [
        ("prompt_tokens", charged.prompt_tokens, signed.prompt_tokens),
        ("cached_tokens", charged.cached_tokens, signed.cached_tokens),
        (
            "completion_tokens",
            charged.completion_tokens,
            signed.completion_tokens,
        ),
        ("images", charged.images, signed.images),
    ];
    let differing = counts.into_iter().filter_map(|(count, charged, signed)| {
        let signed = signed.filter(|signed| *signed != charged)?;
        Some(Difference {
            count,
            charged,
            signed,
        })
    });
    differing.collect()
}
