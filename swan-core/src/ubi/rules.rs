use serde::Deserialize;

use super::contribution::ContributionRules;
use super::{SafetyValve, Taper, UbiCurve};
use crate::PolicyError;

/// How an individual provider's share of the day's income is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ShareRule {
    /// Work done over all that is installed: what is not completed stays unclaimed (Seed 002, "Individual CP's UBI").
    OfInstalled,
    /// Work done over all work done: the earlier page's rule, which pays out everything (public record 3.1).
    OfCompleted,
}

/// How hardware and completed test tasks count (Seed 002, "UBI Workload Calculation").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadRules {
    pub(super) share_rule: ShareRule,
    pub(super) fog_weight_bps: u32,
}

impl WorkloadRules {
    /// How shares are counted.
    #[must_use]
    pub const fn share_rule(&self) -> ShareRule {
        self.share_rule
    }

    /// W_FCP in basis points: what hardware of a fog provider counts, where an edge provider's counts 10,000.
    #[must_use]
    pub const fn fog_weight_bps(&self) -> u32 {
        self.fog_weight_bps
    }
}

/// `[ubi]` of a policy, checked. Each part may be absent: Swan 1.0 has a curve, Swan 2.0 a taper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UbiRules {
    pub(super) curve: Option<UbiCurve>,
    pub(super) workload: Option<WorkloadRules>,
    pub(super) taper: Option<Taper>,
    pub(super) valve: Option<SafetyValve>,
    pub(super) contribution: Option<ContributionRules>,
}

impl UbiRules {
    /// The income curve.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `ubi.curve`.
    pub fn curve(&self) -> Result<&UbiCurve, PolicyError> {
        self.curve
            .as_ref()
            .ok_or_else(|| PolicyError::missing("ubi.curve"))
    }

    /// How hardware and test tasks count.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `ubi.workload`.
    pub fn workload(&self) -> Result<&WorkloadRules, PolicyError> {
        self.workload
            .as_ref()
            .ok_or_else(|| PolicyError::missing("ubi.workload"))
    }

    /// The way out of the basic income.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `ubi.taper`.
    pub fn taper(&self) -> Result<&Taper, PolicyError> {
        self.taper
            .as_ref()
            .ok_or_else(|| PolicyError::missing("ubi.taper"))
    }

    /// When and how it may be extended.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `ubi.safety_valve`.
    pub fn safety_valve(&self) -> Result<&SafetyValve, PolicyError> {
        self.valve
            .as_ref()
            .ok_or_else(|| PolicyError::missing("ubi.safety_valve"))
    }

    /// How contributions count.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `ubi.contribution`.
    pub fn contribution(&self) -> Result<&ContributionRules, PolicyError> {
        self.contribution
            .as_ref()
            .ok_or_else(|| PolicyError::missing("ubi.contribution"))
    }
}
