//! A store of one's own, as a wrapper: it counts what is written to the journal, and hands everything on.
//!
//! A wrapper forwards every method, and hands out the rooms (users, documents, orders, deposits) that it does not wrap:
//! the traits have no defaults, so that a forgotten one is an error when it is compiled and not a feature that is lost in silence.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use swan_core::{AccountId, KeyId, ProviderId, RequestId, Timestamp};
use swan_hub::KeyLimits;
use swan_hub::store::{
    AccountRecord, Command, Deposits, Documents, GenerationChunk, IdempotencyRecord, JournalRecord,
    KeyHash, KeyRecord, Lease, ProviderRecord, SnapshotRecord, Store, StoreError, StoredCommand,
    Topups, Users,
};

/// Counts the journal records that `S` has taken.
#[derive(Debug)]
pub struct CountingStore<S> {
    inner: S,
    appended: AtomicU64,
}

impl<S: Store> CountingStore<S> {
    /// Wraps a store.
    pub const fn new(inner: S) -> Self {
        Self {
            inner,
            appended: AtomicU64::new(0),
        }
    }

    /// How many journal records were written.
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl<S: Store> Store for CountingStore<S> {
    fn users(&self) -> &dyn Users {
        self.inner.users()
    }

    fn documents(&self) -> &dyn Documents {
        self.inner.documents()
    }

    fn topups(&self) -> &dyn Topups {
        self.inner.topups()
    }

    fn deposits(&self) -> &dyn Deposits {
        self.inner.deposits()
    }

    async fn append(&self, record: &JournalRecord) -> Result<(), StoreError> {
        self.inner.append(record).await?;
        self.appended.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        self.inner.lease().await
    }

    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        self.inner.read(seq, limit).await
    }

    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError> {
        self.inner.put_snapshot(part, keep_from).await
    }

    async fn snapshot(&self, upto: u64, part: u32) -> Result<Option<SnapshotRecord>, StoreError> {
        self.inner.snapshot(upto, part).await
    }

    async fn put_key(&self, hash: &KeyHash, record: &KeyRecord) -> Result<(), StoreError> {
        self.inner.put_key(hash, record).await
    }

    async fn keys(&self) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
        self.inner.keys().await
    }

    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.revoke_key(id, at).await
    }

    async fn limit_key(&self, id: KeyId, limits: &KeyLimits) -> Result<bool, StoreError> {
        self.inner.limit_key(id, limits).await
    }

    async fn limit_account(&self, id: AccountId, limits: &KeyLimits) -> Result<bool, StoreError> {
        self.inner.limit_account(id, limits).await
    }

    async fn put_account(&self, record: &AccountRecord) -> Result<(), StoreError> {
        self.inner.put_account(record).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError> {
        self.inner.accounts().await
    }

    async fn put_provider(&self, record: &ProviderRecord) -> Result<(), StoreError> {
        self.inner.put_provider(record).await
    }

    async fn providers(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        self.inner.providers().await
    }

    async fn touch_provider(&self, id: ProviderId, at: Timestamp) -> Result<(), StoreError> {
        self.inner.touch_provider(id, at).await
    }

    async fn push_command(&self, command: &Command) -> Result<(), StoreError> {
        self.inner.push_command(command).await
    }

    async fn pending_commands(&self, limit: u32) -> Result<Vec<Command>, StoreError> {
        self.inner.pending_commands(limit).await
    }

    async fn command(&self, id: u128) -> Result<Option<StoredCommand>, StoreError> {
        self.inner.command(id).await
    }

    async fn answer_command(&self, id: u128, answer: &str) -> Result<(), StoreError> {
        self.inner.answer_command(id, answer).await
    }

    async fn put_generations(&self, chunks: &[GenerationChunk]) -> Result<(), StoreError> {
        self.inner.put_generations(chunks).await
    }

    async fn generations(
        &self,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        self.inner.generations(from, to, limit).await
    }

    async fn generations_of(
        &self,
        account: AccountId,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        self.inner.generations_of(account, from, to, limit).await
    }

    async fn trim_generations(
        &self,
        before: RequestId,
        bytes: u64,
        limit: u32,
    ) -> Result<bool, StoreError> {
        self.inner.trim_generations(before, bytes, limit).await
    }

    async fn idempotency(&self) -> Result<Vec<IdempotencyRecord>, StoreError> {
        self.inner.idempotency().await
    }

    async fn change_idempotency(
        &self,
        put: &[IdempotencyRecord],
        forget: &[[u8; 32]],
    ) -> Result<(), StoreError> {
        self.inner.change_idempotency(put, forget).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.inner.version().await
    }
}
