//! Double-entry rules: accounts, transfers, groups and the state machine that applies them.
//!
//! After TigerBeetle's model (DESIGN section 5): an account is four counters and a limit, a transfer is immutable and its
//! id is its idempotency key, a hold is a pending transfer that ends exactly once, and a group is all or nothing.
//! Nothing here waits, writes or asks for the time, so a journal of [`Entry`]s always replays to the same state.
//!
//! ```
//! use swan_core::ledger::{Account, Applied, Ledger, entries};
//! use swan_core::{AccountId, Currency, RequestId, Timestamp, TransferId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, now) = (AccountId::from_u128(1), Timestamp::from_millis(1_000));
//! let mut ledger = Ledger::new();
//! let grant = entries::grant(TransferId::from_u128(7), alice, Currency::Usd, "5".parse()?, "welcome");
//! assert_eq!(ledger.apply(&grant, now)?, Applied::Created);
//! assert_eq!(ledger.apply(&grant, now)?, Applied::Exists);
//!
//! let terms = entries::HoldTerms {
//!     request: RequestId::from_u128(9),
//!     account: alice,
//!     currency: Currency::Usd,
//!     amount: "4.5".parse()?,
//!     expires: Timestamp::from_millis(60_000),
//!     policy: None,
//!     extended: 0,
//! };
//! let _ = ledger.apply(&entries::hold(&terms), now)?;
//! let funds = Account::Consumer(alice).in_currency(Currency::Usd);
//! assert_eq!(ledger.available(&funds), "0.5".parse()?);
//! let _ = ledger.apply(&entries::release(&terms, "no provider".into()), now)?;
//! assert_eq!(ledger.available(&funds), "5".parse()?);
//! assert_eq!(ledger.audit(), []);
//! # Ok(())
//! # }
//! ```

mod account;
mod audit;
mod balance;
mod bonus;
mod collateral;
mod deposit;
pub mod entries;
mod exchange;
mod group;
mod hash;
mod hold;
mod idempotency;
mod journal_audit;
mod outcome;
mod payment;
mod payouts;
mod record;
mod slice;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod transfer;
mod views;

pub use account::{Account, AccountKey, Limit};
pub use audit::{Breach, TrialRow};
pub use balance::Balance;
pub use bonus::{BonusRecord, BonusTerms};
pub use deposit::{ChainRecord, DepositKind, DepositTerms};
pub use exchange::{ExchangeRecord, ExchangeTerms};
pub use hold::{HoldEvent, HoldOver, HoldState};
pub use journal_audit::{AuditReport, JournalAudit};
pub use outcome::{Applied, Field, Reason, Rejected};
pub use payment::{PaymentKind, PaymentRecord, PaymentTerms};
pub use record::{ChargeRecord, UsageBasis};
pub use snapshot::{Copying, Snapshot, SnapshotUnsound};
pub use state::Ledger;
pub use transfer::{Cause, Detail, Entry, Group, Kind, Rule, Transfer};
pub use views::PendingHold;
