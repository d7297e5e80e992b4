//! Double-entry rules: accounts, transfers, groups and the state machine that applies them.
//!
//! After TigerBeetle's model (DESIGN section 5): an account is four counters and a limit, a transfer is immutable and its
//! id is its idempotency key, a hold is a pending transfer that ends exactly once, and a group is all or nothing.
//! Nothing here waits, writes or asks for the time, so a journal of [`Entry`]s always replays to the same state.

mod account;
mod audit;
mod balance;
pub mod entries;
mod group;
mod hash;
mod hold;
mod idempotency;
mod journal_audit;
mod outcome;
mod record;
mod state;
mod transfer;
mod views;

pub use account::{Account, AccountKey, Limit};
pub use audit::{Breach, TrialRow};
pub use balance::Balance;
pub use hold::{HoldEvent, HoldOver, HoldState};
pub use journal_audit::{AuditReport, JournalAudit};
pub use outcome::{Applied, Field, Reason, Rejected};
pub use record::{ChargeRecord, UsageBasis};
pub use state::Ledger;
pub use transfer::{Cause, Detail, Entry, Group, Kind, Rule, Transfer};
pub use views::PendingHold;
