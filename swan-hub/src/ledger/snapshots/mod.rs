//! Pictures of the books, so that a start replays what came after the last one instead of everything.
//!
//! No request waits for them: the ledger is copied in pieces between requests, the last piece is taken by the writer when it
//! fetches a batch, and encoding and writing are the work of a task of their own. The journal decides; a snapshot that is
//! lost or damaged costs time and nothing else.

#[cfg(feature = "cli")]
mod check;
mod format;
mod found;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::{Copying, Entry, Snapshot};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::{task, time};

#[cfg(feature = "cli")]
pub(crate) use check::{CheckedSnapshot, SnapshotCheck};
pub(crate) use format::Picture;
pub(crate) use found::{Found, newest};

use super::books::{Core, Shared};
use super::recovery::SpendingLog;
use crate::store::StoreError;

/// How many things are copied in one critical section, which takes some 20 microseconds.
const PIECE: usize = 1_024;
/// A good end is no reason to write a snapshot after fewer entries: the command line ends well after each.
const END_MIN: u64 = 1_024;
/// How long a good end may take for its snapshot.
const END_MAX: Duration = Duration::from_secs(10);

/// What requests, the writer and the keeper share.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// It is time for a snapshot.
    due: Notify,
    /// All but the last piece, which the writer takes.
    ready: Mutex<Option<Copying>>,
}

/// The state after an entry that is durable, and what was spent since the snapshot before.
#[derive(Debug)]
struct Taken {
    seq: u64,
    ledger: Snapshot,
    spending: SpendingLog,
}

/// The writer's side.
#[derive(Debug)]
pub(super) struct Camera {
    /// The entry at which the last snapshot was begun.
    begun: u64,
    /// The entry of the last one that was taken.
    last: u64,
    /// What was spent since the last snapshot was taken.
    spending: SpendingLog,
    taken: mpsc::Sender<Taken>,
    keeper: JoinHandle<()>,
}

impl Camera {
    /// Starts the keeper. `last` is the entry of the snapshot that recovery began with, and `spending` what was spent by now.
    pub(super) fn start(shared: &Arc<Shared>, last: u64, spending: SpendingLog) -> Self {
        let (taken, queue) = mpsc::channel(1);
        let keeper = Keeper {
            shared: Arc::clone(shared),
            spending,
            last_whole: last,
        };
        Self {
            begun: last,
            last,
            spending: SpendingLog::default(),
            taken,
            keeper: tokio::spawn(keeper.run(queue)),
        }
    }

    /// Takes the last piece of a copy that waits for it; called when a batch is fetched, so that the batch is its end.
    pub(super) fn take(&mut self, shared: &Shared, core: &mut Core) -> Option<(u64, Snapshot)> {
        let copying = shared.snapshots.ready.lock().take()?;
        let at = core.last_at;
        Some((core.next_seq - 1, core.ledger.copied(copying, at)))
    }

    /// Counts what was written, in order.
    pub(super) fn written(&mut self, entries: &[Entry]) {
        entries
            .iter()
            .for_each(|entry| self.spending.observe(entry));
    }

    /// Hands over what was taken, now that all of it is durable, and looks whether it is time for the next.
    pub(super) fn hand_over(&mut self, shared: &Shared, taken: Option<(u64, Snapshot)>) {
        if let Some((seq, ledger)) = taken
            && let Ok(place) = self.taken.try_reserve()
        {
            self.last = seq;
            let spending = std::mem::take(&mut self.spending);
            place.send(Taken {
                seq,
                ledger,
                spending,
            });
        }
        let durable = shared.progress.durable();
        if durable.saturating_sub(self.begun) >= shared.options.snapshot_entries.max(1) {
            self.begun = durable;
            shared.snapshots.due.notify_one();
        }
    }

    /// A last snapshot when everything is written, and the end of the keeper.
    pub(super) async fn end(mut self, shared: &Shared) {
        let last = {
            let core = shared.core.lock();
            let seq = core.next_seq - 1;
            let off = shared.options.snapshot_entries == u64::MAX;
            let worth = seq.saturating_sub(self.last) >= END_MIN && !off;
            (core.batch.is_empty() && worth).then(|| (seq, core.ledger.snapshot(core.last_at)))
        };
        let Self {
            taken,
            spending,
            keeper,
            ..
        } = &mut self;
        if let Some((seq, ledger)) = last {
            let spending = std::mem::take(spending);
            let last = Taken {
                seq,
                ledger,
                spending,
            };
            // The keeper takes one after the other; if it is gone, the journal tells the same.
            let _ = time::timeout(END_MAX, taken.send(last)).await;
        }
        let (gone, _) = mpsc::channel(1);
        drop(std::mem::replace(taken, gone));
        if time::timeout(END_MAX, &mut *keeper).await.is_err() {
            keeper.abort();
        }
    }
}

/// Makes the copies, and writes what was taken.
struct Keeper {
    shared: Arc<Shared>,
    /// What was spent up to the last snapshot that was taken.
    spending: SpendingLog,
    /// The last snapshot that is whole: it is kept until there are two newer ones.
    last_whole: u64,
}

impl Keeper {
    async fn run(mut self, mut queue: mpsc::Receiver<Taken>) {
        loop {
            tokio::select! {
                biased;
                taken = queue.recv() => {
                    let Some(taken) = taken else { return };
                    let seq = taken.seq;
                    match self.write(taken).await {
                        Ok(bytes) => tracing::debug!(entry = seq, bytes, "a snapshot of the books is written"),
                        Err(error) => tracing::warn!(%error, entry = seq, "no snapshot of the books is written; a start takes longer"),
                    }
                }
                () = self.shared.snapshots.due.notified() => self.copy().await,
            }
        }
    }

    /// Copies all but the last piece, giving way after each.
    async fn copy(&self) {
        let mut copying = Copying::default();
        loop {
            let left = self.shared.core.lock().ledger.copy_on(&mut copying, PIECE);
            if left <= PIECE {
                break;
            }
            task::yield_now().await;
        }
        *self.shared.snapshots.ready.lock() = Some(copying);
    }

    async fn write(&mut self, taken: Taken) -> Result<usize, StoreError> {
        self.spending.then(taken.spending);
        let seq = taken.seq;
        let picture = Picture::new(seq, taken.ledger, &self.spending);
        let bytes = encoded(picture).await?;
        for part in format::parts(seq, &bytes)? {
            let store = &self.shared.store;
            store.put_snapshot(&part, self.last_whole).await?;
        }
        self.last_whole = seq;
        Ok(bytes.len())
    }
}

/// Some ten milliseconds of work, which belong on no thread that serves requests.
async fn encoded(picture: Picture) -> Result<Vec<u8>, StoreError> {
    let encode = move || picture.encode();
    // Who has one thread for everything gets nothing beside it, and so can be simulated.
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return encode();
    }
    let stopped = |_| StoreError::unavailable("the runtime is ending");
    task::spawn_blocking(encode).await.map_err(stopped)?
}

/// Writes a snapshot as the keeper does.
#[cfg(test)]
pub(super) async fn put(
    store: &dyn crate::store::Store,
    seq: u64,
    ledger: Snapshot,
    spending: &SpendingLog,
) {
    let bytes = Picture::new(seq, ledger, spending).encode().unwrap();
    for part in format::parts(seq, &bytes).unwrap() {
        store.put_snapshot(&part, 0).await.unwrap();
    }
}
