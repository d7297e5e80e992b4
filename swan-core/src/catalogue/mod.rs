//! The models of the market, their tiers and their prices.

mod classes;
mod index;
mod model;
mod name;
mod price;
#[cfg(test)]
mod tests;

pub use classes::Refusal;
pub(crate) use classes::{Class, Classes};
pub(crate) use index::Catalogue;
pub use model::{Modality, Model, Tier};
pub use price::{ModelPrice, PriceError, TokenPrice};
