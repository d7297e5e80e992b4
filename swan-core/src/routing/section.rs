use serde::Deserialize;

use super::{RoutingRules, StrategyName};
use crate::PolicyError;
use crate::policy::check::{points, within};

/// `[routing]`, before anything in it is believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingSection {
    strategy: StrategyName,
    probe_share_bps: u64,
    affinity_load_permille: u64,
    first_token_ceiling_secs: u64,
    success_floor_permille: u64,
}

impl RoutingSection {
    pub(crate) fn check(&self) -> Result<RoutingRules, PolicyError> {
        let load = "routing.affinity_load_permille";
        let ceiling = "routing.first_token_ceiling_secs";
        let floor = "routing.success_floor_permille";
        let load = within(load, self.affinity_load_permille, 1_000, 100_000)?;
        let floor = within(floor, self.success_floor_permille, 1, 1_000)?;
        Ok(RoutingRules {
            strategy: self.strategy,
            probe_share: points("routing.probe_share_bps", self.probe_share_bps)?,
            affinity_load_permille: u32::try_from(load).unwrap_or(u32::MAX),
            first_token_ceiling_ms: within(ceiling, self.first_token_ceiling_secs, 1, 3_600)?
                * 1_000,
            success_floor_permille: u16::try_from(floor).unwrap_or(u16::MAX),
        })
    }
}
