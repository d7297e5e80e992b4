use super::{PriceError, TokenPrice};
use crate::Amount;

/// US dollars for one image or one minute of audio, between 0 and [`TokenPrice::MAX_PER_MILLION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrice(Amount);

impl UnitPrice {
    /// A price of `usd` for each unit.
    ///
    /// # Errors
    ///
    /// [`PriceError::OutOfRange`] below zero or above [`TokenPrice::MAX_PER_MILLION`].
    pub fn new(usd: Amount) -> Result<Self, PriceError> {
        if usd.is_negative() || usd > TokenPrice::MAX_PER_MILLION {
            Err(PriceError::OutOfRange)
        } else {
            Ok(Self(usd))
        }
    }

    /// US dollars for one unit.
    #[must_use]
    pub const fn usd(self) -> Amount {
        self.0
    }
}
