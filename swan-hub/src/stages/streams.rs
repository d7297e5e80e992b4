//! Streams whose consumers do not read. Beside the stages, since the body of an answer is only polled when its consumer
//! takes bytes: whoever stops reading would stop the clock of his own request.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::RequestId;
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::relay::Flow;
use crate::gateway::Answer;
use crate::hub::Rooms;

/// How often streams are looked for whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The streams on their way to consumers, each with the end of its time; and the one clock that tells all of them when they have been
/// silent for long.
#[derive(Debug)]
pub(crate) struct Streams {
    /// In the order in which they began, so that what befalls several at once befalls them in that order.
    running: Mutex<BTreeMap<RequestId, Running>>,
    /// After how long a silence a stream says that it lives; zero for never.
    heartbeat_ms: AtomicU64,
    /// Goes off every [`tick`].
    ticked: Notify,
    /// What those are told that are being cut off before anybody has shown content: their records end with them.
    cutting: Mutex<HashMap<RequestId, LastWords>>,
    cuts: AtomicUsize,
}

/// A code and the status that goes with it.
type LastWords = (String, u16);

#[derive(Debug)]
struct Running {
    deadline: Instant,
    flow: Weak<Mutex<Flow>>,
}

impl Streams {
    /// Streams that say that they live after so long a silence; never, where it is zero.
    pub(crate) fn new(heartbeat: Duration) -> Self {
        Self {
            running: Mutex::default(),
            heartbeat_ms: AtomicU64::new(millis(heartbeat)),
            ticked: Notify::new(),
            cutting: Mutex::default(),
            cuts: AtomicUsize::new(0),
        }
    }

    /// From now on that is after this silence, for the streams that run as well; the clock follows with its next tick.
    pub(crate) fn set_heartbeat(&self, heartbeat: Duration) {
        self.heartbeat_ms
            .store(millis(heartbeat), Ordering::Relaxed);
    }

    fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms.load(Ordering::Relaxed))
    }

    /// Notes a stream that has begun.
    pub(super) fn enter(&self, request: RequestId, deadline: Instant, flow: &Arc<Mutex<Flow>>) {
        let flow = Arc::downgrade(flow);
        self.running
            .lock()
            .insert(request, Running { deadline, flow });
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.running.lock().len()
    }

    /// Forgets a stream that has ended.
    pub(super) fn leave(&self, request: RequestId) {
        self.running.lock().remove(&request);
    }

    /// Resolves after a heartbeat's time; never where there are no heartbeats.
    pub(super) async fn silence(&self) {
        let Some(ticks) = heartbeat_ticks(self.heartbeat()) else {
            return std::future::pending().await;
        };
        for _ in 0..ticks {
            self.ticked.notified().await;
        }
    }

    /// Lets every stream that has said nothing for so many ticks say that it lives.
    fn beat(&self, after: u32) {
        let flows: Vec<_> = {
            let streams = self.running.lock();
            let flows = streams.values().map(|running| running.flow.upgrade());
            flows.flatten().collect()
        };
        for flow in flows {
            // One that is locked is being polled, and so has something to say.
            if let Some(mut flow) = flow.try_lock() {
                flow.tick(after);
            }
        }
    }

    /// Cuts every stream off whose deadline is `now` or earlier.
    fn cut_overdue(&self, now: Instant) {
        self.cut("it took longer than an answer may take", |running| {
            running.deadline <= now
        });
    }

    /// Cuts every stream off.
    pub(crate) fn cut_all(&self) {
        self.cut("the hub is shutting down", |_| true);
    }

    fn cut(&self, reason: &str, is_due: impl Fn(&Running) -> bool) {
        let due: Vec<_> = {
            let streams = self.running.lock();
            let due = streams.iter().filter(|(_, running)| is_due(running));
            due.filter_map(|(request, running)| Some((*request, running.flow.upgrade()?)))
                .collect()
        };
        // Without the lock, since the end of a stream that has just been dropped asks for it.
        for (request, flow) in due {
            flow.lock().cut_off(reason, request, self);
        }
    }

    /// Runs `end`, in which the record of a request ends that is told this.
    pub(super) fn ending_with(&self, request: RequestId, answer: &Answer, end: impl FnOnce()) {
        let words = (answer.code.to_string(), answer.status.as_u16());
        self.cutting.lock().insert(request, words);
        self.cuts.fetch_add(1, Ordering::Relaxed);
        end();
        self.cuts.fetch_sub(1, Ordering::Relaxed);
        self.cutting.lock().remove(&request);
    }

    /// What the consumer of a request is told whose record ends while it is being cut off.
    pub(super) fn last_words(&self, request: RequestId) -> Option<LastWords> {
        // Looked at by the very thread that counts it, if it is to be found.
        if self.cuts.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.cutting.lock().get(&request).cloned()
    }
}

fn millis(heartbeat: Duration) -> u64 {
    u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX)
}

/// How often streams are looked at.
fn tick(heartbeat: Duration) -> Duration {
    if heartbeat.is_zero() {
        LOOK_EVERY
    } else {
        heartbeat.min(LOOK_EVERY)
    }
}

/// After how many of these a stream has been silent for a heartbeat's time; never where there are no heartbeats.
fn heartbeat_ticks(heartbeat: Duration) -> Option<u32> {
    let (whole, tick) = (heartbeat.as_millis(), tick(heartbeat).as_millis());
    (whole > 0).then(|| u32::try_from(whole.div_ceil(tick.max(1))).unwrap_or(u32::MAX))
}

fn ticks(heartbeat: Duration, first: Instant) -> Interval {
    let mut every = tokio::time::interval_at(first, tick(heartbeat));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

/// Cuts streams off whose time is over, and lets silent ones say that they live, as long as the hub lives.
pub(crate) fn watch(hub: &Arc<Rooms>) {
    let mut heartbeat = hub.streams.heartbeat();
    let hub = Arc::downgrade(hub);
    tokio::spawn(async move {
        let mut every = ticks(heartbeat, Instant::now());
        loop {
            every.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            let before = std::mem::replace(&mut heartbeat, hub.streams.heartbeat());
            if before != heartbeat {
                every = ticks(heartbeat, Instant::now() + tick(heartbeat));
            }
            hub.streams.cut_overdue(Instant::now());
            hub.streams.ticked.notify_waiters();
            if let Some(after) = heartbeat_ticks(heartbeat) {
                hub.streams.beat(after);
            }
        }
    });
}
