#![doc = include_str!("../README.md")]
// Money, scores, standing and load are integers: this crate computes with no float at all.
#![deny(clippy::float_arithmetic, clippy::float_cmp)]

pub mod auction;
pub mod benchmark;
mod catalogue;
pub mod claims;
pub mod collateral;
#[cfg(doctest)]
mod economics_document;
pub mod free_tier;
pub mod governance;
mod grounds;
pub mod hardware;
pub mod health;
mod hexadecimal;
mod ids;
pub mod leaderboard;
pub mod ledger;
mod machines;
mod metering;
mod money;
pub mod multipart;
pub mod openai;
pub mod payout;
mod policy;
pub mod pricing;
pub mod protocol;
mod random;
pub mod receipt;
pub mod routing;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod split;
pub mod sse;
pub mod standing;
#[cfg(feature = "testkit")]
pub mod testkit;
mod time;
pub mod tokenomics;
pub mod tokens;
pub mod ubi;
mod usage;

pub use catalogue::{
    Comparison, Modality, Model, ModelPrice, ModelRefusal, Parameters, PriceError, Tier,
    TokenPrice, Unit, UnitPrice,
};
pub use grounds::{Fact, Grounds};
pub use health::{Breaker, BreakerConfig, BreakerState, Permit};
pub use ids::{
    AccountId, CaseId, DepositId, IdError, KeyId, ModelId, ProviderId, RequestId, TopupId,
    TransferId, UserId,
};
pub use machines::{InvalidTransition, RequestEvent, RequestState};
pub use metering::{Basis, Metered, Metering, ReportedUsage, Seen, UsageError, Work};
pub use money::{Amount, BasisPoints, Currency, ExchangeRate, MoneyError, RateError, StampedRate};
pub use policy::{
    Policy, PolicyChange, PolicyDifference, PolicyError, PolicyHash, PolicyStamp, PolicyValue,
    PolicyVersion,
};
pub use pricing::{PayoutSplit, Pricing, PricingError, Quote, SeedPricing, Terms};
pub use random::{Rng, SeededRng};
pub use routing::{Candidate, LeastConnections, RoundRobin, RoutingStrategy, TwoChoices};
pub use split::{RevenueShares, RevenueSplit, SharesError, Split};
pub use time::{Clock, Day, DayError, Timestamp};
pub use usage::Usage;
