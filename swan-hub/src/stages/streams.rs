//! Streams whose consumers do not read. Beside the stages, since the body of an answer is only polled when its consumer
//! takes bytes: whoever stops reading would stop the clock of his own request.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::RequestId;
use tokio::time::{Instant, MissedTickBehavior};

use super::relay::Flow;
use crate::hub::Rooms;

/// How often streams are looked for whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The streams on their way to consumers, each with the end of its time.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<RequestId, Running>>);

#[derive(Debug)]
struct Running {
    deadline: Instant,
    flow: Weak<Mutex<Flow>>,
}

impl Streams {
    /// Notes a stream that has begun.
    pub(super) fn enter(&self, request: RequestId, deadline: Instant, flow: &Arc<Mutex<Flow>>) {
        let flow = Arc::downgrade(flow);
        self.0.lock().insert(request, Running { deadline, flow });
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Forgets a stream that has ended.
    pub(super) fn leave(&self, request: RequestId) {
        self.0.lock().remove(&request);
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
            let streams = self.0.lock();
            let due = streams.values().filter(|running| is_due(running));
            due.filter_map(|running| running.flow.upgrade()).collect()
        };
        // Without the lock, since the end of a stream that has just been dropped asks for it.
        for flow in due {
            flow.lock().cut_off(reason);
        }
    }
}

/// Cuts streams off whose time is over, as long as the hub lives.
pub(crate) fn watch(hub: &Arc<Rooms>) {
    let hub = Arc::downgrade(hub);
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            hub.streams.cut_overdue(Instant::now());
        }
    });
}
