//! A store of one's own, as a wrapper: it counts what is written to the journal, and hands everything on.
//!
//! A wrapper forwards every method: the traits have no defaults, so that a forgotten one is an error when it is compiled
//! and not a feature that is lost in silence.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use swan_core::{AccountId, DepositId, KeyId, ProviderId, RequestId, Timestamp, TopupId, UserId};
use swan_hub::KeyLimits;
use swan_hub::store::{
    AccountRecord, Command, DepositRecord, Deposits, DepositsOf, DocumentKind, DocumentRecord,
    Documents, GenerationChunk, IdempotencyRecord, JournalRecord, KeyHash, KeyRecord, Lease,
    NewDocument, ProfileRecord, ProviderRecord, SessionRecord, SnapshotRecord, Store, StoreError,
    StoredCommand, TopupRecord, Topups, UserRecord, Users, WatchedChain,
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

#[async_trait]
impl<S: Store> Users for CountingStore<S> {
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError> {
        self.inner.put_user(record).await
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user(id).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user_by_email(email).await
    }

    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user_by_provider(provider).await
    }

    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError> {
        self.inner.put_session(token, record).await
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError> {
        self.inner.session(token).await
    }

    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError> {
        self.inner.end_session(token).await
    }

    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        self.inner.end_sessions(user).await
    }

    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError> {
        self.inner.put_profile(record).await
    }

    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError> {
        self.inner.profile(provider).await
    }
}

#[async_trait]
impl<S: Store> Documents for CountingStore<S> {
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError> {
        self.inner.add_document(new).await
    }

    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError> {
        self.inner.change_document(kind, number, body).await
    }

    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        self.inner.document(kind, number).await
    }

    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        self.inner.document_named(kind, name).await
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError> {
        self.inner.documents(kind, owner, before, limit).await
    }
}

#[async_trait]
impl<S: Store> Topups for CountingStore<S> {
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError> {
        self.inner.put_topup(record).await
    }

    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
        self.inner.topup(id).await
    }

    async fn topups(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        self.inner.topups(account, before, limit).await
    }

    async fn due_topups(
        &self,
        upto: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        self.inner.due_topups(upto, limit).await
    }
}

#[async_trait]
impl<S: Store> Deposits for CountingStore<S> {
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError> {
        self.inner.put_deposit(record).await
    }

    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
        self.inner.deposit(id).await
    }

    async fn deposits(
        &self,
        of: DepositsOf,
        before: Option<(Timestamp, DepositId)>,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        self.inner.deposits(of, before, limit).await
    }

    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        self.inner
            .deposits_in_blocks(chain, after, upto, limit)
            .await
    }

    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError> {
        self.inner.put_watched_chain(record).await
    }

    async fn watched_chain(&self, chain: u64) -> Result<Option<WatchedChain>, StoreError> {
        self.inner.watched_chain(chain).await
    }
}
