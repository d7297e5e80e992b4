//! What counts against whom, and how providers are held off and come back.

mod blame;
mod latency;
mod outliers;
mod warmth;

use std::sync::LazyLock;

use swan_core::health::HealthRules;
use swan_core::{Policy, Timestamp};

/// Read once: a property test asks for them some ten thousand times.
static RULES: LazyLock<HealthRules> = LazyLock::new(|| *Policy::swan_2_0().health());

fn rules() -> HealthRules {
    *RULES
}

const fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + secs * 1_000)
}
