//! Prices that follow demand: the older network's rule, an alternative to fixed prices (public record 3.4).

mod base;
mod factor;
mod rule;
mod section;

pub use base::ProviderPrice;
pub use factor::{Demand, PriceFactor};
pub use rule::DynamicPricing;
pub use section::DynamicPriceRules;
pub(crate) use section::Section;

use crate::PriceError;

/// Why there is no dynamic price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// The peak lies below the mean, so one of them is wrong.
    #[error("the peak of use ({peak}) lies below its mean ({mean})")]
    PeakBelowMean {
        /// The mean of 30 days.
        mean: u64,
        /// The largest hour of 30 days.
        peak: u64,
    },
    /// More is in use than there is.
    #[error("{occupied} of {capacity} are in use")]
    OverOccupied {
        /// What is in use.
        occupied: u64,
        /// What there is.
        capacity: u64,
    },
    /// No provider quotes a price.
    #[error("no provider quotes a price")]
    NoPrices,
    /// A price is negative or absurd.
    #[error(transparent)]
    Price(#[from] PriceError),
}
