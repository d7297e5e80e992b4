//! What tests of this family and of integrators share: a clock moved by hand, ready-made fixtures, and both
//! ends of a provider connection on a simulated wire.

mod clock;
mod fixtures;
pub mod fuzz;
mod ledger_auditor;
mod ledger_workload;
mod session_pair;

pub use clock::ManualClock;
pub use fixtures::{amount, model, swan_2_0};
pub use ledger_auditor::{LedgerAuditor, MoneyEvent, Verdict};
pub use ledger_workload::MoneyWorkload;
pub use session_pair::SessionPair;
