use std::fmt;

use serde::{Deserialize, Serialize};

/// How a provider's standing bears on who gets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "routing handles each")]
pub enum RoutingClass {
    /// Like everybody else.
    Normal,
    /// After everybody else, and for a share of probing traffic (Seed 001, Slashing Conditions).
    Deprioritised,
    /// Not at all.
    None(NotRouted),
}

/// Why a provider gets no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "routing explains each")]
pub enum NotRouted {
    /// It has not passed its first benchmark, or waits for approval or collateral.
    NotAdmitted,
    /// It is suspended: after a failed benchmark, by an administrator, for want of collateral, or while its removal is held.
    Suspended,
    /// Its benchmark results have expired, or it was away too much; it must pass a benchmark again.
    Unqualified,
    /// It withdraws its collateral.
    Exiting,
    /// It has left.
    Left,
    /// It was removed.
    Removed,
}

impl fmt::Display for NotRouted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAdmitted => "not admitted yet",
            Self::Suspended => "suspended",
            Self::Unqualified => "unqualified until it passes a benchmark again",
            Self::Exiting => "exiting",
            Self::Left => "left",
            Self::Removed => "removed",
        })
    }
}
