//! The models of the market, their tiers and their prices (Seed 001, "Tiered Model Catalog"; payout prices: public record 3.9).

mod classes;
mod comparison;
mod index;
mod model;
mod model_price;
mod name;
mod parameters;
mod price;
#[cfg(test)]
mod tests;
mod unit_price;

pub use classes::ModelRefusal;
pub(crate) use classes::{Class, Classes, Utility};
pub use comparison::Comparison;
pub(crate) use comparison::{ComparisonRules, distance};
pub(crate) use index::Catalogue;
pub use model::{Modality, Model, Tier};
pub use model_price::{ModelPrice, Unit};
pub use parameters::Parameters;
pub use price::{PriceError, TokenPrice};
pub use unit_price::UnitPrice;
