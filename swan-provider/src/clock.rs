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
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self {
            started: Timestamp::EPOCH.after(wall),
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

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.started.after(self.origin.elapsed())
    }
}
