//! Ranking providers: the leaderboard of Seed 001, and the reputation of Swan 1.0 as an alternative.
//!
//! Seed 001 names availability, success and latency and gives no weights; those are values of the policy's `[leaderboard]`. Each
//! counts as far as one can be sure of it, so that three lucky requests do not lead. Everything is exact integers.

mod rank;
mod reputation;
mod rules;
mod score;
pub(crate) mod section;

pub use rank::Ranked;
pub use reputation::{Factors, ReputationRules};
pub use rules::LeaderboardRules;
pub use score::{Latency, Part, Performance, Score};
