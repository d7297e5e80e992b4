use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use swan_core::ledger::Entry;
use tokio::time;

use super::books::Shared;
use super::snapshots::Camera;
use super::{codec, leaving};
use crate::store::{Durability, JournalRecord, Lease, StoreError};

/// The most entries of one record, so that one write stays well below a second.
const RECORD_ENTRIES_MAX: usize = 8_192;
/// The most holds that expire in one critical section.
const EXPIRE_MAX: usize = 256;
/// How long one write may take before it is given up and repeated; the store tells a repeat by its content.
const APPEND_MAX: Duration = Duration::from_secs(30);
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LAST: Duration = Duration::from_secs(1);
/// How often a failing store is asked again once the books are closing.
const CLOSING_TRIES: u32 = 5;

/// Writes what gathers until the books close, and holds the lease as long.
pub(super) async fn run(shared: Arc<Shared>, lease: Lease, mut camera: Camera) {
    let mut batch = Vec::new();
    loop {
        // Holds wait for the charge that follows them; only somebody who waits, or time, starts a write.
        let waited = time::timeout(shared.options.linger, shared.wake.notified()).await;
        let closing = shared.closing.load(Ordering::Acquire);
        if waited.is_err() || closing {
            expire(&shared);
        } else if shared.options.durability == Durability::Relaxed {
            time::sleep(shared.options.gather).await;
        } else {
            // The task of the first charge has woken this one: others that are ready now go along in the same write.
            tokio::task::yield_now().await;
        }
        let taken = {
            let mut core = shared.core.lock();
            std::mem::swap(&mut core.batch, &mut batch);
            camera.take(&shared, &mut core)
        };
        let written = write(&shared, &batch, &mut camera).await;
        batch.clear();
        if !written {
            break;
        }
        camera.hand_over(&shared, taken);
        if closing && shared.core.lock().batch.is_empty() && leaving::has_left(&shared) {
            leaving::say_goodbye(&shared).await;
            camera.end(&shared).await;
            break;
        }
        if closing {
            shared.wake.notify_one();
        }
    }
    shared.closing.store(true, Ordering::Release);
    drop(lease);
    shared.progress.end();
}

/// Ends every hold whose time has passed, a bounded number at a time.
pub(super) fn expire(shared: &Shared) -> usize {
    let mut ended = 0;
    loop {
        let now = shared.clock.now();
        let mut core = shared.core.lock();
        let due = core.ledger.due(now, EXPIRE_MAX);
        let last = due.len() < EXPIRE_MAX;
        for group in due {
            match core.commit(group, now) {
                Ok(_) => ended += 1,
                Err(rejected) => {
                    tracing::error!(%rejected, "a hold that is due cannot expire");
                    return ended;
                }
            }
        }
        if last {
            return ended;
        }
    }
}

/// Makes a batch durable, record by record. False when the store will never take it.
async fn write(shared: &Shared, batch: &[Entry], camera: &mut Camera) -> bool {
    for entries in batch.chunks(RECORD_ENTRIES_MAX) {
        let record = match codec::encode(entries) {
            Ok(record) => record,
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written; no more money moves");
                return false;
            }
        };
        let begun = time::Instant::now();
        if !append(shared, &record).await {
            return false;
        }
        shared.journal.written(entries, begun.elapsed());
        camera.written(entries);
        let durable = record.next_seq() - 1;
        shared.progress.reach(durable);
        // After those who wait for their charges were woken.
        shared.touched.note(entries);
        if let Some(drawing) = &shared.drawing {
            drawing.earned.note(entries);
        }
    }
    true
}

/// Appends until the store takes it: nothing that was applied may be lost as long as there is hope.
async fn append(shared: &Shared, record: &JournalRecord) -> bool {
    let mut pause = RETRY_FIRST;
    let mut closing_tries = 0;
    loop {
        let answer = time::timeout(APPEND_MAX, watched(shared, record)).await;
        let answer = answer.unwrap_or_else(|_| Err(StoreError::unavailable("it does not answer")));
        let Err(error) = answer else {
            if shared.failing.swap(false, Ordering::AcqRel) {
                tracing::info!("the journal is written again; money moves again");
            }
            return true;
        };
        shared.failing.store(true, Ordering::Release);
        if !error.is_retryable() {
            tracing::error!(%error, "the journal cannot be written; no more money moves");
            return false;
        }
        tracing::error!(%error, "the journal is not written; no new money moves until it is");
        if shared.closing.load(Ordering::Acquire) {
            closing_tries += 1;
            if closing_tries >= CLOSING_TRIES {
                return false;
            }
        }
        time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_LAST);
    }
}

/// One write; while it takes too long nothing new is taken, since nobody knows whether it ever ends.
async fn watched(shared: &Shared, record: &JournalRecord) -> Result<(), StoreError> {
    let mut append = shared.store.append(record);
    if let Ok(answer) = time::timeout(shared.options.stall_after, &mut append).await {
        return answer;
    }
    shared.failing.store(true, Ordering::Release);
    tracing::error!("the store does not answer; no new money moves until it does");
    append.await
}
