//! The token: its supply and who holds it, how it is released, and what flows to whom.
//!
//! Sources: Seed 003 (whole), Seed 001 ("SWAN Token Utility").

mod airdrop;
mod annual;
pub(crate) mod calendar;
mod error;
mod fees;
mod rules;
pub(crate) mod section;
mod supply;
mod vesting;

pub use airdrop::AirdropCap;
pub use annual::{AnnualUbi, EqualParts, Providers, annual_ubi};
pub use error::TokenError;
pub use fees::{FeeSplit, market_commission, won_bids};
pub use rules::{AnnualRates, TokenRules};
pub use supply::{Bucket, Supply};
pub use vesting::{Release, Vesting};
