use std::num::NonZeroU64;
use std::time::Duration;

use super::PolicySlashing;
use crate::BasisPoints;

/// The checked `[standing]` of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingRules {
    pub(super) grace: Duration,
    pub(super) probation: Duration,
    pub(super) results_expire: Duration,
    pub(super) success_least: BasisPoints,
    pub(super) success_window: Duration,
    pub(super) success_least_attempts: NonZeroU64,
    pub(super) uptime_least: BasisPoints,
    pub(super) uptime_window: Duration,
    pub(super) uptime_required_above: BasisPoints,
    pub(super) uptime_required_window: Duration,
    pub(super) uptime_least_time: Duration,
    pub(super) appeal: Duration,
    pub(super) appeal_decision: Duration,
    pub(super) any_pass_resets: bool,
    pub(super) context_forgotten: Option<Duration>,
    pub(super) slashing: PolicySlashing,
}

impl StandingRules {
    /// Whether a passed benchmark ends a run of failures also while the provider gets no traffic, and so knows that each
    /// request is a test (public record 3.6: passing resets the counter).
    #[must_use]
    pub const fn any_pass_resets(&self) -> bool {
        self.any_pass_resets
    }

    /// After how long without another a context mismatch is forgotten; `None` where the policy does not punish them.
    #[must_use]
    pub const fn context_forgotten(&self) -> Option<Duration> {
        self.context_forgotten
    }

    /// How long after registration neither success nor uptime de-prioritise (Seed 001, New Provider Grace Period).
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// How long a provider that has just become active is shown as on probation (public record 2.3).
    #[must_use]
    pub const fn probation(&self) -> Duration {
        self.probation
    }

    /// Results older than this no longer qualify (Seed 001, Benchmarks).
    #[must_use]
    pub const fn results_expire(&self) -> Duration {
        self.results_expire
    }

    /// A success rate below this de-prioritises (Seed 001, Slashing Conditions).
    #[must_use]
    pub const fn success_least(&self) -> BasisPoints {
        self.success_least
    }

    /// Over which time the success rate counts.
    #[must_use]
    pub const fn success_window(&self) -> Duration {
        self.success_window
    }

    /// With fewer attempts than this, success is not judged.
    #[must_use]
    pub const fn success_least_attempts(&self) -> NonZeroU64 {
        self.success_least_attempts
    }

    /// An uptime below this de-prioritises (Seed 001, Slashing Conditions).
    #[must_use]
    pub const fn uptime_least(&self) -> BasisPoints {
        self.uptime_least
    }

    /// Over which time [`uptime_least`](Self::uptime_least) counts.
    #[must_use]
    pub const fn uptime_window(&self) -> Duration {
        self.uptime_window
    }

    /// An uptime that is not above this disqualifies (Seed 001, Requirements).
    #[must_use]
    pub const fn uptime_required_above(&self) -> BasisPoints {
        self.uptime_required_above
    }

    /// Over which time [`uptime_required_above`](Self::uptime_required_above) counts.
    #[must_use]
    pub const fn uptime_required_window(&self) -> Duration {
        self.uptime_required_window
    }

    /// With less time observed than this, uptime is not judged.
    #[must_use]
    pub const fn uptime_least_time(&self) -> Duration {
        self.uptime_least_time
    }

    /// How long a penalty may be appealed (public record 3.9).
    #[must_use]
    pub const fn appeal(&self) -> Duration {
        self.appeal
    }

    /// An appeal that is not decided within this counts as upheld.
    #[must_use]
    pub const fn appeal_decision(&self) -> Duration {
        self.appeal_decision
    }

    /// What offences cost.
    #[must_use]
    pub const fn slashing(&self) -> &PolicySlashing {
        &self.slashing
    }
}
