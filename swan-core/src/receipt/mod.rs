//! Receipts: what a hub says about one request, in bytes that can be signed, kept, and checked without the hub.
//!
//! The signed bytes are text: a first line with the version, then one line `name=value` for each fact that is known, in one
//! order. Nothing else is a receipt, so the same facts always have the same bytes. This crate signs nothing itself; whoever
//! checks brings the arithmetic of Ed25519.
//!
//! Hub and provider each sign what they know: the hub a [`Receipt`], the provider a [`Statement`]. The receipt has the hash of
//! the statement, so that neither can be taken out of a [`SignedReceipt`] unseen.
//!
//! ```
//! use swan_core::receipt::Receipt;
//!
//! let text = "swan-receipt-v1\nhub=hub.example\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=1795248900000\n\
//!     model=Qwen/Qwen3-8B\nprompt_tokens=20\ncached_tokens=0\ncompletion_tokens=4\nimages=0\naudio_ms=0\nbasis=reported\n\
//!     cost=0.00000032\ncurrency=USD\n";
//! let receipt: Receipt = text.parse()?;
//! assert_eq!(receipt.usage.completion_tokens, 4);
//! assert_eq!(receipt.to_string(), text);
//! # Ok::<(), swan_core::receipt::ReceiptError>(())
//! ```

mod finding;
#[cfg(test)]
mod half_tests;
mod key;
mod read;
mod signed;
mod statement;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::ledger::UsageBasis;
use crate::{
    Amount, Currency, ModelId, PolicyHash, PolicyVersion, ProviderId, RequestId, Timestamp, Usage,
    hexadecimal,
};

pub use finding::Finding;
pub use key::{HubKeys, ProviderKeys, PublicKey, PublishedKey, Signature};
pub use signed::{Attested, Checked, Difference, ProviderHalf, SignedReceipt};
pub use statement::{SignTerms, SignedStatement, StatedUsage, Statement};

/// The first line of what is signed, in receipts that say nothing of the provider's half.
const VERSION: &str = "swan-receipt-v1";

/// The first line of those that do.
const VERSION_2: &str = "swan-receipt-v2";

/// What one request was, cost and was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "its version fixes its shape, and a hub of one's own builds receipts too"
)]
pub struct Receipt {
    /// Who says so: the name of the hub, 1 to 200 printable characters without spaces.
    pub hub: String,
    /// The request.
    pub request: RequestId,
    /// When it was charged, or ended without a charge.
    pub at: Timestamp,
    /// The model that answered.
    pub model: ModelId,
    /// Who served it; `None` for an endpoint of the hub itself.
    pub provider: Option<ProviderId>,
    /// What was counted.
    pub usage: Usage,
    /// How the counts were come by.
    pub basis: UsageBasis,
    /// The listed prices in US dollars, before discount and exchange.
    pub price: Option<ReceiptPrice>,
    /// US dollars for one SWAN, when it was paid in SWAN.
    pub usd_per_swan: Option<Amount>,
    /// What was taken off the price, in hundredths of a percent.
    pub discount_bps: u16,
    /// What was charged.
    pub cost: Amount,
    /// Counted in what.
    pub currency: Currency,
    /// The version of the policy that priced it.
    pub policy: Option<PolicyVersion>,
    /// The hash of what that policy says.
    pub policy_hash: Option<PolicyHash>,
    /// SHA-256 of the body of the request, as the hub received it.
    pub request_sha256: Option<Digest>,
    /// SHA-256 of the body of the answer, as the hub sent it; of one that came as events without the comments among them
    /// ([`Digest::of_events`]).
    pub answer_sha256: Option<Digest>,
    /// What the hub knows of the provider's half; `None` in receipts of version 1.
    pub provider_half: Option<HalfTold>,
}

/// What a hub says of the provider's half of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the version of receipts fixes it"
)]
pub struct HalfTold {
    /// SHA-256 of the body of the request as the hub sent it to the provider, where that was asked to sign.
    pub sent_sha256: Option<Digest>,
    /// SHA-256 of the body of the answer as the hub received it from the provider.
    pub received_sha256: Option<Digest>,
    /// What the hub has found of the provider's signature.
    pub finding: Finding,
    /// SHA-256 of the text of the provider's statement, where there is one.
    pub statement_sha256: Option<Digest>,
    /// The key that signed it, where the hub knows that as the provider's.
    pub provider_key: Option<PublicKey>,
}

