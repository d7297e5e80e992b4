use std::fmt;

use super::{DynamicError, DynamicPriceRules};
use crate::money::rounding;

const MILLION: u128 = 1_000_000;
const WHOLE: u128 = 10_000;

/// How much a model or a kind of hardware is asked for now, in whole counts of any unit that fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain counts that callers fill in; a new one changes the price"
)]
pub struct Demand {
    /// Use in this hour, on average over 30 days.
    pub hour_average: u64,
    /// Use in any hour, on average over 30 days.
    pub mean: u64,
    /// Use in the busiest hour of 30 days.
    pub peak: u64,
    /// What is in use now, in any count that `capacity` has too.
    pub occupied: u64,
    /// What there is, in the count of `occupied`.
    pub capacity: u64,
}

/// What a base price is multiplied with, in millionths: 1,000,000 is the price itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceFactor(u64);

impl PriceFactor {
    /// The base price itself.
    pub const ONE: Self = Self(1_000_000);

    /// The factor in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PriceFactor {
    /// Writes six places: `1.061669`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl DynamicPriceRules {
    /// The factor for this demand, between 1 and the largest; more demand never makes it smaller.
    ///
    /// H is `(hour average - mean) / (peak - mean)`, 0 below the mean and where every hour is alike; C is 0 up to the free
    /// occupancy and 1 when all is in use. Both are rounded half to even to a millionth, and so is the factor; all between
    /// is exact. Without any capacity everything is in use.
    ///
    /// # Errors
    ///
    /// [`DynamicError`] when the peak lies below the mean, or more is in use than there is.
    pub fn factor(&self, demand: &Demand) -> Result<PriceFactor, DynamicError> {
        let &Demand {
            hour_average,
            mean,
            peak,
            occupied,
            capacity,
        } = demand;
        if peak < mean {
            return Err(DynamicError::PeakBelowMean { mean, peak });
        }
        if occupied > capacity {
            return Err(DynamicError::OverOccupied { occupied, capacity });
        }
        let above = hour_average.clamp(mean, peak) - mean;
        let hour = millionths(above, peak - mean).unwrap_or(0);
        let occupancy = millionths(occupied, capacity).unwrap_or(MILLION);
        Ok(self.of(hour, occupancy))
    }

    /// The factor for H and the occupancy, both in millionths, 1,000,000 at most.
    fn of(&self, hour: u128, occupancy: u128) -> PriceFactor {
        let points = |share: crate::BasisPoints| u128::from(share.get());
        let free = points(self.free_occupancy);
        let busy = WHOLE - free;
        let beyond = occupancy.saturating_sub(free * MILLION / WHOLE);
        // score / scale is w_h * H + w_c * C with one denominator, 10^14 at most.
        let score =
            points(self.hour_weight) * hour * busy + points(self.occupancy_weight) * beyond * WHOLE;
        let scale = WHOLE * MILLION * busy;
        // Below 10^28 * 100 * 10^6, so it fits.
        let span = u128::from(self.max_factor.saturating_sub(1));
        let more = rounding::half_to_even(score * score * span * MILLION, scale * scale);
        let factor = more.map_or(MILLION, |more| MILLION + more);
        let most = self.max_factor.saturating_mul(PriceFactor::ONE.0);
        PriceFactor(u64::try_from(factor).unwrap_or(most).min(most))
    }
}

/// `part / whole` in millionths.
fn millionths(part: u64, whole: u64) -> Option<u128> {
    rounding::half_to_even(u128::from(part) * MILLION, u128::from(whole))
}
