//! Why an endpoint cannot be used as it is configured.

use std::io;
use std::path::PathBuf;

/// What is wrong with the description of an endpoint. No message holds a key or a header's value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalError {
    /// The name is empty, too long, or not printable.
    #[error("external endpoint {name:?}: expected a name of 1 to 64 printable ASCII characters")]
    Name {
        /// What was configured.
        name: String,
    },
    /// Two endpoints have one name, so that nobody could choose between them.
    #[error("external endpoint {name}: there is another one of this name")]
    Duplicate {
        /// The endpoint.
        name: String,
    },
    /// The base URL is no http or https URL.
    #[error(
        "external endpoint {name}: expected base_url to be an http:// or https:// URL without a password, and api_prefix a path"
    )]
    BaseUrl {
        /// The endpoint.
        name: String,
    },
    /// The key cannot be sent in a header.
    #[error("external endpoint {name}: api_key holds characters that a header cannot carry")]
    ApiKey {
        /// The endpoint.
        name: String,
    },
    /// A key would cross the internet in the open.
    #[error(
        "external endpoint {name}: a key or header would go unencrypted to a public host; use https://, or permit it with insecure = true"
    )]
    PlainKey {
        /// The endpoint.
        name: String,
    },
    /// A header cannot be sent, or is the hub's to set.
    #[error("external endpoint {name}: header {header:?}: {why}")]
    Header {
        /// The endpoint.
        name: String,
        /// The header's name.
        header: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A model name is not usable.
    #[error("external endpoint {name}: model {model:?}: {why}")]
    Model {
        /// The endpoint.
        name: String,
        /// What was configured.
        model: String,
        /// What is wrong with it.
        why: String,
    },
    /// A bound is zero.
    #[error("external endpoint {name}: {key} = 0: expected at least 1")]
    Zero {
        /// The endpoint.
        name: String,
        /// Which one.
        key: &'static str,
    },
    /// The certificates cannot be read.
    #[error("external endpoint {name}: ca_file {}: {source}", path.display())]
    CaFile {
        /// The endpoint.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("external endpoint {name}: cannot set up TLS: {source}")]
    Tls {
        /// The endpoint.
        name: String,
        /// Why.
        source: io::Error,
    },
}
