use serde::Deserialize;

use super::TokenError;
use super::calendar::{months_after, months_between};
use crate::{Amount, Day};

/// In which steps tokens are released after the cliff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Release {
    /// With each day.
    Daily,
    /// With each whole calendar month.
    Monthly,
}

/// A linear release with a cliff: nothing before the cliff ends, then what has accrued since the start, and from the last
/// day on everything, exactly. The seeds speak of a "planned token release schedule" but give no numbers for it, so a
/// policy has to.
///
/// ```
/// use swan_core::tokenomics::{Release, Vesting};
///
/// let vesting = Vesting::new("2025-01-15".parse()?, 12, 48, Release::Monthly)?;
/// let released = |day: &str| vesting.released("480".parse().unwrap(), day.parse().unwrap()).to_string();
/// assert_eq!(released("2026-01-14"), "0");
/// assert_eq!(released("2026-01-15"), "120");
/// assert_eq!(released("2029-01-15"), "480");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vesting {
    starts: Day,
    cliff_months: u32,
    months: u32,
    release: Release,
}

impl Vesting {
    /// A release over `months` calendar months from `starts`, the first `cliff_months` of which release nothing.
    ///
    /// # Errors
    ///
    /// [`TokenError::Schedule`] when it takes no months or more than 1,200, or the cliff is longer than the whole.
    pub const fn new(
        starts: Day,
        cliff_months: u32,
        months: u32,
        release: Release,
    ) -> Result<Self, TokenError> {
        if months == 0 || months > 1_200 || cliff_months > months {
            return Err(TokenError::Schedule {
                span: months,
                cliff: cliff_months,
            });
        }
        Ok(Self {
            starts,
            cliff_months,
            months,
            release,
        })
    }

    /// The day on which accrual begins.
    #[must_use]
    pub const fn starts(&self) -> Day {
        self.starts
    }

    /// The first day on which anything is released.
    #[must_use]
    pub fn cliff_ends(&self) -> Day {
        months_after(self.starts, self.cliff_months)
    }

    /// The first day on which everything is released.
    #[must_use]
    pub fn ends(&self) -> Day {
        months_after(self.starts, self.months)
    }

    /// What of `total` has been released by the end of `day`, rounded down to a pico-unit until the last day.
    #[must_use]
    pub fn released(&self, total: Amount, day: Day) -> Amount {
        if day < self.cliff_ends() {
            return Amount::ZERO;
        }
        if day >= self.ends() {
            return total;
        }
        let (passed, all) = match self.release {
            Release::Daily => (day.since(self.starts), self.ends().since(self.starts)),
            Release::Monthly => (months_between(self.starts, day), self.months),
        };
        // At most 10^27 pico-units times 2^32 fits 128 bits, and a part of an amount is an amount.
        let pico = total.pico() * i128::from(passed) / i128::from(all.max(1));
        Amount::from_pico(pico).unwrap_or_default()
    }
}
