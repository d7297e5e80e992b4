//! Money: exact, bounded, and rounded in one place only.

mod amount;
mod basis_points;
mod currency;
mod parts;
mod rate;
pub(crate) mod rounding;
mod stamped_rate;
#[cfg(test)]
mod tests;

pub use amount::{Amount, MoneyError};
pub use basis_points::BasisPoints;
pub use currency::Currency;
pub use rate::ExchangeRate;
pub use stamped_rate::{RateError, StampedRate};
