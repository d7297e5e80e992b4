//! Catalogue, prices, quotes, splits and metering, against the seeds' figures and for every input.

mod catalogue;
mod dynamic;
mod metering;
mod payment;
mod payout;
mod prices;
mod units;

use swan_core::{Amount, Policy, PolicyError};

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The built-in document with one piece replaced.
fn with(original: &str, replacement: &str) -> Result<Policy, PolicyError> {
    let text = Policy::SWAN_2_0_TOML;
    assert!(
        text.contains(original),
        "the document does not say {original}"
    );
    Policy::from_toml(&text.replacen(original, replacement, 1))
}

/// The built-in policy, read once for all cases of a property.
fn swan_2_0() -> &'static Policy {
    static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
    POLICY.get_or_init(Policy::swan_2_0)
}
