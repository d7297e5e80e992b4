//! What can go wrong in a hub, apart from the answers to single requests.

use std::io;
use std::path::PathBuf;

/// Why a hub cannot be built or cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Another program listens there.
    #[error(
        "{address} is already in use: stop the program that listens there, or choose another address with {flag}"
    )]
    AddressInUse {
        /// The address that was asked for.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({flag}): {source}")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for the hub's data cannot be made or written.
    #[error("cannot write to the folder {}: {source}; choose another one with --data-dir", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store failed, or another hub writes to it.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The books could not be rebuilt from the journal.
    #[error("the books cannot be opened: {0}")]
    Books(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A seam that the builder needs is missing or contradicts another.
    #[error("the hub cannot be built: {0}")]
    Build(String),
    /// The hub was told to stop, and requests were cut off when the time for draining was over.
    #[error("{cut_off} requests were still running when the time for draining was over")]
    CutOff {
        /// How many.
        cut_off: usize,
    },
}

/// A wrong key or value in the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key is unknown or a value has the wrong type; the message names both and what was expected.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it stands: the file or the environment variable.
        origin: String,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// A value has the right type and still makes no sense.
    #[error("{key} = {value:?}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}
