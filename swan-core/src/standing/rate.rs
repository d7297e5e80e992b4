use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BasisPoints;

/// How much of something was good, exactly: `good` out of `of`, which is never 0 and never less than `good`.
///
/// The unit is whatever was counted: attempts, milliseconds. It shows as `87.50% (7 of 8)`.
///
/// ```
/// use swan_core::standing::Rate;
///
/// let rate = Rate::new(7, 8).unwrap();
/// assert_eq!(rate.to_string(), "87.50% (7 of 8)");
/// assert_eq!(Rate::new(0, 0), None, "of nothing there is no rate");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u64, u64)", into = "(u64, u64)")]
pub struct Rate {
    good: u64,
    of: u64,
}

impl Rate {
    /// `good` out of `of`; `None` of nothing, or of less than was good.
    #[must_use]
    pub const fn new(good: u64, of: u64) -> Option<Self> {
        if of == 0 || good > of {
            None
        } else {
            Some(Self { good, of })
        }
    }

    /// What was good.
    #[must_use]
    pub const fn good(self) -> u64 {
        self.good
    }

    /// What was counted.
    #[must_use]
    pub const fn of(self) -> u64 {
        self.of
    }

    /// Compares with a share of the whole, without rounding either.
    #[must_use]
    pub fn compare(self, share: BasisPoints) -> Ordering {
        let whole = u128::from(BasisPoints::WHOLE.get());
        (u128::from(self.good) * whole).cmp(&(u128::from(self.of) * u128::from(share.get())))
    }

    /// The share in millionths, rounded down.
    #[must_use]
    pub fn millionths(self) -> u64 {
        let millionths = u128::from(self.good) * 1_000_000 / u128::from(self.of.max(1));
        u64::try_from(millionths).unwrap_or(1_000_000)
    }
}

impl TryFrom<(u64, u64)> for Rate {
    type Error = &'static str;

    fn try_from((good, of): (u64, u64)) -> Result<Self, Self::Error> {
        Self::new(good, of).ok_or("a rate is of something, and not more than all of it")
    }
}

impl From<Rate> for (u64, u64) {
    fn from(rate: Rate) -> Self {
        (rate.good, rate.of)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = self.millionths() / 100;
        let (whole, rest) = (points / 100, points % 100);
        write!(f, "{whole}.{rest:02}% ({} of {})", self.good, self.of)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
