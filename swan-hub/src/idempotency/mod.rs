//! Requests that may be sent twice and are done once. Around the stages: a key is looked up when the body of its request is
//! there, before anything is priced or held, and what the consumer was told is kept until the key expires.
//!
//! The mark of a running request is durable before its money can move. After a crash the journal says whether that request
//! was charged: if so, its key tells what it cost; if not, the key is free. So no key is ever charged twice. Of several hubs on
//! one store, the one whose mark is there first has the key, and the others answer with what it says.

mod claim;
mod codec;
mod error;
mod key;
mod outcome;
mod owner;
mod recording;
mod recovery;
mod shares;
mod table;
#[cfg(test)]
mod table_tests;
mod writer;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderMap;
use parking_lot::Mutex;
use swan_core::{Clock, RequestId, Timestamp};

use crate::store::{Store, StoreError};
pub(crate) use claim::{Charge, Charged, Claim};
pub(crate) use error::IdempotencyError;
use key::{Fingerprint, Key};
pub(crate) use key::{IDEMPOTENCY_KEY, REPLAYED, check};
pub(crate) use outcome::Outcome;
pub(crate) use owner::Owner;
pub(crate) use recording::Recording;
use table::{Claimed, Known, State, Table};
use writer::Writer;

/// How long a mark may take to be durable.
const MARK_MAX: Duration = Duration::from_secs(10);
/// How long what is left may take to be written when the hub goes.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// How much is kept of requests with an `Idempotency-Key`, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdempotencyOptions {
    /// How long an outcome is kept. Default 24 h.
    pub ttl: Duration,
    /// The largest answer that is kept, in bytes. Default 1 MiB.
    pub entry_bytes: usize,
    /// All that is kept together, in bytes of memory and about the same in the store. Default 64 MiB.
    pub bytes: usize,
    /// Keys that are kept at once; the oldest outcomes of whoever has most go first, requests that run never. Default
    /// 100,000.
    pub entries: usize,
    /// What one account may have of `bytes`; beyond it its own oldest outcomes go. Default 16 MiB.
    pub account_bytes: usize,
    /// What one account may have of `entries`. Default 25,000.
    pub account_entries: usize,
}

/// The keys of a hub.
#[derive(Debug)]
pub(crate) struct Idempotency {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    options: IdempotencyOptions,
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
    writer: Arc<Writer>,
}

/// A request that may have a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Whose it is.
    pub(crate) owner: Owner,
    /// What is asked for: part of what must be the same.
    pub(crate) operation: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) request: RequestId,
    /// Whether the key must be known to be taken after a crash: of what costs money.
    pub(crate) is_marked: bool,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It has no key.
    Unkeyed,
    /// It is the first with its key.
    First(Claim),
    /// It gets what was answered before.
    Replay(Arc<Outcome>),
}

impl Idempotency {
    /// Reads what was known before the last end of the hub.
    pub(crate) async fn open(
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        options: IdempotencyOptions,
    ) -> Result<Self, StoreError> {
        let mut table = Table::new(options);
        let changes = recovery::recover(&**store, &mut table, clock.now()).await?;
        let inner = Inner {
            store: Arc::clone(store),
            options,
            clock: Arc::clone(clock),
            table: Mutex::new(table),
            writer: Writer::start(Arc::clone(store)),
        };
        inner.writer.push(changes);
        inner.write_forgotten();
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Takes the key of a request, if it has one. What the key belongs to is durable when this answers, where it is marked.
    pub(crate) async fn begin(&self, asked: Asked<'_>) -> Result<Begun, IdempotencyError> {
        let Asked { owner, request, .. } = asked;
        // Read without a key, too: a word that is not known is a mistake in either case.
        let finishes = key::finishes(asked.headers)?;
        let Some(name) = key::named(asked.headers)? else {
            return Ok(Begun::Unkeyed);
        };
        let key = Key::new(owner, name);
        let print = Fingerprint::of(asked.operation, asked.headers, asked.body);
        let inner = &self.inner;
        let now = inner.clock.now();
        let expires = now.after(inner.options.ttl);
        let mut mark = Known::kept(owner, request, print, State::Running, expires);
        mark.is_stored = asked.is_marked;
        let claimed = inner.table.lock().claim(key, mark.clone(), now);
        inner.write_forgotten();
        if let Claimed::Replay(outcome) = claimed? {
            return Ok(Begun::Replay(outcome));
        }
        let charged = Arc::new(OnceLock::new());
        let claim = Claim::new(Arc::clone(inner), (owner, key), request, charged, finishes);
        if !asked.is_marked {
            return Ok(Begun::First(claim));
        }
        let record = codec::encode(key, &mark).ok_or(IdempotencyError::Unavailable)?;
        let number = inner.writer.push([(key, Some(record))]);
        if !inner.writer.written(number, MARK_MAX).await {
            return Err(IdempotencyError::Unavailable);
        }
        match inner.elsewhere(key, &mark.fingerprint).await? {
            None => Ok(Begun::First(claim)),
            Some(outcome) => Ok(Begun::Replay(outcome)),
        }
    }

    /// Waits, not for ever, until everything that is known survives a crash.
    pub(crate) async fn flush(&self) {
        if !self.inner.writer.flush(FLUSH_MAX).await {
            tracing::warn!("not all outcomes of idempotency keys were written");
        }
    }
}

impl Drop for Idempotency {
    fn drop(&mut self) {
        self.inner.writer.close();
    }
}

/// Ends what a hub that died has left in its store, for whoever takes its place.
pub(crate) async fn end_of_another(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let mut table = Table::new(IdempotencyOptions::default());
    let changes = recovery::recover(store, &mut table, now).await?;
    let (put, forget) = writer::parted(&changes.into_iter().collect());
    store.change_idempotency(&put, &forget).await
}

impl Inner {
    /// What another hub on the same store has answered under this key.
    async fn elsewhere(
        &self,
        key: Key,
        print: &Fingerprint,
    ) -> Result<Option<Arc<Outcome>>, IdempotencyError> {
        let away = |_| IdempotencyError::Unavailable;
        let found = self.store.idempotency_elsewhere(key.as_bytes()).await;
        let Some(record) = found.map_err(away)? else {
            return Ok(None);
        };
        // What this version cannot read may stand for a charge.
        let (_, known) = codec::decode(&record).ok_or(IdempotencyError::Unavailable)?;
        match known.answer(print)? {
            Claimed::Replay(outcome) => Ok(Some(outcome)),
            Claimed::New => Ok(None),
        }
    }

    fn end(&self, key: Key, request: RequestId, state: State) {
        let now = self.clock.now();
        {
            let mut table = self.table.lock();
            let known = table.end(key, request, state, now);
            if let Some(record) = known.and_then(|known| codec::encode(key, known)) {
                // Under the lock, so that a key that is forgotten at once is forgotten after it was written.
                self.writer.push([(key, Some(record))]);
            }
        }
        self.write_forgotten();
    }

    fn release(&self, key: Key, request: RequestId) {
        self.table.lock().release(key, request);
        self.write_forgotten();
    }

    /// Has the store forget what the table has forgotten.
    fn write_forgotten(&self) {
        let mut table = self.table.lock();
        if table.forgotten.is_empty() {
            return;
        }
        let forgotten = std::mem::take(&mut table.forgotten);
        // Under the table's lock, so that a key that is taken again at once is written after it was forgotten.
        self.writer
            .push(forgotten.into_iter().map(|key| (key, None)));
    }
}
