//! Where a hub keeps what must outlive it: keys, accounts, providers, the journal of the ledger, and an inbox through
//! which the command line reaches a running hub.

#[cfg(feature = "conformance")]
pub mod conformance;
mod deposits;
mod documents;
#[cfg(feature = "sqlite")]
mod dump;
mod durability;
mod error;
mod kept;
mod key_ring;
mod memory;
mod memory_deposits;
mod memory_documents;
mod memory_topups;
mod memory_users;
#[cfg(feature = "sqlite")]
mod place;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
mod secret;
mod snapshots;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod tables;
mod topups;
mod users;
mod watch;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use swan_core::ledger::AccountKey;
use swan_core::{AccountId, Amount, KeyId, ProviderId, RequestId, Timestamp};

use crate::admission::KeyLimits;

pub use deposits::{DepositPhase, DepositRecord, Deposits, DepositsOf, WatchedChain};
pub use documents::{DocumentKind, DocumentRecord, Documents, NewDocument};
pub use durability::Durability;
pub use error::StoreError;
pub use kept::{GenerationChunk, IdempotencyRecord};
pub use key_ring::{AuthError, KeyRing, Opened};
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use place::StorePlace;
pub use pool::{Neighbour, Pool, PoolGrant, Reach};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresPlace, PostgresStore};
pub use records::{
    AccountRecord, Command, CommandKind, ExchangeOrder, JournalRecord, KeyKind, KeyRecord,
    PayoutOrder, ProviderRecord, StoredCommand,
};
pub use secret::{KeyHash, Secret};
pub use snapshots::SnapshotRecord;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
#[cfg(feature = "sqlite")]
pub(crate) use tables::Tables;
pub use topups::{TopupRecord, Topups};
pub use users::{ProfileRecord, SESSIONS_PER_USER, SessionRecord, UserRecord, Users};
#[cfg(feature = "cli")]
pub(crate) use watch::{ANSWER_OK, carry_out};
pub use watch::{Watch, WatchOptions};

