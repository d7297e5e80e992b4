use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Tier;

/// What a provider's hardware counts as (Seed 001, "Hardware Tiers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum HardwareTier {
    /// 38 GB and more: L40S, A100, H100.
    S,
    /// 24 GB: RTX 4090, RTX 3090.
    A,
    /// 12 GB: RTX 4070 Ti, RTX 3080 Ti.
    B,
    /// 8 GB: RTX 3070, RTX 4060.
    C,
    /// A Mac with Apple's own chip and 16 GB of unified memory or more.
    #[serde(rename = "macOS")]
    MacOs,
}

impl HardwareTier {
    /// All of them, in the order of the seed's table.
    pub const ALL: [Self; 5] = [Self::S, Self::A, Self::B, Self::C, Self::MacOs];

    /// What the seed's table calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::MacOs => "macOS",
        }
    }
}

impl fmt::Display for HardwareTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one tier asks for and what it may serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRule {
    pub(super) min_memory_gb: u64,
    pub(super) models: Vec<Tier>,
}

impl TierRule {
    /// The memory of one card, or the unified memory of a Mac, that it needs at least, in GB.
    #[must_use]
    pub const fn min_memory_gb(&self) -> u64 {
        self.min_memory_gb
    }

    /// The tiers of models that it may serve.
    #[must_use]
    pub fn models(&self) -> &[Tier] {
        &self.models
    }
}
