//! The books: balances and holds in memory, journalled through the store by group commit.
//!
//! A request touches memory only, in one short critical section without I/O; a writer task hands everything that has
//! gathered since the last write to the store as one record, so many requests share one durable write.

mod books;
mod codec;
mod drawing;
mod earned;
mod error;
mod explain;
mod hold;
mod journal;
mod leaving;
mod options;
mod payments;
mod post;
mod progress;
mod recovery;
mod snapshots;
mod statement;
#[cfg(feature = "sqlite")]
mod tabulate;
mod tending;
mod till;
mod together;
mod touched;
mod views;
mod walk;
mod writer;

pub use books::Books;
pub use codec::{decode, read_journal};
pub use error::LedgerError;
pub(crate) use explain::{
    Asker, Look, Owners, anything as explain_anything, beside, counters, entries_of, of_counters,
    of_movement, owner,
};
pub use explain::{
    BalanceOf, ByRule, Charge, Explainer, Explanation, Listed, Moved, OwnAccount, Part, Said, Step,
    Subject, Try,
};
pub use hold::{Hold, Settled};
pub(crate) use journal::HoldEnd;
pub use options::BooksOptions;
pub(crate) use post::Mark;
pub use recovery::Recovery;
pub(crate) use recovery::SpendingLog;
#[cfg(feature = "cli")]
pub(crate) use snapshots::{CheckedSnapshot, SnapshotCheck};
#[cfg(feature = "sqlite")]
pub(crate) use statement::told_of_exchange;
pub use statement::{Statement, StatementLine, StatementQuery, statement};
pub(crate) use statement::{balance_at, statement_page};
pub use swan_core::ledger::entries::HoldTerms as HoldRequest;
#[cfg(feature = "sqlite")]
pub use tabulate::tabulate;
pub(crate) use walk::Walk;
