use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use swan_core::{AccountId, DepositId, KeyId, ProviderId, RequestId, Timestamp, TopupId};

use super::memory_documents::Papers;
use super::memory_users::Directory;
use crate::admission::KeyLimits;

use super::{
    AccountRecord, Command, DepositRecord, Deposits, Documents, GenerationChunk, IdempotencyRecord,
    JournalRecord, KeyHash, KeyRecord, Lease, ProviderRecord, SnapshotRecord, Store, StoreError,
    StoredCommand, TopupRecord, Topups, Users, WatchedChain,
};

/// A store that lives as long as its last clone: for tests, demonstrations, and hubs whose money is counted elsewhere.
///
/// Clones share everything, the lease too.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    pub(super) users: Arc<Mutex<Directory>>,
    pub(super) documents: Arc<Mutex<Papers>>,
    pub(super) topups: Arc<Mutex<BTreeMap<TopupId, TopupRecord>>>,
    pub(super) deposits: Arc<Mutex<BTreeMap<DepositId, DepositRecord>>>,
    pub(super) chains: Arc<Mutex<BTreeMap<u64, WatchedChain>>>,
    leased: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    journal: BTreeMap<u64, JournalRecord>,
    snapshots: BTreeMap<(u64, u32), SnapshotRecord>,
    keys: BTreeMap<KeyId, (KeyHash, KeyRecord)>,
    accounts: BTreeMap<AccountId, AccountRecord>,
    providers: BTreeMap<ProviderId, ProviderRecord>,
    commands: Vec<StoredCommand>,
    generations: BTreeMap<RequestId, GenerationChunk>,
    generation_bytes: u64,
    generation_index: BTreeSet<(AccountId, RequestId)>,
    idempotency: BTreeMap<[u8; 32], IdempotencyRecord>,
    version: u64,
}

impl State {
    fn next_seq(&self) -> u64 {
        self.journal
            .last_key_value()
            .map_or(1, |(_, last)| last.next_seq())
    }
}

/// The length of a body.
const fn bytes(chunk: &GenerationChunk) -> u64 {
    chunk.body.len() as u64
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Debug)]
struct MemoryLease(Arc<AtomicBool>);

impl Drop for MemoryLease {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[async_trait]
impl Store for MemoryStore {
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
        if self.leased.swap(true, Ordering::AcqRel) {
            return Err(StoreError::Leased {
                place: "this memory store".into(),
            });
        }
        Ok(Lease::new(MemoryLease(Arc::clone(&self.leased))))
    }

