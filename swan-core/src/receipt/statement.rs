//! What a provider says about one request that it has served, in bytes that it signs.
//!
//! The text has the form of a receipt: a first line with the version, then one line `name=value` for each fact that is known,
//! in one order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::read::Fields;
use super::{Digest, PublicKey, ReceiptError, ReceiptPrice, Signature, optional, write_price};
use crate::{ModelId, PolicyHash, PolicyVersion, Timestamp};

/// The first line of what a provider signs.
const VERSION: &str = "swan-statement-v1";

/// The longest text of a statement; its longest parts are a model's name and the id of a request.
const BYTES_MAX: usize = 2_048;

/// Under which terms a hub asks for an answer: what a provider cannot know by itself, and signs as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the version of statements fixes it, and a hub of one's own builds them too"
)]
pub struct SignTerms {
    /// The model by its canonical name, which may not be the provider's own.
    pub model: ModelId,
    /// The listed prices in US dollars, before discount and exchange.
    pub price: Option<ReceiptPrice>,
    /// The version of the policy that prices it.
    pub policy: Option<PolicyVersion>,
    /// The hash of what that policy says.
    pub policy_hash: Option<PolicyHash>,
}

/// What a provider has counted; `None` for what it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the version of statements fixes it"
)]
pub struct StatedUsage {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: Option<u64>,
    /// Those of them that were cached.
    pub cached_tokens: Option<u64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u64>,
    /// Images.
    pub images: Option<u64>,
}

/// What a provider says about one request.
///
/// ```
/// use swan_core::receipt::{Digest, Statement};
///
/// let text = format!(
///     "swan-statement-v1\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=1795248900000\nmodel=Qwen/Qwen3-8B\n\
///      prompt_tokens=20\ncompletion_tokens=4\nrequest_sha256={0}\nanswer_sha256={0}\n",
///     Digest::of(b"{}"),
/// );
/// let statement: Statement = text.parse()?;
/// assert_eq!(statement.usage.completion_tokens, Some(4));
/// assert_eq!(statement.to_string(), text);
/// # Ok::<(), swan_core::receipt::ReceiptError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "its version fixes its shape, and a provider of one's own builds it"
)]
pub struct Statement {
    /// The id of the request on the wire: the consumer's, and `-N` behind it in the hub's N-th further attempt.
    pub request: String,
    /// When the answer was complete, by the provider's clock.
    pub at: Timestamp,
    /// What the hub told when it asked.
    pub terms: SignTerms,
    /// What the provider has counted.
    pub usage: StatedUsage,
    /// SHA-256 of the body of the request, as the provider received it.
    pub request_sha256: Digest,
    /// SHA-256 of the body of the answer, as the provider sent it; of a stream all of its bytes, comments too.
    pub answer_sha256: Digest,
}

/// A statement under the signature of its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "this is the file's format")]
pub struct SignedStatement {
    /// The bytes that are signed: the text of a [`Statement`].
    pub statement: String,
    /// The key of the provider.
    pub key: PublicKey,
    /// The provider's signature over the bytes of `statement`.
    pub signature: Signature,
}

impl SignedStatement {
    /// The longest JSON of one that is looked at, in bytes.
    pub const JSON_MAX: usize = 4_096;

    /// The signed statement in these bytes of JSON; `None` when they are too long, or no statement in form.
    #[must_use]
    pub fn from_json(json: &[u8]) -> Option<Self> {
        if json.len() > Self::JSON_MAX {
            return None;
        }
        let signed: Self = serde_json::from_slice(json).ok()?;
        signed.statement.parse::<Statement>().ok()?;
        Some(signed)
    }
}

impl fmt::Display for Statement {
    /// Writes exactly the bytes that are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{VERSION}")?;
        writeln!(f, "request={}", self.request)?;
        writeln!(f, "at_ms={}", self.at.as_millis())?;
        writeln!(f, "model={}", self.terms.model)?;
        optional("prompt_tokens", self.usage.prompt_tokens.as_ref(), f)?;
        optional("cached_tokens", self.usage.cached_tokens.as_ref(), f)?;
        optional(
            "completion_tokens",
            self.usage.completion_tokens.as_ref(),
            f,
        )?;
        optional("images", self.usage.images.as_ref(), f)?;
        write_price(self.terms.price.as_ref(), f)?;
        optional("policy", self.terms.policy.as_ref(), f)?;
        optional("policy_sha256", self.terms.policy_hash.as_ref(), f)?;
        writeln!(f, "request_sha256={}", self.request_sha256)?;
        writeln!(f, "answer_sha256={}", self.answer_sha256)
    }
}

impl FromStr for Statement {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        const COUNT: &str = "a count";
        let malformed = |field, expected| ReceiptError::Malformed { field, expected };
        if text.len() > BYTES_MAX {
            return Err(malformed("length", "2048 bytes at most"));
        }
        let mut fields = Fields::of(text, VERSION)?;
        let request: String = fields.needed("request", "the id of a request")?;
        let at = fields.needed("at_ms", "milliseconds since 1970")?;
        let model = fields.needed("model", "the name of a model")?;
        let usage = StatedUsage {
            prompt_tokens: fields.parsed("prompt_tokens", COUNT)?,
            cached_tokens: fields.parsed("cached_tokens", COUNT)?,
            completion_tokens: fields.parsed("completion_tokens", COUNT)?,
            images: fields.parsed("images", COUNT)?,
        };
        let statement = Self {
            request,
            at: Timestamp::from_millis(at),
            terms: SignTerms {
                model,
                price: fields.price()?,
                policy: fields.policy()?,
                policy_hash: fields.parsed("policy_sha256", "64 hexadecimal digits")?,
            },
            usage,
            request_sha256: fields.needed_digest("request_sha256")?,
            answer_sha256: fields.needed_digest("answer_sha256")?,
        };
        let id = &statement.request;
        if !(1..=128).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("request", "1 to 128 printable characters"));
        }
        // One way to write each statement: no other digits, order, line ends or repetitions.
        match statement.to_string() == text {
            true => Ok(statement),
            false => Err(malformed(
                "text",
                "the lines of this version in their order, and nothing else",
            )),
        }
    }
}
