//! Why a provider could not start, or stopped.

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a provider could not be set up, or stopped without being told to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderError {
    /// A setting has a value that cannot be used.
    #[error("{name}: {value:?} does not work: {reason}")]
    Setting {
        /// The setting's name.
        name: String,
        /// What was given.
        value: String,
        /// What was expected, or what went wrong.
        reason: String,
    },
    /// The file of models cannot be used; the message names the entry.
    #[error("{}: {reason}", path.display())]
    ModelsFile {
        /// The file.
        path: PathBuf,
        /// The entry, and what was expected.
        reason: String,
    },
    /// There is nothing to serve.
    #[error(
        "there is no model to serve: name a model server with a backend URL, or give a models.json"
    )]
    NothingToServe,
    /// The state folder cannot be used.
    #[error("the state folder {} cannot be used: {reason}", path.display())]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file of the key that signs cannot be used.
    #[error("the signing key {} cannot be used: {reason}", path.display())]
    SigningKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The hub refuses this key or this provider, and said so before it ever accepted it.
    #[error("the hub refuses this provider: {message}")]
    Refused {
        /// The hub's words, with what it advises to do.
        message: String,
    },
}

impl ProviderError {
    pub(crate) fn setting(name: &str, value: &str, reason: &str) -> Self {
        Self::Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: reason.to_owned(),
        }
    }

    pub(crate) fn models_file(path: &Path, reason: impl Into<String>) -> Self {
        Self::ModelsFile {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    /// Whether starting again with the same settings may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::NothingToServe)
    }

    /// Whether the hub said no: a wrong or revoked key, or a provider that may not connect.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}
