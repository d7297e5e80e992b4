//! A store that lets its hub down on purpose.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use swan_core::{AccountId, KeyId, ProviderId, RequestId, Timestamp};
use swan_hub::store::{
    AccountRecord, Command, Deposits, Documents, GenerationChunk, IdempotencyRecord, JournalRecord,
    KeyHash, KeyRecord, Lease, MemoryStore, ProviderRecord, SnapshotRecord, Store, StoreError,
    StoredCommand, Topups, Users,
};
use tokio::sync::watch;

/// What goes wrong with an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not happen, and says so.
    Fails,
    /// It happens, and says that it did not.
    Lies,
    /// It does not happen, and there is no answer.
    Hangs,
    /// It happens, and there is no answer.
    HangsAfter,
    /// It does not happen and never will.
    Breaks,
}

/// A memory store whose appends go wrong `times` times after the first `good` ones.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) inner: MemoryStore,
    pub(crate) fault: Fault,
    pub(crate) good: u32,
    pub(crate) times: u32,
    pub(crate) appends: AtomicU32,
    /// How it lets its hub down just now, whatever the counts say.
    away: watch::Sender<Option<Fault>>,
}

impl FaultyStore {
    pub(crate) fn new(fault: Fault, good: u32, times: u32) -> Self {
        Self {
            inner: MemoryStore::new(),
            fault,
            good,
            times,
            appends: AtomicU32::new(0),
            away: watch::Sender::new(None),
        }
    }

    /// A store that works until it is told otherwise.
    pub(crate) fn working() -> Self {
        Self::new(Fault::Fails, u32::MAX, 0)
    }

    /// From now on appends fail, or hang until the store is back.
    pub(crate) fn go_away(&self, fault: Fault) {
        self.away.send_replace(Some(fault));
    }

    pub(crate) fn come_back(&self) {
        self.away.send_replace(None);
    }

    /// Every part of every snapshot, the youngest snapshot first.
    pub(crate) async fn snapshot_parts(&self) -> Vec<SnapshotRecord> {
        let (mut parts, mut upto) = (Vec::new(), u64::MAX);
        while let Some(first) = self.inner.snapshot(upto, 0).await.unwrap() {
            let seq = first.seq;
            for number in 0..first.parts {
                let part = self.inner.snapshot(seq, number).await.unwrap();
                parts.extend(part.filter(|part| part.seq == seq));
            }
            upto = seq - 1;
        }
        parts
    }

    /// What a new process would find: everything that was written, and no lease.
    pub(crate) async fn after_crash(&self) -> MemoryStore {
        let copy = MemoryStore::new();
        for record in self.inner.read(1, u32::MAX).await.unwrap() {
            copy.append(&record).await.unwrap();
        }
        for part in self.snapshot_parts().await {
            copy.put_snapshot(&part, 0).await.unwrap();
        }
        copy
    }
}

fn away() -> StoreError {
    StoreError::Unavailable {
        what: "the disk is away".into(),
        source: None,
    }
}

#[async_trait]
impl Store for FaultyStore {
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
        let away = *self.away.borrow();
        if away == Some(Fault::Hangs) {
            let mut away = self.away.subscribe();
            let _ = away.wait_for(Option::is_none).await;
        }
        let number = self.appends.fetch_add(1, Ordering::SeqCst);
        let is_here = away.is_none_or(|fault| fault == Fault::Hangs);
        if is_here && (number < self.good || number - self.good >= self.times) {
            return self.inner.append(record).await;
        }
        let error = self::away();
        match away.unwrap_or(self.fault) {
            Fault::Fails => Err(error),
            Fault::Lies => self.inner.append(record).await.and(Err(error)),
            Fault::Hangs => std::future::pending().await,
            Fault::HangsAfter => {
                self.inner.append(record).await?;
                std::future::pending().await
            }
            Fault::Breaks => Err(StoreError::Corrupt {
                what: "the disk is gone".into(),
            }),
        }
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        self.inner.lease().await
    }

    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        self.inner.read(seq, limit).await
    }

    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError> {
        if self.away.borrow().is_some() {
            return Err(away());
        }
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

    async fn limit_key(&self, id: KeyId, limits: &swan_hub::KeyLimits) -> Result<bool, StoreError> {
        self.inner.limit_key(id, limits).await
    }

    async fn limit_account(
        &self,
        id: AccountId,
        limits: &swan_hub::KeyLimits,
    ) -> Result<bool, StoreError> {
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
