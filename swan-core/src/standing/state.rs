use std::fmt;

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::{CaseId, Fact, Timestamp};

/// Where a provider stands, in one word.
///
/// What the word stands for is computed from the state, so no two can hold at once; conditions that go together show as the
/// gravest of them, and [`Standing::conditions`](super::Standing::conditions) lists all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "shells show and route by each")]
pub enum StandingKind {
    /// Known, and not yet benchmarked.
    Registered,
    /// Its first benchmark runs.
    Benchmarking,
    /// It passed, or has been approved, and waits for the rest: approval, collateral, or the benchmark.
    Approved,
    /// It gets requests, and has become active only lately.
    Probation,
    /// It gets requests like everybody else.
    Active,
    /// It gets requests after everybody else.
    Deprioritised,
    /// It gets none for now.
    Suspended,
    /// It gets none until it passes a benchmark again.
    Unqualified,
    /// It gets none and withdraws its collateral.
    Exiting,
    /// It has withdrawn its collateral.
    Left,
    /// It was removed, and comes back only when an administrator reinstates it.
    Removed,
}

impl fmt::Display for StandingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Benchmarking => "benchmarking",
            Self::Approved => "approved",
            Self::Probation => "probation",
            Self::Active => "active",
            Self::Deprioritised => "deprioritised",
            Self::Suspended => "suspended",
            Self::Unqualified => "unqualified",
            Self::Exiting => "exiting",
            Self::Left => "left",
            Self::Removed => "removed",
        })
    }
}

/// The states that exclude each other; each holds only the conditions that make sense in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// On its way in.
    Joining(Joining),
    /// Admitted.
    Serving(Serving),
    /// On its way out, with what it comes back to when it stays.
    Exiting(Before),
    /// Gone by its own will.
    Left,
    /// Thrown out.
    Removed,
}

/// What a provider was before it asked to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Before {
    Joining(Joining),
    Serving(Serving),
}

/// What a provider that wants in has done so far. The public record tells three orders, so these are conditions, not steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Joining {
    pub(super) benchmark: Entry,
    pub(super) approved: bool,
}

/// The first benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    Wanted,
    Running,
    Passed,
}

impl Joining {
    pub(super) const fn new(approved: bool) -> Self {
        Self {
            benchmark: Entry::Wanted,
            approved,
        }
    }

    pub(super) const fn kind(self) -> StandingKind {
        match (self.benchmark, self.approved) {
            (Entry::Running, _) => StandingKind::Benchmarking,
            (Entry::Wanted, false) => StandingKind::Registered,
            (Entry::Passed, _) | (Entry::Wanted, true) => StandingKind::Approved,
        }
    }
}

/// The conditions of an admitted provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Serving {
    /// Since when the required uptime counts.
    pub(super) since: Timestamp,
    pub(super) probation_until: Option<Timestamp>,
    pub(super) suspended: Option<Suspension>,
    /// Why an administrator keeps requests away from it.
    pub(super) stopped: Option<Vec<Fact>>,
    pub(super) disqualified: Option<Disqualified>,
    pub(super) slow: Slow,
}

impl Serving {
    pub(super) const fn new(since: Timestamp, probation_until: Option<Timestamp>) -> Self {
        Self {
            since,
            probation_until,
            suspended: None,
            stopped: None,
            disqualified: None,
            slow: Slow {
                success: None,
                uptime: None,
            },
        }
    }
}

/// A suspension by a penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspension {
    pub(super) until: Timestamp,
    pub(super) case: CaseId,
}

/// Why a provider must pass a benchmark again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Disqualified {
    /// Its results are too old.
    Expired,
    /// It was away too much.
    Away(Rate),
}

/// The rates that are too low, where there are such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slow {
    pub(super) success: Option<Rate>,
    pub(super) uptime: Option<Rate>,
}

impl Slow {
    pub(super) const fn is_any(self) -> bool {
        self.success.is_some() || self.uptime.is_some()
    }
}
