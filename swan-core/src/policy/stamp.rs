use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::PolicyVersion;

/// The SHA-256 of what a policy says: of its values, whatever their order, spacing and comments in the document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyHash([u8; 32]);

impl PolicyHash {
    pub(super) fn of(table: &toml::Table) -> Self {
        let mut digest = Sha256::new();
        absorb_table(&mut digest, table);
        Self(digest.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Every value goes in with its kind and its length, so that no two documents read alike. Tables come sorted by key.
fn absorb(digest: &mut Sha256, value: &toml::Value) {
    match value {
        toml::Value::Table(table) => absorb_table(digest, table),
        toml::Value::Array(list) => {
            absorb_bytes(digest, b'l', &length(list.len()));
            list.iter().for_each(|value| absorb(digest, value));
        }
        toml::Value::String(text) => absorb_bytes(digest, b's', text.as_bytes()),
        other => absorb_bytes(digest, b'v', other.to_string().as_bytes()),
    }
}

fn absorb_table(digest: &mut Sha256, table: &toml::Table) {
    absorb_bytes(digest, b't', &length(table.len()));
    for (key, value) in table {
        absorb_bytes(digest, b'k', key.as_bytes());
        absorb(digest, value);
    }
}

fn absorb_bytes(digest: &mut Sha256, kind: u8, bytes: &[u8]) {
    digest.update([kind]);
    digest.update(length(bytes.len()));
    digest.update(bytes);
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}

impl fmt::Display for PolicyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PolicyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which policy decided: its version and the hash of what it says. Every decision about money or standing carries one.
///
/// Copying it is cheap. It shows as `swan-2.0 (1f0c5a…)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyStamp {
    version: PolicyVersion,
    hash: PolicyHash,
}

impl PolicyStamp {
    /// The stamp of the policy with this version and content.
    #[must_use]
    pub const fn new(version: PolicyVersion, hash: PolicyHash) -> Self {
        Self { version, hash }
    }

    /// The version of the policy.
    #[must_use]
    pub const fn version(&self) -> &PolicyVersion {
        &self.version
    }

    /// The hash of what the policy says.
    #[must_use]
    pub const fn hash(&self) -> &PolicyHash {
        &self.hash
    }
}

impl fmt::Display for PolicyStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.hash.0;
        write!(f, "{} ({a:02x}{b:02x}{c:02x}…)", self.version)
    }
}

impl fmt::Debug for PolicyStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
