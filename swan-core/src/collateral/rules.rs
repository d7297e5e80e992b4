use std::time::Duration;

use serde::Deserialize;

use super::{ByCard, ByComputingUnits, ByJob, ByTier, CollateralRule, MarketProviderCollateral};
use crate::PolicyError;

/// Which rule a policy lets count for providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Selected {
    Tier,
    Card,
    ComputingUnits,
    Job,
}

/// The checked `[collateral]` section of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralRules {
    pub(super) selected: Selected,
    pub(super) is_required: bool,
    pub(super) wait: Duration,
    pub(super) top_up: Duration,
    pub(super) by_tier: Option<ByTier>,
    pub(super) by_card: Option<ByCard>,
    pub(super) by_units: Option<ByComputingUnits>,
    pub(super) by_job: Option<ByJob>,
    pub(super) market: Option<MarketProviderCollateral>,
}

fn given<'a, R: CollateralRule>(
    rule: Option<&'a R>,
    key: &'static str,
) -> Result<&'a R, PolicyError> {
    rule.ok_or_else(|| PolicyError::missing(key))
}

impl CollateralRules {
    /// The rule that counts for providers.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when its values are missing; a policy that was read has them.
    pub fn rule(&self) -> Result<&dyn CollateralRule, PolicyError> {
        Ok(match self.selected {
            Selected::Tier => self.by_tier()?,
            Selected::Card => self.by_card()?,
            Selected::ComputingUnits => self.by_computing_units()?,
            Selected::Job => self.by_job()?,
        })
    }

    /// Amounts by hardware tier (public record 3.7).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has none.
    pub fn by_tier(&self) -> Result<&ByTier, PolicyError> {
        given(self.by_tier.as_ref(), "collateral.tier")
    }

    /// Amounts by class of card (SIP-002).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has none.
    pub fn by_card(&self) -> Result<&ByCard, PolicyError> {
        given(self.by_card.as_ref(), "collateral.card")
    }

    /// Collateral by computing units (Seed 002).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has none.
    pub fn by_computing_units(&self) -> Result<&ByComputingUnits, PolicyError> {
        given(self.by_units.as_ref(), "collateral.computing_units")
    }

    /// Collateral by jobs (Seed 003).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] without job complexity factors, of which none are public.
    pub fn by_job(&self) -> Result<&ByJob, PolicyError> {
        given(self.by_job.as_ref(), "collateral.job.complexity_swan")
    }

    /// Collateral of market providers (Seed 003).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] without a base collateral, of which none is public.
    pub fn market_provider(&self) -> Result<&MarketProviderCollateral, PolicyError> {
        given(self.market.as_ref(), "collateral.market_provider.base_swan")
    }

    /// Whether nobody serves without enough of it (Seed 001, "Providers must deposit collateral to become active").
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.is_required
    }

    /// How long a requested withdrawal waits until it can be confirmed: 7 days (Seed 002, Exit Mechanism).
    #[must_use]
    pub const fn withdrawal_wait(&self) -> Duration {
        self.wait
    }

    /// How long a provider has to top up what was taken.
    #[must_use]
    pub const fn top_up(&self) -> Duration {
        self.top_up
    }
}
