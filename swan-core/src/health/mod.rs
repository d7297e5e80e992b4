//! How well providers do: what counts against whom, when to hold one off, and how it comes back.
//!
//! Sources: Seed 001, "Health Monitoring" (circuit breaker, health checks with thresholds, model warm-up) and "Slashing
//! Conditions"; public record 3.9 (recent health, probe traffic) and 1.4 (`warmup`).

mod breaker;
#[cfg(test)]
mod tests;

pub use breaker::{Breaker, BreakerConfig, BreakerState, Permit};
