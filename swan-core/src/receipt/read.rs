//! Reads the text of a receipt, and nothing that is not exactly what this version writes.

use std::str::{FromStr, Lines};

use super::{Digest, HalfTold, Receipt, ReceiptError, ReceiptPrice, VERSION, VERSION_2};
use crate::ledger::UsageBasis;
use crate::{PolicyVersion, Usage, hexadecimal};

/// The longest text of a receipt; names have 200 characters at most.
const BYTES_MAX: usize = 8_192;

/// The lines of a text that are not read yet.
pub(super) struct Fields<'a>(std::iter::Peekable<Lines<'a>>);

impl<'a> Fields<'a> {
    /// Those behind the first line, which must be this version.
    pub(super) fn of(text: &'a str, version: &'static str) -> Result<Self, ReceiptError> {
        let mut lines = text.lines().peekable();
        match lines.next() == Some(version) {
            true => Ok(Self(lines)),
            false => Err(ReceiptError::Malformed {
                field: "version",
                expected: version,
            }),
        }
    }

    /// The value of the next line, if it has this name.
    fn optional(&mut self, name: &str) -> Option<&'a str> {
        let value = |line: &&'a str| line.strip_prefix(name)?.strip_prefix('=');
        let found = self.0.peek().and_then(value)?;
        self.0.next();
        Some(found)
    }

    pub(super) fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ReceiptError> {
        let wrong = |_| ReceiptError::Malformed {
            field: name,
            expected,
        };
        self.optional(name)
            .map(|value| value.parse().map_err(wrong))
            .transpose()
    }

    pub(super) fn needed<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, ReceiptError> {
        let missing = ReceiptError::Malformed {
            field: name,
            expected,
        };
        self.parsed(name, expected)?.ok_or(missing)
    }

    fn digest(&mut self, name: &'static str) -> Result<Option<Digest>, ReceiptError> {
        let expected = "64 lower-case hexadecimal digits";
        let wrong = ReceiptError::Malformed {
            field: name,
            expected,
        };
        match self.optional(name) {
            None => Ok(None),
            Some(digits) => hexadecimal::read(digits)
                .map(|bytes| Some(Digest(bytes)))
                .ok_or(wrong),
        }
    }

    pub(super) fn needed_digest(&mut self, field: &'static str) -> Result<Digest, ReceiptError> {
        let expected = "64 lower-case hexadecimal digits";
        let missing = ReceiptError::Malformed { field, expected };
        self.digest(field)?.ok_or(missing)
    }

    fn half(&mut self) -> Result<HalfTold, ReceiptError> {
        Ok(HalfTold {
            sent_sha256: self.digest("sent_sha256")?,
            received_sha256: self.digest("received_sha256")?,
            finding: self.needed("provider_signature", "valid, or why there is none")?,
            statement_sha256: self.digest("statement_sha256")?,
            provider_key: self.parsed("provider_key", "64 lower-case hexadecimal digits")?,
        })
    }

    pub(super) fn policy(&mut self) -> Result<Option<PolicyVersion>, ReceiptError> {
        let (field, expected) = ("policy", "the version of a policy");
        let Some(version) = self.optional(field) else {
            return Ok(None);
        };
        let version = PolicyVersion::new(version);
        version
            .map(Some)
            .ok_or(ReceiptError::Malformed { field, expected })
    }

    fn usage(&mut self) -> Result<Usage, ReceiptError> {
        const COUNT: &str = "a count";
        let [prompt, cached] = [
            self.needed("prompt_tokens", COUNT)?,
            self.needed("cached_tokens", COUNT)?,
        ];
        let completion = self.needed("completion_tokens", COUNT)?;
        Ok(Usage {
            images: self.needed("images", COUNT)?,
            audio_ms: self.needed("audio_ms", COUNT)?,
            ..Usage::tokens(prompt, cached, completion)
        })
    }

    pub(super) fn price(&mut self) -> Result<Option<ReceiptPrice>, ReceiptError> {
        const USD: &str = "US dollars";
        if let Some(input) = self.parsed("usd_per_million_input", USD)? {
            return Ok(Some(ReceiptPrice::Tokens {
                input,
                cached: self.needed("usd_per_million_cached", USD)?,
                output: self.needed("usd_per_million_output", USD)?,
            }));
        }
        if let Some(usd) = self.parsed("usd_per_minute", USD)? {
            return Ok(Some(ReceiptPrice::Minute(usd)));
        }
        let usd = self.parsed("usd_per_image", USD)?;
        Ok(usd.map(ReceiptPrice::Image))
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let malformed = |field, expected| ReceiptError::Malformed { field, expected };
        if text.len() > BYTES_MAX {
            return Err(malformed("length", "8192 bytes at most"));
        }
        let is_second = text.starts_with(VERSION_2);
        let mut fields = Fields::of(text, if is_second { VERSION_2 } else { VERSION })?;
        let receipt = Self {
            hub: fields.needed("hub", "the name of a hub")?,
            request: fields.needed("request", "a UUID")?,
            at: fields
                .needed("at_ms", "milliseconds since 1970")
                .map(crate::Timestamp::from_millis)?,
            model: fields.needed("model", "the name of a model")?,
            provider: fields.parsed("provider", "prov- and 32 hexadecimal digits")?,
            usage: fields.usage()?,
            basis: fields
                .needed::<Basis>("basis", "reported, bounded, estimated or measured")?
                .0,
            price: fields.price()?,
            usd_per_swan: fields.parsed("usd_per_swan", "US dollars")?,
            discount_bps: fields
                .parsed("discount_bps", "1 to 10000")?
                .unwrap_or_default(),
            cost: fields.needed("cost", "an amount")?,
            currency: fields.needed("currency", "USD or SWAN")?,
            policy: fields.policy()?,
            policy_hash: fields.parsed("policy_sha256", "64 hexadecimal digits")?,
            request_sha256: fields.digest("request_sha256")?,
            answer_sha256: fields.digest("answer_sha256")?,
            provider_half: is_second.then(|| fields.half()).transpose()?,
        };
        let is_name = |name: &str| {
            (1..=200).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !is_name(&receipt.hub) {
            return Err(malformed(
                "hub",
                "1 to 200 printable characters without spaces",
            ));
        }
        // One way to write each receipt: no other digits, order, line ends or repetitions.
        match receipt.to_string() == text {
            true => Ok(receipt),
            false => Err(malformed(
                "text",
                "the lines of this version in their order, and nothing else",
            )),
        }
    }
}

struct Basis(UsageBasis);

impl FromStr for Basis {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [
            UsageBasis::Reported,
            UsageBasis::Bounded,
            UsageBasis::Estimated,
            UsageBasis::Measured,
        ];
        all.into_iter()
            .find(|basis| basis.as_str() == text)
            .map(Self)
            .ok_or(())
    }
}
