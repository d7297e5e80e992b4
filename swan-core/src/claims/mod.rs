//! Whether providers claim more tokens than their peers for the same text.
//!
//! Metering cuts a claim at what one answer allows: a token has at least one byte. An honest model writes three or four
//! bytes a token, so a provider could claim three times the truth on every answer and stay below that bound. It cannot hide
//! from comparison: over many answers, providers of one model write about as many tokens for as many bytes, because they run
//! the same tokeniser. Whoever claims far more than the median of the others is found here, with the numbers; what follows
//! from it is the business of [`standing`](crate::standing).
//!
//! The rule is ours: no seed has one, and public record 4.4 names the gap. Its numbers are the policy's `[claims]`.
//!
//! ```
//! use swan_core::claims::{ClaimAudit, Claimed};
//! use swan_core::{Policy, ProviderId};
//!
//! let (policy, mut audit) = (Policy::swan_2_0(), ClaimAudit::new());
//! for (provider, tokens) in [(1, 98), (2, 100), (3, 102), (9, 300)] {
//!     audit.record(ProviderId::from_u128(provider), Claimed::answer(tokens, 400).times(300));
//! }
//! let found = audit.overclaims(policy.claims(), policy.stamp());
//! assert_eq!((found[0].provider, found[0].excess_tokens()), (ProviderId::from_u128(9), 60_000));
//! ```

mod audit;
mod rules;
mod section;

pub use audit::{ClaimAudit, Claimed, Overclaim};
pub use rules::ClaimRules;
pub(crate) use section::Section;
