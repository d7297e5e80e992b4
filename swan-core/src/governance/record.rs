use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::{Action, Effect};
use crate::{PolicyStamp, Timestamp, hexadecimal};

/// The SHA-256 of a record and all before it. It shows and reads as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordHash([u8; 32]);

impl RecordHash {
    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What stands before the first record: the policy that governance began with.
    pub(super) fn genesis(policy: &PolicyStamp) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"swan governance 1\n");
        digest.update(policy.version().as_str().as_bytes());
        digest.update(b"\n");
        // A policy that was read has a hash; only stamps of old ledger entries lack one.
        if let Some(hash) = policy.hash() {
            digest.update(hash.as_bytes());
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Display for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::write(&self.0, f)
    }
}

impl fmt::Debug for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RecordHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = hexadecimal::read(&text).map(Self);
        bytes.ok_or_else(|| de::Error::custom("a record hash has 64 lower-case hexadecimal digits"))
    }
}

/// One step of governance: who did what when, under which policy, and what came of it.
///
/// Each record carries the hash of the one before, so that none can be altered, left out or put in unnoticed. Hashed are
/// the hash before (32 bytes) and the JSON of `[number, at, policy, action, effect]` in the order of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a journal reads and writes all of it; its hash guards it"
)]
pub struct GovernanceRecord {
    /// Its place; the first is 1.
    pub number: u64,
    /// When it was done, in milliseconds since the Unix epoch.
    pub at: Timestamp,
    /// The policy that was in force.
    pub policy: PolicyStamp,
    /// What was done, and by whom.
    pub action: Action,
    /// What came of it.
    pub effect: Effect,
    /// The hash of the record before.
    pub previous: RecordHash,
    /// The hash of this record.
    pub hash: RecordHash,
}

impl GovernanceRecord {
    pub(super) fn seal(
        number: u64,
        at: Timestamp,
        policy: PolicyStamp,
        action: Action,
        effect: Effect,
        previous: RecordHash,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(previous.as_bytes());
        // These are numbers and texts of this crate, which JSON can always write.
        let said = serde_json::to_vec(&(number, at, &policy, &action, &effect)).unwrap_or_default();
        digest.update(said);
        let hash = RecordHash(digest.finalize().into());
        Self {
            number,
            at,
            policy,
            action,
            effect,
            previous,
            hash,
        }
    }
}
