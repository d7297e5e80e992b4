//! How often the other side may send what it should not.

use std::time::Duration;

use crate::Timestamp;

const WINDOW: Duration = Duration::from_secs(60);

/// Counts faults within a minute.
#[derive(Debug)]
pub(crate) struct FaultCounter {
    limit: u32,
    since: Timestamp,
    count: u32,
}

impl FaultCounter {
    pub(crate) const fn new(limit: u32) -> Self {
        Self {
            limit,
            since: Timestamp::EPOCH,
            count: 0,
        }
    }

    /// Counts one; `true` when that is one too many.
    #[must_use]
    pub(crate) fn add(&mut self, now: Timestamp) -> bool {
        if now.since(self.since) > WINDOW {
            self.since = now;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count > self.limit
    }
}

/// What a session has met so far that was not part of its conversation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Frames for requests that had ended, or that this side never opened; dropped.
    pub late_frames: u64,
    /// Messages of types that this version does not know; ignored.
    pub ignored: u64,
    /// Frames that should not have been sent.
    pub faults: u64,
}
