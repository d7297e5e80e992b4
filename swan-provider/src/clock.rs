//! The session's time, made of the runtime's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use swan_core::{Clock, Timestamp};
use tokio::time::Instant;

/// Starts at the wall clock and then only goes forward, so that a clock set back cannot hold up a deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimeClock {
    started: Timestamp,
    origin: Instant,
}

impl RuntimeClock {
    pub(crate) fn start() -> Self {
        Self {
            started: wall_time(),
            origin: Instant::now(),
        }
    }

    /// When the runtime's clock will show `at`.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        // A deadline that never comes must not overflow the runtime's clock.
        self.origin
            + at.since(self.started)
                .min(Duration::from_secs(365 * 86_400))
    }
}

/// What the machine's clock shows.
pub(crate) fn wall_time() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Timestamp::EPOCH.after(since)
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.started.after(self.origin.elapsed())
    }
}
