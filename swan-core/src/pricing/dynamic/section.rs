use serde::Deserialize;

use crate::BasisPoints;
use crate::policy::PolicyError;
use crate::policy::check::{points, within};

/// `[dynamic_price]` of a policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    enabled: bool,
    hour_weight_bps: u64,
    occupancy_weight_bps: u64,
    free_occupancy_bps: u64,
    max_factor: u64,
}

/// How prices follow demand: `1 + (max - 1) * (w_h * H + w_c * C)^2` (public record 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicPriceRules {
    pub(super) enabled: bool,
    pub(super) hour_weight: BasisPoints,
    pub(super) occupancy_weight: BasisPoints,
    pub(super) free_occupancy: BasisPoints,
    pub(super) max_factor: u64,
}

impl DynamicPriceRules {
    /// Whether the policy's prices follow demand. [`SeedPricing`](crate::SeedPricing) refuses to price when they do.
    #[must_use]
    pub const fn enabled(&self) -> bool {
        self.enabled
    }

    /// What this hour's use weighs.
    #[must_use]
    pub const fn hour_weight(&self) -> BasisPoints {
        self.hour_weight
    }

    /// What occupancy weighs.
    #[must_use]
    pub const fn occupancy_weight(&self) -> BasisPoints {
        self.occupancy_weight
    }

    /// Up to which occupancy nothing is dearer.
    #[must_use]
    pub const fn free_occupancy(&self) -> BasisPoints {
        self.free_occupancy
    }

    /// The largest factor, as a whole number of times the base price.
    #[must_use]
    pub const fn max_factor(&self) -> u64 {
        self.max_factor
    }
}

impl Section {
    pub(crate) fn check(&self) -> Result<DynamicPriceRules, PolicyError> {
        let at = |name: &str| format!("dynamic_price.{name}");
        let hour_weight = points(&at("hour_weight_bps"), self.hour_weight_bps)?;
        let occupancy_weight = points(&at("occupancy_weight_bps"), self.occupancy_weight_bps)?;
        if hour_weight.complement() != occupancy_weight {
            let rule = "it sums to 10000 with dynamic_price.hour_weight_bps";
            let value = self.occupancy_weight_bps;
            return Err(PolicyError::invalid(
                at("occupancy_weight_bps"),
                value,
                rule,
            ));
        }
        let key = at("free_occupancy_bps");
        // At all of it nothing would be left to be dearer.
        let free = within(&key, self.free_occupancy_bps, 0, 9_999)?;
        Ok(DynamicPriceRules {
            enabled: self.enabled,
            hour_weight,
            occupancy_weight,
            free_occupancy: points(&key, free)?,
            max_factor: within(&at("max_factor"), self.max_factor, 1, 100)?,
        })
    }
}
