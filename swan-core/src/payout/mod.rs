//! How providers are paid what they have earned.
//!
//! A request sets the amount apart from the earnings at once, so that it cannot be asked for twice; it then waits for an
//! administrator, who pays it outside of the ledger and says by what, or for its provider, who may take it back. The fee is
//! kept when it is paid, and only then. What moves is built by
//! [`ledger::entries`](crate::ledger::entries); minimum, fee and pace are the policy's `[payout]` (public record 3.9).
//!
//! ```
//! use swan_core::payout::{PayoutEvent, PayoutState};
//! use swan_core::{Currency, Policy};
//!
//! let policy = Policy::swan_2_0();
//! let rules = policy.payout().unwrap();
//! assert_eq!(rules.fee(Currency::Usd), "1".parse()?);
//! assert!(rules.check(Currency::Usd, "9.99".parse()?).is_err());
//! assert_eq!(PayoutState::Requested.on(PayoutEvent::Pay)?, PayoutState::Paid);
//! assert!(PayoutState::Paid.on(PayoutEvent::Cancel).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod rules;
mod section;
mod state;

pub use rules::{PayoutRefusal, PayoutRules};
pub(crate) use section::Section;
pub use state::{PayoutEvent, PayoutState};
