//! What a hub tells a provider besides requests: acknowledgements and notices.

use std::collections::BTreeMap;

/// A word to the operator of a provider (public-swan.md 1.4, `notice`).
///
/// A session clips what is too long: event 64 bytes of `[a-z0-9_]`, model 200, message 1000, 16 details of 200 bytes each.
#[expect(
    clippy::exhaustive_structs,
    reason = "hubs build it, with `..Notice::default()`"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// What happened, a stable word such as `model_refused`.
    pub event: String,
    /// How bad it is.
    pub severity: Severity,
    /// The model it is about, by the provider's own name; may be empty.
    pub model_id: String,
    /// For people.
    pub message: String,
    /// For programs.
    pub details: BTreeMap<String, String>,
}

/// How bad the matter of a [`Notice`] is.
#[expect(clippy::exhaustive_enums, reason = "the closed list of the protocol")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Something costs the provider traffic or money.
    Warning,
    /// The provider earns nothing until somebody acts.
    Critical,
}

impl Severity {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    pub(crate) fn from_wire(word: &str) -> Self {
        match word {
            "critical" => Self::Critical,
            "warning" => Self::Warning,
            _ => Self::Info,
        }
    }
}

/// A hub's acceptance of a registration: one answer to each `Register` event, in their order.
#[expect(
    clippy::exhaustive_structs,
    reason = "hubs build it, with `..Accepted::default()`"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Who the hub takes the provider for, as the provider may print it; extra field, public agents ignore it.
    pub provider_id: Option<String>,
    /// The models that the hub will route, by its canonical names, so that the provider can warn about missing ones.
    pub registered_models: Vec<String>,
    /// For the operator; may be empty.
    pub message: String,
    /// A newer provider program, where there is one.
    pub upgrade: Option<Upgrade>,
}

/// A newer version of the provider program.
#[expect(clippy::exhaustive_structs, reason = "hubs build it with a literal")]
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Upgrade {
    /// The version that registered.
    #[serde(deserialize_with = "super::wire::lenient::string")]
    pub running: String,
    /// The newest version.
    #[serde(deserialize_with = "super::wire::lenient::string")]
    pub latest: String,
    /// For the operator.
    #[serde(deserialize_with = "super::wire::lenient::string")]
    pub message: String,
}
