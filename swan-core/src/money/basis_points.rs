use std::fmt;

use serde::{Deserialize, Serialize};

use super::MoneyError;

/// A share of a whole in hundredths of a percent, 0 to 10,000.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const WHOLE: Self = Self(10_000);

    /// A share of `points` hundredths of a percent.
    ///
    /// # Errors
    ///
    /// [`MoneyError::ShareTooLarge`] above 10,000.
    pub const fn new(points: u16) -> Result<Self, MoneyError> {
        if points <= Self::WHOLE.0 {
            Ok(Self(points))
        } else {
            Err(MoneyError::ShareTooLarge)
        }
    }

    /// `part` out of `whole`, rounded down: nothing of nothing, and never more than all of it.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        let points = u128::from(part) * u128::from(Self::WHOLE.0);
        let points = points.checked_div(u128::from(whole)).unwrap_or(0);
        u16::try_from(points).map_or(Self::WHOLE, Self::at_most_whole)
    }

    /// So many hundredths of a percent, or the whole if that is less.
    pub(crate) fn at_most_whole(points: u16) -> Self {
        Self(points.min(Self::WHOLE.0))
    }

    /// The share in hundredths of a percent.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What this share leaves of the whole.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::WHOLE.0 - self.0)
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = MoneyError;

    fn try_from(points: u16) -> Result<Self, MoneyError> {
        Self::new(points)
    }
}

impl From<BasisPoints> for u16 {
    fn from(share: BasisPoints) -> Self {
        share.0
    }
}

impl fmt::Display for BasisPoints {
    /// Writes a percentage: `95%`, `2.5%`, `0.01%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match (rest, rest % 10) {
            (0, _) => write!(f, "{whole}%"),
            (_, 0) => write!(f, "{whole}.{}%", rest / 10),
            _ => write!(f, "{whole}.{rest:02}%"),
        }
    }
}
