use super::{purpose, read};

/// How many characters of a key or value an error shows.
const SHOWN: usize = 200;

/// Why a document is no policy. Each names what is wrong well enough to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is longer than policies may be.
    #[error("the policy has {bytes} bytes, but a policy has at most {most}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        most: usize,
    },
    /// It is not TOML.
    #[error("the policy cannot be read at line {line}, column {column}: {message}")]
    Unreadable {
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// What the reader found there and what it expected.
        message: String,
    },
    /// It lacks a key that has no default, or something was asked that needs a key which this policy does without.
    #[error("the policy does not say {key}, and there is no default for it{}", for_what(.purpose.as_deref()))]
    Missing {
        /// The key, such as `split` or `split.burn_bps`.
        key: String,
        /// What it is for, where the built-in policies say so.
        purpose: Option<String>,
    },
    /// It has a key that means nothing.
    #[error("the policy has a key that does not exist: {key} in line {line}{}", meant(.nearest.as_deref()))]
    Unknown {
        /// The key as written.
        key: String,
        /// The line, counted from 1.
        line: usize,
        /// The key that may have been meant.
        nearest: Option<String>,
    },
    /// A value breaks a rule.
    #[error("the policy says {key} = {value}, but {rule}")]
    Invalid {
        /// Where it stands, such as `model.3.min_vram_gb`; entries of lists count from 1.
        key: String,
        /// The value as written.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
}

impl PolicyError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what goes in here is not needed afterwards, so call sites need no borrows"
    )]
    pub(crate) fn invalid(
        key: impl Into<String>,
        value: impl ToString,
        rule: impl ToString,
    ) -> Self {
        Self::Invalid {
            key: cut(key.into()),
            value: cut(value.to_string()),
            rule: rule.to_string(),
        }
    }

    pub(super) fn unknown(key: String, line: usize, nearest: Option<&str>) -> Self {
        Self::Unknown {
            key: cut(key),
            line,
            nearest: nearest.map(str::to_owned),
        }
    }

    /// A policy does without `key`, and it was needed.
    #[must_use]
    pub fn missing(key: &str) -> Self {
        Self::Missing {
            key: cut(key.to_owned()),
            purpose: purpose::of(key),
        }
    }

    /// The key that is wrong, if the document could be read so far.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Missing { key, .. } | Self::Unknown { key, .. } | Self::Invalid { key, .. } => {
                Some(key)
            }
            Self::TooLarge { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Line and column in `text`, the document that was read, both counted from 1; of the section where a key is missing.
    #[must_use]
    pub fn place(&self, text: &str) -> Option<(usize, usize)> {
        match self {
            Self::Unreadable { line, column, .. } => Some((*line, *column)),
            Self::TooLarge { .. } => None,
            Self::Missing { key, .. } | Self::Unknown { key, .. } | Self::Invalid { key, .. } => {
                read::place_of(text, key)
            }
        }
    }
}

/// What a hostile document says is shown, but not at any length.
fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(at);
        text.push('…');
    }
    text
}

fn for_what(purpose: Option<&str>) -> String {
    purpose.map_or_else(String::new, |purpose| {
        format!("; a built-in policy says of it: {purpose}")
    })
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}
