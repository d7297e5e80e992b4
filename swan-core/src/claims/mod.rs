//! Whether providers claim more tokens than their peers for the same text.
//!
//! Metering cuts a claim at what one answer allows: a token has at least one byte. An honest model writes three or four
//! bytes a token, so a provider could claim three times the truth on every answer and stay below that bound. It cannot hide
//! from comparison: over many answers, providers of one model write about as many tokens for as many bytes, because they run
//! the same tokeniser. Whoever claims far more than the median of the others is found here, with the numbers; what follows
//! from it is the business of [`standing`](crate::standing).
//!
//! The rule is ours: no seed has one (DESIGN: "No provider is trusted about itself"). Its numbers are the policy's `[claims]`.

mod audit;
mod rules;
mod section;

pub use audit::{ClaimAudit, Claimed, Overclaim};
pub use rules::ClaimRules;
pub(crate) use section::Section;
