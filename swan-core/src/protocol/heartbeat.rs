//! What a provider says while it works: its load, and the health of its models.

use std::collections::BTreeMap;

use super::registration::Hardware;

/// Sign of life with load figures, every 30 s.
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..Heartbeat::default()`"
)]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heartbeat {
    /// The provider's own clock, Unix seconds; not to be trusted. A provider session fills in its `now` when 0.
    pub timestamp_secs: u64,
    /// Load by name, such as `active_requests` or `gpu_utilization` (percent).
    pub metrics: BTreeMap<String, f64>,
    /// Models served now; a hub that lost its state can rebuild its routing from it.
    pub models: Vec<String>,
    /// Health by model.
    pub model_health: Vec<(String, Health)>,
    /// The machine, where told.
    pub hardware: Option<Hardware>,
}

/// How well a model works, by the provider's own judgement.
#[expect(clippy::exhaustive_enums, reason = "the closed list of the protocol")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Serves.
    Healthy,
    /// Serves with trouble.
    Degraded,
    /// Does not serve.
    Unhealthy,
    /// Not known, or said in a word that this version does not know.
    #[default]
    Unknown,
}

impl Health {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn from_wire(word: &str) -> Self {
        match word {
            "healthy" => Self::Healthy,
            "degraded" => Self::Degraded,
            "unhealthy" => Self::Unhealthy,
            _ => Self::Unknown,
        }
    }
}
