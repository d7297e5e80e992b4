//! What is known of a request afterwards. Beside the stages, since nothing here may cost a request time: a record is put
//! into a queue when its request ends, and everything else happens to whole batches of them, on a task of its own or when
//! somebody asks.

mod codec;
mod freely;
mod lookup;
mod priced;
mod recent;
mod record;
mod saving;
mod statistics;
mod typical;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::{ModelId, ProviderId, RequestId, Timestamp};

use crate::events::{Outcome, RequestRecord};
use crate::store::Store;
use recent::Recent;
pub(crate) use record::{Attempt, Generation, KeptBasis};
pub(crate) use saving::run;
pub use statistics::Totals;
use statistics::{Statistics, Window};

/// How many records may wait for somebody to take them; the oldest go when more come.
const QUEUE: usize = 16_384;

/// How much is kept of requests that have ended, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenerationsOptions {
    /// Days after which a record is forgotten. Default 30.
    pub keep_days: u32,
    /// Bytes of records in the store, about 200 a request; the oldest go first. Default 256 MiB.
    pub bytes: u64,
}

impl Default for GenerationsOptions {
    fn default() -> Self {
        Self {
            keep_days: 30,
            bytes: 256 << 20,
        }
    }
}

/// The records of ended requests.
#[derive(Debug)]
pub(crate) struct Generations {
    options: GenerationsOptions,
    store: Arc<dyn Store>,
    queue: Mutex<VecDeque<RequestRecord>>,
    /// Records that nobody took in time.
    lost: AtomicU64,
    state: Mutex<State>,
    /// Writes follow each other.
    saving: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    statistics: Statistics,
    recent: Recent,
}

impl Generations {
    pub(crate) fn new(store: &Arc<dyn Store>, options: GenerationsOptions) -> Self {
        Self {
            options,
            store: Arc::clone(store),
            queue: Mutex::default(),
            lost: AtomicU64::new(0),
            state: Mutex::default(),
            saving: tokio::sync::Mutex::default(),
        }
    }

    /// A request has ended: about 30 nanoseconds, no allocation, no wake-up.
    pub(crate) fn push(&self, record: RequestRecord) {
        // Strangers leave no trace here, and a replay is known by the request that it repeats.
        let is_request = !matches!(record.outcome, Outcome::Replayed | Outcome::Quoted);
        if record.account.is_none() || !is_request {
            return;
        }
        let mut queue = self.queue.lock();
        let oldest = match queue.len() >= QUEUE {
            true => queue.pop_front(),
            false => None,
        };
        queue.push_back(record);
        drop(queue);
        if oldest.is_some() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many records were dropped because more came than could be taken.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The whole hub in the last `hours`, 24 at most.
    pub(crate) fn network(&self, now: Timestamp, hours: u64) -> Totals {
        self.window(now, hours).all()
    }

    /// Every model that was asked for in the last `hours`, 24 at most.
    pub(crate) fn models(&self, now: Timestamp, hours: u64) -> HashMap<ModelId, Totals> {
        self.window(now, hours).models()
    }

    /// Every provider, by model, that was asked in the last `hours`, 24 at most. Endpoints of the hub have ids, too.
    pub(crate) fn providers(
        &self,
        now: Timestamp,
        hours: u64,
    ) -> HashMap<(ProviderId, ModelId), Totals> {
        self.window(now, hours).providers()
    }

    /// Tokens of an answer of this model, on average over the last day.
    pub(crate) fn typical(&self, model: &ModelId, now: Timestamp) -> Option<u64> {
        self.absorbed(|state| state.statistics.typical(model, now))
    }

    /// What is summed up without the lock, since it may be ten thousand names an hour.
    fn window(&self, now: Timestamp, hours: u64) -> Window {
        self.absorbed(|state| state.statistics.window(now, hours))
    }

    /// Takes in what has ended so far, and then reads.
    fn absorbed<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let ended = std::mem::take(&mut *self.queue.lock());
        for record in ended {
            let generation = Generation::from(&record);
            state.statistics.add(&generation, ended_at(&generation));
            if state.recent.push(generation) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        read(&mut state)
    }
}

/// When a request began: its id is a UUID of version 7.
pub(crate) fn began(request: RequestId) -> Timestamp {
    Timestamp::from_millis(u64::try_from(request.as_u128() >> 80).unwrap_or(u64::MAX))
}

/// The first id that a request can have which begins then.
pub(crate) fn first_id(at: Timestamp) -> RequestId {
    RequestId::from_u128(u128::from(at.as_millis().min(u64::MAX >> 16)) << 80)
}

/// When it was over.
pub(crate) fn ended_at(record: &Generation) -> Timestamp {
    began(record.request).after(Duration::from_micros(record.duration_us))
}
