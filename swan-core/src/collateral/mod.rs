//! What providers put in as a pledge: how much, and what becomes of it.
//!
//! A [`CollateralRule`] says how much; a [`CollateralAccount`] keeps it through deposit, lock, penalty, exit and withdrawal
//! as a total state machine with exact money. It answers each event with the movements that it made, for a ledger to book.
//!
//! Sources: public record 3.7 (20 USDC or 35,000 SWAN, as now practised), Seed 002 (by computing units, exit and withdrawal; `C_base`:
//! public record 3.2), Seed 003 (by jobs, market providers), SIP-002 in public record 3.5 (by card). Values: `[collateral]`.
//!
//! ```
//! use swan_core::collateral::{CollateralAccount, CollateralEvent, CollateralState, Source};
//! use swan_core::{Currency, Policy, Timestamp, TransferId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::swan_2_0();
//! let wait = policy.collateral()?.withdrawal_wait();
//! let (now, id) = (Timestamp::from_millis(1_000), TransferId::from_u128(1));
//! let mut account = CollateralAccount::new(Currency::Usd);
//! let deposit = CollateralEvent::Deposit { id, amount: "20".parse()?, source: Source::Card };
//! account.apply(&deposit, now, wait)?;
//! account.apply(&CollateralEvent::ConfirmDeposit { id }, now, wait)?;
//! assert_eq!(account.state(), CollateralState::Open);
//!
//! let id = TransferId::from_u128(2);
//! account.apply(&CollateralEvent::RequestWithdrawal { id, amount: "20".parse()? }, now, wait)?;
//! let confirm = CollateralEvent::ConfirmWithdrawal { id, payout_pending: false };
//! assert!(account.apply(&confirm, now, wait).is_err());
//! account.apply(&confirm, now.after(wait), wait)?;
//! assert_eq!((account.state(), account.paid_out()), (CollateralState::Refunded, "20".parse()?));
//! # Ok(())
//! # }
//! ```

mod account;
mod adequacy;
mod apply;
mod by_job;
mod by_units;
mod error;
mod flat;
mod leaving;
mod movement;
mod origins;
mod penalties;
mod requirement;
mod reversals;
mod rules;
mod section;

pub use account::{CollateralAccount, CollateralState};
pub use adequacy::{Shortfall, shortfall};
pub use by_job::{ByJob, MarketProviderCollateral};
pub use by_units::ByComputingUnits;
pub use error::CollateralError;
pub use flat::{ByCard, ByTier};
pub use movement::{CollateralEvent, CollateralMovement, Effect, Part, Pocket, Source, Withdrawal};
pub use requirement::{CardGroup, CollateralRule, JobGroup, Position, Requirement};
pub use rules::CollateralRules;
pub(crate) use section::Section;
