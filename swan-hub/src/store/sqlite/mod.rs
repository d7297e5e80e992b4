//! The embedded store: one SQLite file, one thread that writes, one that reads.

mod copy;
mod deposits;
mod directory;
mod documents;
mod dump;
mod generations;
mod idempotency;
mod inbox;
mod journal;
mod open;
mod snapshots;
mod tables;
mod topups;
mod users;
mod worker;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use swan_core::{AccountId, KeyId, ProviderId, RequestId, Timestamp};

use self::worker::Worker;
use super::{
    AccountRecord, Command, Deposits, Documents, Durability, GenerationChunk, IdempotencyRecord,
    JournalRecord, KeyHash, KeyRecord, Lease, ProviderRecord, SnapshotRecord, Store, StoreError,
    StoredCommand, Topups, Users,
};
use crate::admission::KeyLimits;

/// How a SQLite file is used.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// When a write has answered.
    pub durability: Durability,
    /// How long a lock of another program is waited for, below 20 s. 5 s.
    pub busy_wait: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            busy_wait: Duration::from_secs(5),
        }
    }
}

impl SqliteOptions {
    /// The same, with another wait for locks.
    #[must_use]
    pub const fn with_busy_wait(mut self, busy_wait: Duration) -> Self {
        self.busy_wait = busy_wait;
        self
    }

    /// The same, with another durability.
    #[must_use]
    pub const fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

/// A store in one SQLite file. Clones share its two threads, which end with the last clone.
///
/// Several processes may open the file; the lease, a lock on a file beside it, says which one keeps the books.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: Arc<Path>,
    writer: Worker,
    reader: Worker,
    /// Own writes, which `PRAGMA data_version` of the same connection does not count.
    written: Arc<AtomicU64>,
}

