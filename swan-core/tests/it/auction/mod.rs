mod award;
mod book;
mod settlement;
mod state;

use swan_core::{Amount, BasisPoints, Policy, ProviderId};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn units(units: i64) -> Amount {
    Amount::from_units(units).unwrap()
}

fn points(points: u16) -> BasisPoints {
    BasisPoints::new(points).unwrap()
}

const fn provider(number: u128) -> ProviderId {
    ProviderId::from_u128(number)
}

/// Parsing a policy for each case would take most of the time.
fn policy() -> &'static Policy {
    static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
    POLICY.get_or_init(Policy::swan_1_0)
}
