//! Writes records in batches, forgets old ones, and counts those of the last day anew at the start.

use std::sync::Arc;
use std::time::Duration;

use swan_core::Timestamp;
use tokio::time::{self, MissedTickBehavior};

use super::{Generation, Generations, codec, ended_at, first_id};
use crate::hub::Rooms;
use crate::store::StoreError;

/// How often what has gathered is written.
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// Every so many of these, old records are forgotten.
const TRIM_EVERY: u32 = 120;
/// Records of one write, and chunks of one step of the other kinds.
const BATCH: usize = 4_096;
const STEP: u32 = 256;
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Generations {
    /// Writes all that is not written yet.
    pub(crate) async fn save(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.saving.lock().await;
        loop {
            let (records, upto) = self.absorbed(|state| state.recent.unsaved(BATCH));
            if records.is_empty() {
                return Ok(());
            }
            self.store.put_generations(&codec::encode(&records)).await?;
            self.state.lock().recent.saved(upto);
        }
    }

    /// Forgets what is too old or too much.
    async fn trim(&self, now: Timestamp) -> Result<(), StoreError> {
        let kept = DAY.saturating_mul(self.options.keep_days);
        let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
        let oldest = Timestamp::from_millis(now.as_millis().saturating_sub(kept));
        let (before, bytes) = (first_id(oldest), self.options.bytes);
        while self.store.trim_generations(before, bytes, STEP).await? {}
        Ok(())
    }

    /// Counts what the store has of the day before `start`.
    async fn recount(&self, start: Timestamp) -> Result<(), StoreError> {
        let day = u64::try_from(DAY.as_millis()).unwrap_or(u64::MAX);
        let from = first_id(Timestamp::from_millis(
            start.as_millis().saturating_sub(day),
        ));
        let mut to = first_id(start);
        loop {
            let chunks = self.store.generations(from, to, STEP).await?;
            let Some(last) = chunks.last() else {
                return Ok(());
            };
            to = last.first;
            for record in chunks.iter().flat_map(codec::decode) {
                self.count(&record);
            }
            tokio::task::yield_now().await;
        }
    }

    fn count(&self, record: &Generation) {
        let mut state = self.state.lock();
        state.statistics.add(record, ended_at(record));
    }
}

/// Does all of this as long as the hub lives.
pub(crate) fn run(hub: &Arc<Rooms>) {
    let hub = Arc::downgrade(hub);
    tokio::spawn(async move {
        if let Some(hub) = hub.upgrade()
            && let Err(error) = hub.generations.recount(hub.started).await
        {
            tracing::warn!(%error, "the requests of the last day cannot be counted");
        }
        let mut every = time::interval(SAVE_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ticks = 0_u32;
        loop {
            every.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            let mut done = hub.generations.save().await;
            if done.is_ok() && ticks.is_multiple_of(TRIM_EVERY) {
                done = hub.generations.trim(hub.clock.now()).await;
            }
            ticks = ticks.wrapping_add(1);
            if let Err(error) = done {
                tracing::warn!(%error, "records of requests are not written");
            }
        }
    });
}