    async fn append(&self, record: &JournalRecord) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let expected = state.next_seq();
        if record.first_seq == expected && record.count > 0 {
            state.journal.insert(record.first_seq, record.clone());
            return Ok(());
        }
        if state.journal.get(&record.first_seq) == Some(record) {
            return Ok(());
        }
        Err(StoreError::Gap {
            expected,
            found: record.first_seq,
        })
    }

    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let state = self.state.lock();
        let start = state.journal.range(..=seq).next_back();
        let start = start
            .filter(|(_, record)| record.next_seq() > seq)
            .map_or(seq, |(at, _)| *at);
        Ok(state
            .journal
            .range(start..)
            .take(limit)
            .map(|(_, record)| record.clone())
            .collect())
    }

    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError> {
        let snapshots = &mut self.state.lock().snapshots;
        snapshots.insert((part.seq, part.part), part.clone());
        *snapshots = snapshots.split_off(&(keep_from, 0));
        Ok(())
    }

    async fn snapshot(&self, upto: u64, part: u32) -> Result<Option<SnapshotRecord>, StoreError> {
        let state = self.state.lock();
        let parts = state.snapshots.range(..=(upto, u32::MAX)).rev();
        let found = parts
            .filter(|((_, number), _)| *number == part)
            .map(|(_, found)| found.clone())
            .next();
        Ok(found)
    }

    async fn put_key(&self, hash: &KeyHash, record: &KeyRecord) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if state
            .keys
            .values()
            .any(|(taken, other)| taken == hash && other.id != record.id)
        {
            return Err(StoreError::Conflict {
                what: "this secret belongs to another key".into(),
            });
        }
        state.keys.insert(record.id, (*hash, record.clone()));
        state.version += 1;
        Ok(())
    }

    async fn keys(&self) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
        let mut keys: Vec<_> = self.state.lock().keys.values().cloned().collect();
        keys.sort_by_key(|(_, record)| (record.created, record.id));
        Ok(keys)
    }

    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let Some((_, record)) = state.keys.get_mut(&id) else {
            return Ok(false);
        };
        record.revoked.get_or_insert(at);
        state.version += 1;
        Ok(true)
    }

    async fn limit_key(&self, id: KeyId, limits: &KeyLimits) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let Some((_, record)) = state.keys.get_mut(&id) else {
            return Ok(false);
        };
        record.limits = limits.clone();
        state.version += 1;
        Ok(true)
    }

    async fn limit_account(&self, id: AccountId, limits: &KeyLimits) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let Some(record) = state.accounts.get_mut(&id) else {
            return Ok(false);
        };
        record.limits = limits.clone();
        state.version += 1;
        Ok(true)
    }

    async fn put_account(&self, record: &AccountRecord) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.accounts.insert(record.id, record.clone());
        state.version += 1;
        Ok(())
    }

    async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError> {
        let mut accounts: Vec<_> = self.state.lock().accounts.values().cloned().collect();
        accounts.sort_by_key(|record| (record.created, record.id));
        Ok(accounts)
    }

    async fn put_provider(&self, record: &ProviderRecord) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.providers.insert(record.id, record.clone());
        state.version += 1;
        Ok(())
    }

    async fn providers(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        let mut providers: Vec<_> = self.state.lock().providers.values().cloned().collect();
        providers.sort_by_key(|record| (record.created, record.id));
        Ok(providers)
    }

    async fn touch_provider(&self, id: ProviderId, at: Timestamp) -> Result<(), StoreError> {
        if let Some(record) = self.state.lock().providers.get_mut(&id) {
            record.last_seen = record.last_seen.max(Some(at));
        }
        Ok(())
    }

    async fn push_command(&self, command: &Command) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if !state
            .commands
            .iter()
            .any(|stored| stored.command.id == command.id)
        {
            state.commands.push(StoredCommand {
                command: command.clone(),
                answer: None,
            });
            state.version += 1;
        }
        Ok(())
    }

    async fn pending_commands(&self, limit: u32) -> Result<Vec<Command>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let state = self.state.lock();
        let pending = state
            .commands
            .iter()
            .filter(|stored| stored.answer.is_none());
        Ok(pending
            .take(limit)
            .map(|stored| stored.command.clone())
            .collect())
    }

    async fn command(&self, id: u128) -> Result<Option<StoredCommand>, StoreError> {
        Ok(self
            .state
            .lock()
            .commands
            .iter()
            .find(|stored| stored.command.id == id)
            .cloned())
    }

    async fn answer_command(&self, id: u128, answer: &str) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if let Some(stored) = state
            .commands
            .iter_mut()
            .find(|stored| stored.command.id == id)
        {
            stored.answer.get_or_insert_with(|| answer.to_owned());
        }
        Ok(())
    }

    async fn put_generations(&self, chunks: &[GenerationChunk]) -> Result<(), StoreError> {
        let state = &mut *self.state.lock();
        for chunk in chunks {
            let own = chunk.accounts.iter();
            let own = own.map(|account| (*account, chunk.first));
            state.generation_index.extend(own);
            state.generation_bytes += bytes(chunk);
            let before = state.generations.insert(chunk.first, chunk.clone());
            state.generation_bytes -= before.as_ref().map_or(0, bytes);
        }
        Ok(())
    }

    async fn generations(
        &self,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if from >= to {
            return Ok(Vec::new());
        }
        let state = self.state.lock();
        let chunks = state.generations.range(from..to).rev().take(limit);
        Ok(chunks.map(|(_, chunk)| chunk.clone()).collect())
    }

    async fn generations_of(
        &self,
        account: AccountId,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if from >= to {
            return Ok(Vec::new());
        }
        let state = self.state.lock();
        let own = state.generation_index.range((account, from)..(account, to));
        let own = own.rev().take(limit);
        let chunks = own.filter_map(|(_, first)| state.generations.get(first));
        Ok(chunks.cloned().collect())
    }

    async fn trim_generations(
        &self,
        before: RequestId,
        bytes_max: u64,
        limit: u32,
    ) -> Result<bool, StoreError> {
        let state = &mut *self.state.lock();
        let mut gone = 0;
        while gone < limit {
            let Some(oldest) = state.generations.first_entry() else {
                break;
            };
            if *oldest.key() >= before && state.generation_bytes <= bytes_max {
                break;
            }
            let chunk = oldest.remove();
            state.generation_bytes -= bytes(&chunk);
            for account in &chunk.accounts {
                state.generation_index.remove(&(*account, chunk.first));
            }
            gone += 1;
        }
        Ok(gone == limit)
    }

    async fn idempotency(&self) -> Result<Vec<IdempotencyRecord>, StoreError> {
        let mut all: Vec<_> = self.state.lock().idempotency.values().cloned().collect();
        all.sort_by_key(|record| (record.expires, record.key));
        Ok(all)
    }

    async fn change_idempotency(
        &self,
        put: &[IdempotencyRecord],
        forget: &[[u8; 32]],
    ) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        for record in put {
            state.idempotency.insert(record.key, record.clone());
        }
        for key in forget {
            state.idempotency.remove(key);
        }
        Ok(())
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.state.lock().version)
    }
}
