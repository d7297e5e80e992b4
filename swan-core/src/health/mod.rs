//! How well providers do: what counts against whom, when to hold one off, and how it comes back.
//!
//! An attempt's [`Ending`] has one [`Verdict`]; the [`Breaker`], the recent success that routing weighs, [`OutlierDetector`] and
//! the provider's standing all read that same verdict. All of them take the time as an argument.
//!
//! Sources: Seed 001, "Health Monitoring" (circuit breaker, health checks with thresholds, model warm-up) and "Slashing
//! Conditions"; public record 3.9 (recent health, probe traffic) and 1.4 (`warmup`).

mod backoff;
mod blame;
mod breaker;
mod ewma;
mod outlier;
mod rules;
mod section;
#[cfg(test)]
mod tests;
mod warmth;
mod window;

pub use backoff::Backoff;
pub use blame::{Blame, Counts, Ending, Verdict, is_poison};
pub use breaker::{Breaker, BreakerConfig, BreakerState, Permit};
pub use ewma::{HalfLives, PeakEwma};
pub use outlier::{Ejection, OutlierDetector};
pub use rules::HealthRules;
pub(crate) use section::HealthSection;
pub use warmth::{Warmth, WarmthEvent};
pub use window::{SuccessWindow, Tally};
