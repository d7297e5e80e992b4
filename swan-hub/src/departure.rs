//! How a hub that was told to stop goes.

use std::time::Duration;

/// How much time a hub has from the moment at which it is told to stop, and for how long of that it takes new requests.
///
/// A hub that keeps a ledger has one process that writes, so between two processes there is a pause in which nobody takes
/// requests; it lasts as long as what is running then. A hub that has time goes on serving while the requests run that
/// were there when it was told, and begins the pause when the last of them has ended, when nothing runs at all, or when
/// only [`Departure::pause`] is left.
///
/// ```
/// use std::time::Duration;
/// use swan_hub::Departure;
///
/// let departure = Departure::within(Duration::from_secs(600)).with_pause(Duration::from_secs(30));
/// assert_eq!(departure.grace(), Duration::from_secs(570));
/// // As `Hub::serve` has it: nothing new is taken from the first moment on.
/// assert_eq!(Departure::from(Duration::from_secs(600)).grace(), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Departure {
    /// From being told to the end; what still runs then is cut off.
    pub within: Duration,
    /// What of it is kept, at least, for ending what runs once nothing new is taken.
    pub pause: Duration,
}

impl Departure {
    /// Within this time, all of which is for what runs already.
    #[must_use]
    pub const fn within(within: Duration) -> Self {
        Self {
            within,
            pause: within,
        }
    }

    /// The same with another pause; new requests are served for as long as [`Departure::grace`] says.
    #[must_use]
    pub const fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// How long new requests are served, at most.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.within.saturating_sub(self.pause)
    }
}

impl From<Duration> for Departure {
    fn from(within: Duration) -> Self {
        Self::within(within)
    }
}
