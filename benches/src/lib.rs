//! Measures what a hop through the hub costs: a mock model server, a bare proxy as the baseline, a load generator, and a
//! comparison that starts every part as a process of its own. `README.md` beside this crate says how to read the figures.

mod accept;
mod compare;
mod idle;
mod kills;
mod ledger;
mod load;
mod market;
mod mock;
mod nodes;
mod process;
mod proxy;
mod samples;
mod soak;

pub use accept::Listener;
pub use compare::{Compare, CompareArgs};
pub use idle::{IdleArgs, IdleReport};
pub use kills::KillsArgs;
pub use ledger::LedgerArgs;
pub use load::{Load, LoadReport, Operation};
pub use mock::{MockArgs, serve_mock};
pub use nodes::NodesArgs;
pub use proxy::serve_proxy;
pub use samples::Percentiles;
pub use soak::SoakArgs;

/// What can go wrong in a measuring program: it is told to a person and the program ends.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
