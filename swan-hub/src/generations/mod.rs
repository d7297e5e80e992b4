//! What is known of a request afterwards. Beside the stages, since nothing here may cost a request time: a record is put
//! into a queue when its request ends, and everything else happens to whole batches of them, on a task of its own or when
//! somebody asks.

mod statistics;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use swan_core::{ModelId, ProviderId, RequestId, Timestamp};

use crate::events::RequestRecord;
use statistics::Statistics;
pub use statistics::Totals;

/// How many records may wait for somebody to take them; the oldest go when more come.
const QUEUE: usize = 16_384;

/// The records of ended requests.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    queue: Mutex<VecDeque<RequestRecord>>,
    /// Records that nobody took in time.
    lost: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    statistics: Statistics,
}

impl Generations {
    /// A request has ended: about 30 nanoseconds, no allocation, no wake-up.
    pub(crate) fn push(&self, record: RequestRecord) {
        let mut queue = self.queue.lock();
        if queue.len() >= QUEUE {
            queue.pop_front();
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        queue.push_back(record);
    }

    /// How many records were dropped because more came than could be taken.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The whole hub in the last `hours`, 24 at most.
    pub(crate) fn network(&self, now: Timestamp, hours: u64) -> Totals {
        self.absorbed(|state| state.statistics.all(now, hours))
    }

    /// Every model that was asked for in the last `hours`, 24 at most.
    pub(crate) fn models(&self, now: Timestamp, hours: u64) -> HashMap<ModelId, Totals> {
        self.absorbed(|state| state.statistics.models(now, hours))
    }

    /// Every provider, by model, that was asked in the last `hours`, 24 at most. Endpoints of the hub have ids, too.
    pub(crate) fn providers(
        &self,
        now: Timestamp,
        hours: u64,
    ) -> HashMap<(ProviderId, ModelId), Totals> {
        self.absorbed(|state| state.statistics.providers(now, hours))
    }

    /// Takes in what has ended so far, and then reads.
    fn absorbed<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let ended = std::mem::take(&mut *self.queue.lock());
        for record in ended {
            let at = ended_at(&record);
            state.statistics.add(&record, at);
        }
        read(&mut state)
    }
}

/// When a request began: its id is a UUID of version 7.
pub(crate) fn began(request: RequestId) -> Timestamp {
    Timestamp::from_millis(u64::try_from(request.as_u128() >> 80).unwrap_or(u64::MAX))
}

fn ended_at(record: &RequestRecord) -> Timestamp {
    began(record.request).after(record.duration)
}
