use super::UbiError;

/// What share of the network's capacity worked for pay on a day: `u(x) = T_day / T_total`, an exact fraction of 0 to 1.
///
/// Source: Seed 002, "Resource Usage Rate Impact"; its definition: public record 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsageRate {
    used: u128,
    there: u128,
}

impl UsageRate {
    /// Nobody uses anything.
    pub const NONE: Self = Self { used: 0, there: 1 };
    /// Everything is used.
    pub const WHOLE: Self = Self { used: 1, there: 1 };

    /// `used` of the units that are `there`.
    ///
    /// # Errors
    ///
    /// [`UbiError::NoCapacity`] when there is nothing, [`UbiError::Overused`] when more was used than there is.
    pub const fn new(used: u128, there: u128) -> Result<Self, UbiError> {
        if there == 0 {
            return Err(UbiError::NoCapacity);
        }
        if used > there {
            return Err(UbiError::Overused { used, there });
        }
        Ok(Self { used, there })
    }

    /// The units that were used.
    #[must_use]
    pub const fn used(self) -> u128 {
        self.used
    }

    /// The units that were not.
    #[must_use]
    pub const fn idle(self) -> u128 {
        self.there - self.used
    }

    /// All units.
    #[must_use]
    pub const fn there(self) -> u128 {
        self.there
    }
}