/// Listed prices in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the version of receipts fixes it")]
pub enum ReceiptPrice {
    /// Per million tokens of input, cached input and output.
    Tokens {
        /// Of fresh input.
        input: Amount,
        /// Of cached input.
        cached: Amount,
        /// Of output.
        output: Amount,
    },
    /// Per minute of audio.
    Minute(Amount),
    /// Per image.
    Image(Amount),
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of these bytes, as receipts have it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of an answer that came as events, as receipts have it: of all bytes but comments, which keep a silent
    /// connection open and come when they come.
    #[must_use]
    pub fn of_events(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        let mut was_comment = false;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends_comment = was_comment && line == b"\n";
            was_comment = line.starts_with(b":");
            if !was_comment && !ends_comment {
                hash.update(line);
            }
        }
        Self(hash.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::write(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why something is no receipt, or not one of this hub.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not what this version signs.
    #[error("not a receipt: {field}: expected {expected}")]
    Malformed {
        /// The line that is wrong or missing.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// It is signed with a key that is not among those that are trusted.
    #[error("signed with {key}, which is none of the hub's keys")]
    UnknownKey {
        /// The key.
        key: PublicKey,
    },
    /// The key was not in use when the request was charged.
    #[error("the key {key} was not in use at {at}")]
    KeyNotValid {
        /// The key.
        key: PublicKey,
        /// When the request was charged.
        at: Timestamp,
    },
    /// Somebody has changed the receipt or its signature.
    #[error("the signature does not fit the receipt")]
    WrongSignature,
    /// Somebody has changed, added or taken away what the provider signed.
    #[error("the provider's statement is not the one that the hub signed for")]
    OtherStatement,
}

impl fmt::Display for Receipt {
    /// Writes exactly the bytes that are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}",
            self.provider_half.as_ref().map_or(VERSION, |_| VERSION_2)
        )?;
        writeln!(f, "hub={}", self.hub)?;
        writeln!(f, "request={}", self.request)?;
        writeln!(f, "at_ms={}", self.at.as_millis())?;
        writeln!(f, "model={}", self.model)?;
        optional("provider", self.provider.as_ref(), f)?;
        writeln!(f, "prompt_tokens={}", self.usage.prompt_tokens)?;
        writeln!(f, "cached_tokens={}", self.usage.cached_tokens)?;
        writeln!(f, "completion_tokens={}", self.usage.completion_tokens)?;
        writeln!(f, "images={}", self.usage.images)?;
        writeln!(f, "audio_ms={}", self.usage.audio_ms)?;
        writeln!(f, "basis={}", self.basis.as_str())?;
        write_price(self.price.as_ref(), f)?;
        optional("usd_per_swan", self.usd_per_swan.as_ref(), f)?;
        if self.discount_bps > 0 {
            writeln!(f, "discount_bps={}", self.discount_bps)?;
        }
        writeln!(f, "cost={}", self.cost)?;
        writeln!(f, "currency={}", self.currency)?;
        optional("policy", self.policy.as_ref(), f)?;
        optional("policy_sha256", self.policy_hash.as_ref(), f)?;
        optional("request_sha256", self.request_sha256.as_ref(), f)?;
        optional("answer_sha256", self.answer_sha256.as_ref(), f)?;
        match &self.provider_half {
            Some(half) => half.write(f),
            None => Ok(()),
        }
    }
}

impl HalfTold {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        optional("sent_sha256", self.sent_sha256.as_ref(), f)?;
        optional("received_sha256", self.received_sha256.as_ref(), f)?;
        writeln!(f, "provider_signature={}", self.finding)?;
        optional("statement_sha256", self.statement_sha256.as_ref(), f)?;
        optional("provider_key", self.provider_key.as_ref(), f)
    }
}

fn write_price(price: Option<&ReceiptPrice>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match price {
        Some(ReceiptPrice::Tokens {
            input,
            cached,
            output,
        }) => {
            writeln!(f, "usd_per_million_input={input}")?;
            writeln!(f, "usd_per_million_cached={cached}")?;
            writeln!(f, "usd_per_million_output={output}")
        }
        Some(ReceiptPrice::Minute(usd)) => writeln!(f, "usd_per_minute={usd}"),
        Some(ReceiptPrice::Image(usd)) => writeln!(f, "usd_per_image={usd}"),
        None => Ok(()),
    }
}

fn optional(
    name: &str,
    value: Option<&impl fmt::Display>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match value {
        Some(value) => writeln!(f, "{name}={value}"),
        None => Ok(()),
    }
}
