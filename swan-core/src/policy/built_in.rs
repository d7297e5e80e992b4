use super::Policy;

/// Why the built-in documents can be trusted to be read.
const VALID: &str = "the built-in policy is valid";

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

    const BUILT_IN: [(&str, &str); 2] = [
        ("swan-2.0", Self::SWAN_2_0_TOML),
        ("swan-1.0", Self::SWAN_1_0_TOML),
    ];

    /// The economics of Swan 2.0 (Seed 001), the default of a hub.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the document is compiled in, and a test reads it"
    )]
    pub fn swan_2_0() -> Self {
        Self::from_toml(Self::SWAN_2_0_TOML).expect(VALID)
    }

    /// The economics before Swan 2.0: paid in SWAN alone, with a basic income for providers (Seeds 002 and 003).
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the document is compiled in, and a test reads it"
    )]
    pub fn swan_1_0() -> Self {
        Self::from_toml(Self::SWAN_1_0_TOML).expect(VALID)
    }

    /// The names of the built-in policies, the default first. Each is also the version of its policy.
    pub fn built_ins() -> impl ExactSizeIterator<Item = &'static str> {
        Self::BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in policy of this name, such as `swan-2.0`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = Self::BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::from_toml(text).ok()
    }
}
