//! The time of one connection.

use std::sync::Arc;

use swan_core::{Clock, Timestamp};
use tokio::time::Instant;

/// Starts at the hub's clock and then goes on with the monotonic one, so that a step of the wall clock
/// ends no connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionClock {
    origin: Timestamp,
    started: Instant,
}

impl SessionClock {
    /// The clock of a connection that begins now.
    pub(super) fn start(clock: &Arc<dyn Clock>) -> Self {
        Self {
            origin: clock.now(),
            started: Instant::now(),
        }
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        self.origin.after(self.started.elapsed())
    }

    /// When the monotonic clock will show `at`.
    pub(super) fn instant(&self, at: Timestamp) -> Instant {
        // Rounded up by the millisecond that timestamps cannot express, or a timer could fire too early for its session.
        let wait = at.since(self.origin) + std::time::Duration::from_millis(1);
        self.started
            .checked_add(wait)
            .unwrap_or_else(|| self.started + FAR)
    }
}

/// A time that no connection sees.
const FAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3_600);
