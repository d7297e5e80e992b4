use std::sync::OnceLock;

use crate::{Amount, Model, Policy};

/// The built-in policy, read once.
#[must_use]
pub fn swan_2_0() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(Policy::swan_2_0)
}

/// A model of the built-in catalogue, by any of its names.
///
/// # Panics
///
/// When the catalogue has no such model.
#[must_use]
#[track_caller]
#[expect(
    clippy::expect_used,
    reason = "a fixture that a test names and the catalogue lacks is a fault of the test"
)]
pub fn model(name: &str) -> &'static Model {
    swan_2_0()
        .model(name)
        .expect("the catalogue has this model")
}

/// An amount from its decimal text.
///
/// # Panics
///
/// When the text is no amount.
#[must_use]
#[track_caller]
#[expect(
    clippy::expect_used,
    reason = "an amount that a test writes wrongly is a fault of the test"
)]
pub fn amount(text: &str) -> Amount {
    text.parse().expect("an amount such as 0.03")
}
