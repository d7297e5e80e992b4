use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use swan_core::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The time between two crashes: a process that is simulated, its clock, and its end.
#[derive(Debug)]
pub(crate) struct Life {
    began: Instant,
    /// What the clock shows at the beginning, moved by its jumps.
    shows: AtomicI64,
    /// The latest time that anybody was shown, in this life or before.
    latest: AtomicU64,
    is_over: AtomicBool,
    over: Notify,
}

impl Life {
    /// A life whose clock shows `now` milliseconds; an earlier one was shown `latest`.
    pub(crate) fn new(now: u64, latest: u64) -> Self {
        Self {
            began: Instant::now(),
            shows: AtomicI64::new(i64::try_from(now).unwrap()),
            latest: AtomicU64::new(latest),
            is_over: AtomicBool::new(false),
            over: Notify::new(),
        }
    }

    /// The process is gone from here on: whatever its tasks still do, nobody sees it.
    pub(crate) fn die(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.over.notify_one();
    }

    /// Ends the process in the middle of what the caller does.
    pub(crate) async fn die_here(&self) -> ! {
        self.die();
        std::future::pending().await
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(crate) async fn over(&self) {
        self.over.notified().await;
    }

    /// Since when it lives.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Sets the clock forwards or back.
    pub(crate) fn jump(&self, millis: i64) {
        let floor = 1_000 - i64::try_from(self.age().as_millis()).unwrap();
        let moved = |shows: i64| Some((shows + millis).max(floor));
        let _ = self
            .shows
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// The latest time that anybody was shown.
    pub(crate) fn latest(&self) -> u64 {
        self.latest.load(Ordering::SeqCst)
    }
}

impl Clock for Life {
    fn now(&self) -> Timestamp {
        if self.is_over() {
            // What is dropped after the end asks too; the real time then must decide nothing.
            return Timestamp::from_millis(self.latest());
        }
        let age = i64::try_from(self.age().as_millis()).unwrap();
        let now = u64::try_from(self.shows.load(Ordering::SeqCst) + age).unwrap();
        self.latest.fetch_max(now, Ordering::SeqCst);
        Timestamp::from_millis(now)
    }
}
