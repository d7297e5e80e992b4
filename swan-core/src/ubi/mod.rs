//! Universal basic income: the curve of Swan 1.0, how it is shared, and the way out of it in Swan 2.0.
//!
//! Sources: Seed 002 (whole), Seed 001 ("UBI Sunset", "Safety Valve"), public record 3.1, 3.5 and 3.6.

mod breakeven;
mod contribution;
mod curve;
mod error;
mod integral;
mod real;
mod rules;
pub(crate) mod section;
mod shares;
mod taper;
mod usage;
mod valve;
mod workload;

pub use breakeven::{breakeven, worth};
pub use contribution::{Contribution, ContributionRules, LockedShare, share_by_contribution};
pub use curve::UbiCurve;
pub use error::{TaperError, UbiError};
pub use rules::{ShareRule, UbiRules, WorkloadRules};
pub use shares::{Contributor, Distribution, share_by_workload};
pub use taper::{Sharing, Taper, TaperPhase};
pub use usage::UsageRate;
pub use valve::{Extension, SafetyValve, WhyNot, safety_valve};
pub use workload::{Cards, Income, completion_rate, income};
