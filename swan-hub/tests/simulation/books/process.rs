//! A process that is simulated: its runtime, its start, its sudden end.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use swan_core::Timestamp;
use swan_core::testkit::ManualClock;
use swan_hub::Durability;
use swan_hub::ledger::{Books, BooksOptions, LedgerError, Recovery};
use swan_hub::store::{MemoryStore, StoreError};
use tokio::runtime::{Builder, Runtime};
use tokio::time;

use super::world::World;
use crate::disk::{CrashAt, SimStore, records};

/// Starts until it works, as an operator would; none when the store is beyond help or the journal is not believed.
pub(super) async fn opened(
    world: &World,
    store: SimStore,
    snapshots: Option<u64>,
) -> Option<(Books, Recovery)> {
    let durability = if world.profile.relaxed {
        Durability::Relaxed
    } else {
        Durability::Strict
    };
    let options = BooksOptions::default()
        .with_durability(durability)
        .with_snapshot_entries(snapshots.unwrap_or(u64::MAX));
    loop {
        let clock = Arc::clone(&world.life);
        let store = Arc::new(store.clone());
        match Books::open(store, clock, options.clone()).await {
            Ok(opened) => return Some(opened),
            Err(LedgerError::Store(StoreError::Unavailable { .. })) => {
                time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => {
                world.auditor.lock().finds(format!("no start: {error}"));
                return None;
            }
        }
    }
}

pub(crate) fn digest(disk: &MemoryStore) -> u64 {
    let mut hasher = DefaultHasher::new();
    for record in records(disk) {
        (record.first_seq, record.body).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether a hub would serve from what is on this disk.
pub(super) fn is_believed(disk: MemoryStore) -> bool {
    let clock = ManualClock::new(Timestamp::from_millis(1_000));
    let options = BooksOptions::default();
    let opening = Books::open(Arc::new(disk), Arc::new(clock), options);
    runtime(None).block_on(opening).is_ok()
}

/// Virtual time on one thread: the same seed polls the same tasks in the same order.
pub(crate) fn runtime(crash: Option<CrashAt>) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    if let Some(CrashAt::Poll(_)) = crash {
        // So that whoever counts them sees each poll.
        builder.event_interval(1);
    }
    builder.build().unwrap()
}

/// Until the process is to be killed, unless that is in a write.
pub(crate) async fn killed(crash: Option<CrashAt>) {
    match crash {
        Some(CrashAt::Time(millis)) => time::sleep(Duration::from_millis(millis)).await,
        Some(CrashAt::Poll(polls)) => {
            // Being ready always, this is polled after each poll of a task; now and then it lets time pass.
            for poll in 0..polls {
                if poll % 16 == 15 {
                    time::sleep(Duration::from_millis(1)).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
        }
        Some(CrashAt::Write(..)) | None => std::future::pending().await,
    }
}
