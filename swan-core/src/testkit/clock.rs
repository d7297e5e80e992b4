use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{Clock, Timestamp};

/// A clock that moves only when it is told to. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use swan_core::{Clock, Timestamp, testkit::ManualClock};
///
/// let clock = ManualClock::new(Timestamp::from_millis(1_000));
/// let seen_elsewhere = clock.clone();
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(seen_elsewhere.now(), Timestamp::from_millis(3_000));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    millis: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            millis: Arc::new(AtomicU64::new(now.as_millis())),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let moved = |millis| Some(Timestamp::from_millis(millis).after(duration).as_millis());
        // The closure never declines, so this cannot fail.
        let _ = self
            .millis
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Sets the time, backwards too: real clocks do that.
    pub fn set(&self, now: Timestamp) {
        self.millis.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}
