//! How revenue is divided: the shares in force, the phases that a growing network goes through, and when a vote on the
//! next one is due (Seed 001, "Payment & Revenue Split").

mod division;
mod revenue;
mod schedule;
mod section;
mod shares;
mod transition;

pub use division::{RevenueSplit, Split};
pub use revenue::{RevenueError, RevenueWindow};
pub use schedule::{Phase, PhaseEnd, SplitSchedule};
pub(crate) use section::SplitSection;
pub use shares::{RevenueShares, SharesError};
pub use transition::PhaseTransition;
