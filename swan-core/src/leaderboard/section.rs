//! The shape of `[leaderboard]` in a policy document, and its checks.

use serde::Deserialize;

use super::{Factors, LeaderboardRules, ReputationRules};
use crate::BasisPoints;
use crate::policy::PolicyError;
use crate::policy::check::{self, points, within};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    availability_bps: u64,
    success_bps: u64,
    latency_bps: u64,
    z_permille: u64,
    latency_zero_ms: u64,
    reputation: Option<ReputationSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReputationSection {
    uptime_bps: u64,
    join_time_bps: u64,
    system_jobs_bps: u64,
    user_jobs_bps: u64,
    refunds_bps: u64,
    start_points: u64,
    success_points: u64,
    failure_points: u64,
    least_system_jobs: u64,
    short_window_bps: u64,
    medium_window_bps: u64,
    long_window_bps: u64,
}

impl Section {
    /// The rules, if every value keeps to its own.
    pub(crate) fn check(&self) -> Result<LeaderboardRules, PolicyError> {
        let weights = [
            ("leaderboard.availability_bps", self.availability_bps),
            ("leaderboard.success_bps", self.success_bps),
            ("leaderboard.latency_bps", self.latency_bps),
        ];
        let [availability, success, latency] = whole("leaderboard", weights)?;
        Ok(LeaderboardRules {
            availability,
            success,
            latency,
            z_permille: within("leaderboard.z_permille", self.z_permille, 0, 10_000)?,
            latency_zero_ms: within(
                "leaderboard.latency_zero_ms",
                self.latency_zero_ms,
                1,
                3_600_000,
            )?,
            reputation: self
                .reputation
                .as_ref()
                .map(ReputationSection::check)
                .transpose()?,
        })
    }
}

impl ReputationSection {
    fn check(&self) -> Result<ReputationRules, PolicyError> {
        let key = |name: &str| format!("leaderboard.reputation.{name}");
        let names = [
            (key("uptime_bps"), self.uptime_bps),
            (key("join_time_bps"), self.join_time_bps),
            (key("system_jobs_bps"), self.system_jobs_bps),
            (key("user_jobs_bps"), self.user_jobs_bps),
            (key("refunds_bps"), self.refunds_bps),
        ];
        let weights = names
            .each_ref()
            .map(|(name, value)| (name.as_str(), *value));
        let [uptime, join_time, system_jobs, user_jobs, refunds] =
            whole("leaderboard.reputation", weights)?.map(counted);
        let names = [
            (key("short_window_bps"), self.short_window_bps),
            (key("medium_window_bps"), self.medium_window_bps),
            (key("long_window_bps"), self.long_window_bps),
        ];
        let weights = names
            .each_ref()
            .map(|(name, value)| (name.as_str(), *value));
        let windows = whole("leaderboard.reputation", weights)?.map(counted);
        Ok(ReputationRules {
            weights: Factors {
                uptime,
                join_time,
                system_jobs,
                user_jobs,
                refunds,
            },
            start: within(&key("start_points"), self.start_points, 0, 100)?,
            success: within(&key("success_points"), self.success_points, 0, 100)?,
            failure: within(&key("failure_points"), self.failure_points, 0, 100)?,
            least_system_jobs: within(
                &key("least_system_jobs"),
                self.least_system_jobs,
                0,
                1_000_000,
            )?,
            windows,
        })
    }
}

fn counted(share: BasisPoints) -> u64 {
    share.get().into()
}

/// Shares that sum to the whole.
fn whole<const N: usize>(
    section: &str,
    weights: [(&str, u64); N],
) -> Result<[BasisPoints; N], PolicyError> {
    let mut checked = [BasisPoints::ZERO; N];
    for (share, (key, value)) in checked.iter_mut().zip(weights) {
        *share = points(key, value)?;
    }
    let names = weights.map(|(key, _)| key).join(", ");
    check::whole(section, &names, &checked)?;
    Ok(checked)
}
