use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::{PolicyError, PolicyVersion};
use crate::hexadecimal;

/// The SHA-256 of what a policy says: of its values, whatever their order, spacing and comments in the document.
///
/// As text it is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyHash([u8; 32]);

impl PolicyHash {
    pub(super) fn of(table: &toml::Table) -> Self {
        let mut digest = Sha256::new();
        absorb_table(&mut digest, table);
        Self(digest.finalize().into())
    }

    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
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
        hexadecimal::write(&self.0, f)
    }
}

impl fmt::Debug for PolicyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PolicyHash {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let bytes = hexadecimal::read_any_case(text).map(Self);
        bytes.ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            PolicyError::invalid("hash", shown, "a hash has 64 hexadecimal digits")
        })
    }
}

impl Serialize for PolicyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PolicyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// Which policy decided: its version and the hash of what it says. Every decision about money or standing carries one.
///
/// Copying it is cheap. It shows as `swan-2.0 (1f0c5a…)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyStamp {
    version: PolicyVersion,
    hash: Option<PolicyHash>,
}

impl PolicyStamp {
    /// The stamp of the policy with this version and content.
    #[must_use]
    pub const fn new(version: PolicyVersion, hash: PolicyHash) -> Self {
        let hash = Some(hash);
        Self { version, hash }
    }

    /// The stamp of a decision that was recorded before hashes were: nothing says what its policy said.
    #[must_use]
    pub const fn without_hash(version: PolicyVersion) -> Self {
        let hash = None;
        Self { version, hash }
    }

    /// The version of the policy.
    #[must_use]
    pub const fn version(&self) -> &PolicyVersion {
        &self.version
    }

    /// The hash of what the policy says; `None` only in records that are older than hashes.
    #[must_use]
    pub const fn hash(&self) -> Option<&PolicyHash> {
        self.hash.as_ref()
    }
}

impl fmt::Display for PolicyStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hash {
            Some(PolicyHash([a, b, c, ..])) => {
                write!(f, "{} ({a:02x}{b:02x}{c:02x}…)", self.version)
            }
            None => fmt::Display::fmt(&self.version, f),
        }
    }
}

impl fmt::Debug for PolicyStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
