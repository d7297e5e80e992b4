//! A market played through in advance: whether cheating pays under a policy, before anybody's money is at stake.
//!
//! Providers of several kinds ([`Behaviour`]) serve a year of requests. What decides about them are the rules of this crate and
//! no copies: admission and standing, benchmarks and their schedule, routing, metering, claims, prices, the split, collateral and
//! slashing. What people do is assumed ([`Conduct`]) and stated; change it and run again.
//!
//! All assumptions are ours, and no measurement stands behind them. Money is in US dollars.
//!
//! The same seed gives the same year on every machine.
//!
//! ```
//! use swan_core::simulation::{Behaviour, Scenario, Simulation};
//! use swan_core::Policy;
//!
//! let scenario = Scenario { days: 20, ..Scenario::small(7) };
//! let report = Simulation::new(scenario, Policy::swan_2_0())?.run()?;
//! let honest = report.outcome(Behaviour::Honest).expect("there are honest providers");
//! assert!(honest.profit_per_slot()? > "0".parse()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behaviour;
mod demand;
mod error;
mod judging;
mod market;
mod participant;
mod pledge;
mod remedy;
mod report;
mod scenario;
mod serving;
mod totals;
mod windows;

pub use behaviour::{Behaviour, Conduct};
pub use error::SimulationError;
pub use market::Simulation;
pub use remedy::{Remedy, remedies};
pub use report::{DaySample, Outcome, Report, Verdict};
pub use scenario::{Cohort, Scenario};
