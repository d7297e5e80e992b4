mod day;

pub use day::{Day, DayError};

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch.
///
/// The core never asks what time it is; a shell reads its [`Clock`] once and passes the answer in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch, the earliest time there is.
    pub const EPOCH: Self = Self(0);
    /// The latest time there is: a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// The time `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// The time `duration` later, [`Timestamp::MAX`] at most; parts of a millisecond are dropped.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// The time that passed since `earlier`; zero when `earlier` is in fact later, since clocks step back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// Where a shell gets the time from. The core's own functions take a [`Timestamp`] instead.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_at_both_ends() {
        let noon = Timestamp::from_millis(1_000);
        assert_eq!(noon.after(Duration::from_micros(2_500)).as_millis(), 1_002);
        assert_eq!(noon.after(Duration::MAX), Timestamp::MAX);
        assert_eq!(
            noon.since(Timestamp::from_millis(400)),
            Duration::from_millis(600)
        );
        assert_eq!(Timestamp::EPOCH.since(noon), Duration::ZERO);
    }
}
