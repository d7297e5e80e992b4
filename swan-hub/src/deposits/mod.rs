//! Deposits of tokens on a chain: what nodes of the chain tell, how it is checked, and what follows for the books.
//!
//! Only what stands in final blocks moves money. For each range of final blocks the hub makes its own rows and books equal to what
//! the nodes agree on; so lost answers, repetitions and restarts come to the same, and a chain that is replaced after all is
//! gone back on and read again by the same rule (`docs/PAYMENTS.md`).

mod agreement;
mod deposit;
mod desk;
mod event;
mod fact;
mod finish;
mod hexadecimal;
mod judge;
mod node;
mod options;
mod pledge;
mod progress;
mod reading;
mod reference;
#[cfg(feature = "chain")]
pub mod rpc;
mod settle;
mod sight;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod units;
mod unmatched;
mod verify;
mod watch;

pub use deposit::{Bonus, Deposit, DepositState};
pub(crate) use desk::{DepositError, Deposits, Verdict, Watched, assign, find, refuse};
pub use event::{DepositEvent, DepositNews};
pub(crate) use hexadecimal::hex;
pub use hexadecimal::{Address, Hash, HexError};
pub use node::{Block, ChainNode, Log, LogQuery, NodeError, Tip};
pub use options::{ChainNames, DepositOptions, Finality};
pub use progress::{Mark, Progress};
pub use reference::{DepositOwner, collateral_reference, reference};
pub(crate) use status::Status;
pub use token::{Converted, Token};
pub use units::Units;
pub use unmatched::Unmatched;
pub use verify::Mismatch;
pub(crate) use verify::verify_all;
pub(crate) use watch::run;
