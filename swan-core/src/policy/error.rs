/// Why a document is no policy. Each names what is wrong well enough to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is not TOML, lacks a key, or has one that does not exist; the message names it and its line.
    #[error("the policy cannot be read: {message}")]
    Unreadable {
        /// What the reader says, with line and column.
        message: String,
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
    /// Something was asked that needs a key which this policy does without.
    #[error("the policy does not say {key}, and there is no default for it")]
    Missing {
        /// The key.
        key: &'static str,
    },
}

impl PolicyError {
    pub(super) fn unreadable(_text: &str, error: &toml::de::Error) -> Self {
        Self::Unreadable {
            message: error.to_string(),
        }
    }

    /// A policy does without `key`, and it was needed.
    #[must_use]
    pub const fn missing(key: &'static str) -> Self {
        Self::Missing { key }
    }

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
            key: key.into(),
            value: value.to_string(),
            rule: rule.to_string(),
        }
    }
}
