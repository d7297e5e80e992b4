//! What machines are called, what they count as and what they may serve.

mod eligibility;
mod names;
mod policy;
mod reports;
mod tiers;
mod units;

use std::sync::LazyLock;

use swan_core::Policy;
use swan_core::hardware::{HardwareRules, Machine, ReportedMemory};

/// Read once, since property tests ask for it thousands of times.
static RULES: LazyLock<HardwareRules> = LazyLock::new(|| Policy::swan_2_0().hardware().clone());

fn rules() -> &'static HardwareRules {
    &RULES
}

/// A machine as a driver shows it.
fn shown(name: &str, mib: u64, cards: u64) -> Machine {
    Machine::new(name, ReportedMemory::Mebibytes(mib), cards)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}
