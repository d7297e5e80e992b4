//! What a provider's machine is: its tier, what it may serve, and what it counts.
//!
//! Sources: Seed 001, "Hardware Tiers" and "Tiered Model Catalog"; computing units: public record 3.3. Values: `[hardware]`.
//!
//! A [`Machine`] is what a provider reports, checked; [`HardwareRules`] (of a policy) say what it is worth, always with
//! reasons. Nothing reported is proof: benchmarks and latencies are measured by the hub.
//!
//! ```
//! use swan_core::Policy;
//! use swan_core::hardware::{HardwareTier, Machine, ReportedMemory};
//!
//! let policy = Policy::swan_2_0();
//! let machine = Machine::new("NVIDIA L40S", ReportedMemory::Mebibytes(46_068), 1)?;
//! let classified = policy.hardware().classify(&machine);
//! assert_eq!(classified.tier(), Some(HardwareTier::S));
//! println!("{}", classified.grounds(policy.stamp()));
//! # Ok::<(), swan_core::hardware::HardwareError>(())
//! ```

mod classify;
mod eligibility;
mod error;
mod machine;
mod name;
mod quantisation;
mod role;
mod rules;
mod section;
mod tier;
mod units;

pub use classify::{Classification, HardwareClass};
pub use eligibility::{Demand, Eligibility, Verdict};
pub use error::HardwareError;
pub use machine::{Machine, ReportedMemory};
pub use name::{GpuForm, GpuName};
pub use quantisation::{Quantisation, Quantisations};
pub use role::Role;
pub use rules::HardwareRules;
pub(crate) use section::Section;
pub use tier::{HardwareTier, TierRule};
pub use units::ComputingUnits;
