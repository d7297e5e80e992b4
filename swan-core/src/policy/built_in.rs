use std::sync::LazyLock;

use super::Policy;

/// Read once for the whole process: a policy never changes, and reading one takes milliseconds.
static SWAN_2_0: LazyLock<Policy> = LazyLock::new(|| compiled_in(Policy::SWAN_2_0_TOML));
static SWAN_1_0: LazyLock<Policy> = LazyLock::new(|| compiled_in(Policy::SWAN_1_0_TOML));

#[expect(
    clippy::expect_used,
    reason = "the documents are compiled in, and a test reads each"
)]
fn compiled_in(text: &str) -> Policy {
    Policy::from_toml(text).expect("the built-in policy is valid")
}

impl Policy {
    /// The document that [`Policy::swan_2_0`] is read from, to start a policy of one's own from.
    pub const SWAN_2_0_TOML: &str = concat!(
        include_str!("../../policy/swan-2.0.toml"),
        include_str!("../../policy/routing.toml"),
        include_str!("../../policy/catalogue.toml"),
        include_str!("../../policy/hardware.toml")
    );

    /// The document that [`Policy::swan_1_0`] is read from.
    pub const SWAN_1_0_TOML: &str = concat!(
        include_str!("../../policy/swan-1.0.toml"),
        include_str!("../../policy/routing.toml"),
        include_str!("../../policy/catalogue.toml"),
        include_str!("../../policy/hardware.toml")
    );

    /// The economics of Swan 2.0 (Seed 001), the default of a hub.
    #[must_use]
    pub fn swan_2_0() -> Self {
        SWAN_2_0.clone()
    }

    /// The economics before Swan 2.0: paid in SWAN alone, with a basic income for providers (Seeds 002 and 003).
    #[must_use]
    pub fn swan_1_0() -> Self {
        SWAN_1_0.clone()
    }

    /// The names of the built-in policies, the default first. Each is also the version of its policy.
    pub fn built_ins() -> impl ExactSizeIterator<Item = &'static str> {
        ["swan-2.0", "swan-1.0"].into_iter()
    }

    /// The built-in policy of this name, such as `swan-2.0`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        match name {
            "swan-2.0" => Some(Self::swan_2_0()),
            "swan-1.0" => Some(Self::swan_1_0()),
            _ => None,
        }
    }
}
