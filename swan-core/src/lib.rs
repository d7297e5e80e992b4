#![doc = include_str!("../README.md")]
// Money, scores and standing are integers; the one float of this crate, the load metric of routing, says so itself.
#![deny(clippy::float_arithmetic, clippy::float_cmp)]

mod ids;
pub mod ledger;
mod money;
pub mod openai;
pub mod protocol;
mod random;
pub mod sse;
#[cfg(feature = "testkit")]
pub mod testkit;
mod time;

pub use ids::{AccountId, IdError, KeyId, ModelId, ProviderId, RequestId, TransferId};
pub use money::{Amount, BasisPoints, Currency, ExchangeRate, MoneyError};
pub use random::{Rng, SeededRng};
pub use time::{Clock, Timestamp};
