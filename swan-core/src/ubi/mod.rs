//! Universal basic income: the curve of Swan 1.0, how it is shared, and the way out of it in Swan 2.0.
//!
//! Sources: Seed 002 (whole), Seed 001 ("UBI Sunset", "Safety Valve"), public record 3.1, 3.5 and 3.6.

mod contribution;
mod curve;
mod error;
mod integral;
mod real;
mod rules;
pub(crate) mod section;
mod taper;
mod usage;
mod valve;

pub use contribution::ContributionRules;
pub use curve::UbiCurve;
pub use error::{TaperError, UbiError};
pub use rules::{ShareRule, UbiRules, WorkloadRules};
pub use taper::{Sharing, Taper, TaperPhase};
pub use usage::UsageRate;
pub use valve::{Extension, SafetyValve, WhyNot, safety_valve};