impl SqliteStore {
    /// Opens or makes the file, and the folder it is in.
    ///
    /// # Errors
    /// [`StoreError::Open`] and [`StoreError::NewerSchema`] when it cannot be used as it is,
    /// [`StoreError::Unavailable`] when another program has locked it.
    pub async fn open(
        path: impl Into<PathBuf>,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        let path: Arc<Path> = path.into().into();
        let place = Arc::clone(&path);
        let writer = Worker::start(move || open::writer(&place, options)).await?;
        let place = Arc::clone(&path);
        let reader = Worker::start(move || open::reader(&place, options)).await?;
        Ok(Self {
            path,
            writer,
            reader,
            written: Arc::default(),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.writer.run(job).await;
        // A write whose answer was lost may have happened, so it counts too.
        self.written.fetch_add(1, Ordering::Release);
        done
    }
}

/// Locks the file beside the database; the lock ends with the process, however it ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let open_error = |error| StoreError::Open {
        place: beside.to_string_lossy().into_owned(),
        what: "the lock file cannot be used; make its folder writable".into(),
        source: Some(Box::new(error)),
    };
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = options.open(&beside).map_err(open_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Leased {
            place: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(open_error(error)),
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn users(&self) -> &dyn Users {
        self
    }

    fn documents(&self) -> &dyn Documents {
        self
    }

    fn topups(&self) -> &dyn Topups {
        self
    }

    fn deposits(&self) -> &dyn Deposits {
        self
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        let path = Arc::clone(&self.path);
        self.reader.run(move |_| lock(&path)).await.map(Lease::new)
    }

    async fn append(&self, record: &JournalRecord) -> Result<(), StoreError> {
        let record = record.clone();
        // Not counted as a change: nobody watches the journal.
        self.writer
            .run(move |connection| journal::append(connection, &record))
            .await
    }

    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        self.reader
            .run(move |connection| journal::read(connection, seq, limit))
            .await
    }

    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError> {
        let part = part.clone();
        self.writer
            .run(move |connection| snapshots::put(connection, &part, keep_from))
            .await
    }

    async fn snapshot(&self, upto: u64, part: u32) -> Result<Option<SnapshotRecord>, StoreError> {
        self.reader
            .run(move |connection| snapshots::newest(connection, upto, part))
            .await
    }

    async fn put_key(&self, hash: &KeyHash, record: &KeyRecord) -> Result<(), StoreError> {
        let (hash, record) = (*hash, record.clone());
        self.write(move |connection| directory::put_key(connection, &hash, &record))
            .await
    }

    async fn keys(&self) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
        self.reader
            .run(|connection| directory::keys(connection))
            .await
    }

    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |connection| directory::revoke_key(connection, id, at))
            .await
    }

    async fn limit_key(&self, id: KeyId, limits: &KeyLimits) -> Result<bool, StoreError> {
        let limits = limits.clone();
        self.write(move |connection| directory::limit_key(connection, id, &limits))
            .await
    }

    async fn limit_account(&self, id: AccountId, limits: &KeyLimits) -> Result<bool, StoreError> {
        let limits = limits.clone();
        self.write(move |connection| directory::limit_account(connection, id, &limits))
            .await
    }

    async fn put_account(&self, record: &AccountRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.write(move |connection| directory::put_account(connection, &record))
            .await
    }

    async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError> {
        self.reader
            .run(|connection| directory::accounts(connection))
            .await
    }

    async fn put_provider(&self, record: &ProviderRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.write(move |connection| directory::put_provider(connection, &record))
            .await
    }

    async fn providers(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        self.reader
            .run(|connection| directory::providers(connection))
            .await
    }

    async fn touch_provider(&self, id: ProviderId, at: Timestamp) -> Result<(), StoreError> {
        self.writer
            .run(move |connection| directory::touch_provider(connection, id, at))
            .await
    }

    async fn push_command(&self, command: &Command) -> Result<(), StoreError> {
        let command = command.clone();
        self.write(move |connection| inbox::push(connection, &command))
            .await
    }

    async fn pending_commands(&self, limit: u32) -> Result<Vec<Command>, StoreError> {
        self.reader
            .run(move |connection| inbox::pending(connection, limit))
            .await
    }

    async fn command(&self, id: u128) -> Result<Option<StoredCommand>, StoreError> {
        self.reader
            .run(move |connection| inbox::find(connection, id))
            .await
    }

    async fn answer_command(&self, id: u128, answer: &str) -> Result<(), StoreError> {
        let answer = answer.to_owned();
        self.writer
            .run(move |connection| inbox::answer(connection, id, &answer))
            .await
    }

    async fn put_generations(&self, chunks: &[GenerationChunk]) -> Result<(), StoreError> {
        let chunks = chunks.to_vec();
        self.writer
            .run(move |connection| generations::put(connection, &chunks))
            .await
    }

    async fn generations(
        &self,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        self.reader
            .run(move |connection| generations::page(connection, from, to, limit))
            .await
    }

    async fn generations_of(
        &self,
        account: AccountId,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        self.reader
            .run(move |connection| generations::of(connection, account, (from, to), limit))
            .await
    }

    async fn trim_generations(
        &self,
        before: RequestId,
        bytes: u64,
        limit: u32,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(move |connection| generations::trim(connection, before, bytes, limit))
            .await
    }

    async fn idempotency(&self) -> Result<Vec<IdempotencyRecord>, StoreError> {
        self.reader
            .run(|connection| idempotency::all(connection))
            .await
    }

    async fn change_idempotency(
        &self,
        put: &[IdempotencyRecord],
        forget: &[[u8; 32]],
    ) -> Result<(), StoreError> {
        let (put, forget) = (put.to_vec(), forget.to_vec());
        self.writer
            .run(move |connection| idempotency::change(connection, &put, &forget))
            .await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        let others = self
            .writer
            .run(|connection| journal::data_version(connection))
            .await?;
        Ok((self.written.load(Ordering::Acquire) << 32) ^ others)
    }
}