/// Durable storage of a hub.
///
/// # Contract
///
/// * Each call is atomic: it happens wholly or not at all, and once it has answered `Ok` it survives a crash.
/// * A call that failed or whose future was dropped may have happened; every write may be repeated with the same content.
/// * Reads see every write that has answered before they began, from this or another process.
/// * Implementations answer within bounded time, with [`StoreError::Unavailable`] when they cannot serve.
/// * Wrappers forward every method, and hand out the rooms that they do not wrap; there are no defaults.
///
/// The suite in `conformance` (feature `conformance`) checks an implementation.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// People, their logins, and what providers tell of themselves.
    fn users(&self) -> &dyn Users;

    /// Papers in numbered series.
    fn documents(&self) -> &dyn Documents;

    /// Orders at the card processor.
    fn topups(&self) -> &dyn Topups;

    /// Deposits on chains.
    fn deposits(&self) -> &dyn Deposits;

    /// Takes the right to write the journal, until the lease is dropped or the process ends.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while another holds it.
    async fn lease(&self) -> Result<Lease, StoreError>;

    /// Appends to the journal. The record must begin right after the last one.
    ///
    /// # Errors
    /// [`StoreError::Gap`] when it does not, unless exactly this record is already there, which is `Ok`.
    async fn append(&self, record: &JournalRecord) -> Result<(), StoreError>;

    /// Up to `limit` journal records in order, from the one that contains entry `seq`, or the first after it.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError>;

    /// Adds a part of a snapshot of the ledger, or replaces it, and forgets all snapshots of entries before `keep_from`.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError>;

    /// Part number `part` of the snapshot of entry `upto`, or else of the newest one before that has such a part.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn snapshot(&self, upto: u64, part: u32) -> Result<Option<SnapshotRecord>, StoreError>;

    /// Adds a key or replaces the one with the same id.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another key has this hash.
    async fn put_key(&self, hash: &KeyHash, record: &KeyRecord) -> Result<(), StoreError>;

    /// Every key, revoked ones too, oldest first.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn keys(&self) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError>;

    /// Revokes a key. The first revocation counts; answers whether there is such a key.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Replaces the limits of a key and nothing else; answers whether there is such a key.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn limit_key(&self, id: KeyId, limits: &KeyLimits) -> Result<bool, StoreError>;

    /// Replaces the limits of an account and nothing else; answers whether there is such an account.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn limit_account(&self, id: AccountId, limits: &KeyLimits) -> Result<bool, StoreError>;

    /// Adds an account or replaces the one with the same id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_account(&self, record: &AccountRecord) -> Result<(), StoreError>;

    /// Every account, oldest first.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError>;

    /// Adds a provider or replaces the one with the same id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_provider(&self, record: &ProviderRecord) -> Result<(), StoreError>;

    /// Every provider, oldest first.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn providers(&self) -> Result<Vec<ProviderRecord>, StoreError>;

    /// Notes when a provider was last connected; an unknown provider is left out.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn touch_provider(&self, id: ProviderId, at: Timestamp) -> Result<(), StoreError>;

    /// Puts a command into the inbox; one with the id of an earlier one is not put in again.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn push_command(&self, command: &Command) -> Result<(), StoreError>;

    /// Commands nobody has answered yet, oldest first, up to `limit`.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn pending_commands(&self, limit: u32) -> Result<Vec<Command>, StoreError>;

    /// A command and its answer.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn command(&self, id: u128) -> Result<Option<StoredCommand>, StoreError>;

    /// Answers a command, which takes it out of the pending ones. The first answer counts.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn answer_command(&self, id: u128, answer: &str) -> Result<(), StoreError>;

    /// Adds chunks of records, or replaces those with the same first id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_generations(&self, chunks: &[GenerationChunk]) -> Result<(), StoreError>;

    /// Up to `limit` chunks whose first id is at least `from` and below `to`, the youngest first. Their accounts may be left out.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn generations(
        &self,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError>;

    /// Up to `limit` chunks with requests of this account, of those that begin at or after `from` and before `to`; the
    /// youngest first. Chunks without requests of this account may be among them, and cost whoever asks time.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn generations_of(
        &self,
        account: AccountId,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError>;

    /// Forgets chunks whose first id is below `before`, and the oldest until the bodies have at most `bytes`; no more than
    /// `limit` at once. Answers whether there may be more to forget.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn trim_generations(
        &self,
        before: RequestId,
        bytes: u64,
        limit: u32,
    ) -> Result<bool, StoreError>;

    /// The stores of the other hubs that share this one's database, each with a journal of its own; none where one hub keeps it.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn others(&self) -> Result<Vec<Arc<dyn Store>>, StoreError> {
        Ok(Vec::new())
    }

    /// What was granted of each account to all hubs that share this store's funds; nothing where one hub keeps it, whose journal has it.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn shared_grants(&self) -> Result<Vec<(AccountKey, Amount)>, StoreError> {
        Ok(Vec::new())
    }

    /// What this hub knows of every idempotency key, in the order in which they expire.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn idempotency(&self) -> Result<Vec<IdempotencyRecord>, StoreError>;

    /// What another hub that shares this store has written of a key; always `None` in a store that one hub keeps. Where it is
    /// there, this hub's own [`Store::change_idempotency`] of that key has changed nothing.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn idempotency_elsewhere(
        &self,
        key: &[u8; 32],
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let _alone = key;
        Ok(None)
    }

    /// Adds or replaces what is known of keys, and then forgets others.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn change_idempotency(
        &self,
        put: &[IdempotencyRecord],
        forget: &[[u8; 32]],
    ) -> Result<(), StoreError>;

    /// A number that changes whenever keys, accounts, providers or commands may have changed; cheap enough to ask for
    /// several times a second. Only inequality means something.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn version(&self) -> Result<u64, StoreError>;
}

const _: fn(&dyn Store) = |_| {}; // Object safety is part of the contract.

/// The right to write the journal; dropping it gives it back.
pub struct Lease(#[expect(dead_code, reason = "kept for its Drop")] Box<dyn Any + Send + Sync>);

impl Lease {
    /// A lease that ends when `guard` is dropped.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}
