//! What a hub remembers of requests that have ended: their records, and what was answered to keys that may come again.

use std::fmt;

use swan_core::{AccountId, RequestId, Timestamp};

/// Records of ended requests, encoded. A store keeps the bytes as they are.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct GenerationChunk {
    /// The first request in it, which names the chunk. Ids are in the order of time.
    pub first: RequestId,
    /// Whose requests are in it, each account once: the hub writes chunks of one account each.
    pub accounts: Vec<AccountId>,
    /// The records, behind a version byte.
    pub body: Vec<u8>,
}

impl fmt::Debug for GenerationChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerationChunk")
            .field("first", &self.first)
            .field("accounts", &self.accounts.len())
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// What is known of one idempotency key. A store keeps the bytes as they are; they may hold an answer.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct IdempotencyRecord {
    /// The SHA-256 of account and key.
    pub key: [u8; 32],
    /// When it may be forgotten.
    pub expires: Timestamp,
    /// Whether it runs, or what came of it, behind a version byte.
    pub body: Vec<u8>,
}

impl fmt::Debug for IdempotencyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyRecord")
            .field("expires", &self.expires)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
