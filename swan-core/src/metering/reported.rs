use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// Why a usage object is not believed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the usage object makes no sense: {reason}")]
#[non_exhaustive]
pub struct UsageError {
    /// What is wrong with it.
    pub reason: String,
}

/// Usage as a provider reports it: whole counts, perhaps not all of them, and not yet believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedUsage {
    prompt: Option<u64>,
    cached: Option<u64>,
    completion: Option<u64>,
}

impl ReportedUsage {
    /// The largest count that is taken for a number of tokens.
    pub const MAX_TOKENS: u64 = 1_000_000_000;

    /// Counts that came outside a usage object, such as those of the older dialect's end of stream.
    ///
    /// # Errors
    ///
    /// [`UsageError`] when one is above [`ReportedUsage::MAX_TOKENS`].
    pub fn new(prompt: Option<u64>, completion: Option<u64>) -> Result<Self, UsageError> {
        if prompt
            .max(completion)
            .is_some_and(|count| count > Self::MAX_TOKENS)
        {
            return Err(UsageError {
                reason: "a count is above 1000000000 tokens".to_owned(),
            });
        }
        Ok(Self {
            prompt,
            cached: None,
            completion,
        })
    }

    /// Reads the `usage` object of an OpenAI answer. `null` and what is missing count as not reported, unknown fields are
    /// passed over.
    ///
    /// # Errors
    ///
    /// [`UsageError`] when it is no object, or a count is negative, fractional, not a number, or above
    /// [`ReportedUsage::MAX_TOKENS`].
    pub fn from_json(object: &[u8]) -> Result<Self, UsageError> {
        let wire: Option<Wire> = serde_json::from_slice(object).map_err(|error| UsageError {
            reason: error.to_string(),
        })?;
        let wire = wire.unwrap_or_default();
        let cached = wire
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens);
        Ok(Self {
            prompt: wire.prompt_tokens.map(|Count(count)| count),
            cached: cached.map(|Count(count)| count),
            completion: wire.completion_tokens.map(|Count(count)| count),
        })
    }

    /// Tokens of the prompt, as reported.
    #[must_use]
    pub const fn prompt_tokens(&self) -> Option<u64> {
        self.prompt
    }

    /// Cached tokens of the prompt, as reported.
    #[must_use]
    pub const fn cached_tokens(&self) -> Option<u64> {
        self.cached
    }

    /// Tokens of the answer, as reported.
    #[must_use]
    pub const fn completion_tokens(&self) -> Option<u64> {
        self.completion
    }
}

#[derive(Default, Deserialize)]
struct Wire {
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<Count>,
}

/// A whole number of tokens; serde's own would not say what was expected, nor where the line is.
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "a whole number of tokens from 0 to {}",
                    ReportedUsage::MAX_TOKENS
                )
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Count, E> {
                if count <= ReportedUsage::MAX_TOKENS {
                    Ok(Count(count))
                } else {
                    Err(E::invalid_value(de::Unexpected::Unsigned(count), &self))
                }
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Count, E> {
                match u64::try_from(count) {
                    Ok(count) => self.visit_u64(count),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
                }
            }
        }
        deserializer.deserialize_u64(Whole)
    }
}
