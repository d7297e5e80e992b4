//! Makes what is known of keys durable: whoever waits at the same time shares one write, and of several changes to one key
//! only the last is written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time;

use super::key::Key;
use crate::store::{IdempotencyRecord, Store};

const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LAST: Duration = Duration::from_secs(1);
/// How often a failing store is asked again once the hub is closing.
const CLOSING_TRIES: u32 = 5;

pub(super) type Changes = HashMap<Key, Option<IdempotencyRecord>>;

/// What waits to be written.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Queue>,
    wake: Notify,
    progress: Mutex<Progress>,
    /// Who waits for progress is told in the order in which they came.
    told: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    changes: Changes,
    /// How many times something was put in.
    number: u64,
    closing: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    written: u64,
    ended: bool,
}

impl Writer {
    /// Writes to `store` until it is closed.
    pub(super) fn start(store: Arc<dyn Store>) -> Arc<Self> {
        let writer = Arc::new(Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            progress: Mutex::default(),
            told: Notify::new(),
        });
        tokio::spawn(run(Arc::clone(&writer), store));
        writer
    }

    /// Puts changes in the queue, `None` to forget; answers the number to wait for.
    pub(super) fn push(
        &self,
        changes: impl IntoIterator<Item = (Key, Option<IdempotencyRecord>)>,
    ) -> u64 {
        let number = {
            let mut queue = self.queue.lock();
            let before = queue.changes.len();
            queue.changes.extend(changes);
            if queue.changes.len() > before {
                queue.number += 1;
            }
            queue.number
        };
        self.wake.notify_one();
        number
    }

    /// Waits until what was put in under this number survives a crash; false when it does not within `limit`.
    pub(super) async fn written(&self, number: u64, limit: Duration) -> bool {
        let reached = async {
            loop {
                let mut told = pin!(self.told.notified());
                // Before the look, or what is told between the two would be missed.
                told.as_mut().enable();
                let now = *self.progress.lock();
                if now.written >= number || now.ended {
                    return now.written >= number;
                }
                told.await;
            }
        };
        time::timeout(limit, reached).await.unwrap_or(false)
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock());
        self.told.notify_waiters();
    }

    /// Waits for everything that was put in so far.
    pub(super) async fn flush(&self, limit: Duration) -> bool {
        let number = self.queue.lock().number;
        self.written(number, limit).await
    }

    pub(super) fn close(&self) {
        self.queue.lock().closing = true;
        self.wake.notify_one();
    }
}

async fn run(writer: Arc<Writer>, store: Arc<dyn Store>) {
    let (mut pause, mut tries) = (RETRY_FIRST, 0);
    loop {
        let (changes, number, closing) = {
            let mut queue = writer.queue.lock();
            (
                std::mem::take(&mut queue.changes),
                queue.number,
                queue.closing,
            )
        };
        if changes.is_empty() {
            writer.tell(|now| now.written = number);
            if closing {
                break;
            }
            writer.wake.notified().await;
            continue;
        }
        let (put, forget) = parted(&changes);
        match store.change_idempotency(&put, &forget).await {
            Ok(()) => {
                (pause, tries) = (RETRY_FIRST, 0);
                writer.tell(|now| now.written = number);
            }
            Err(error) => {
                tracing::error!(%error, "what is known of idempotency keys is not written");
                restore(&mut writer.queue.lock().changes, changes);
                tries += 1;
                if closing && tries >= CLOSING_TRIES {
                    break;
                }
                time::sleep(pause).await;
                pause = (pause * 2).min(RETRY_LAST);
            }
        }
    }
    writer.tell(|now| now.ended = true);
}

pub(super) fn parted(changes: &Changes) -> (Vec<IdempotencyRecord>, Vec<[u8; 32]>) {
    let put = changes.values().flatten().cloned().collect();
    let gone = changes.iter().filter(|(_, record)| record.is_none());
    (put, gone.map(|(key, _)| *key.as_bytes()).collect())
}

/// Puts back what was not written, unless a later change has taken its place.
fn restore(changes: &mut Changes, unwritten: Changes) {
    for (key, record) in unwritten {
        if let Entry::Vacant(free) = changes.entry(key) {
            free.insert(record);
        }
    }
}
