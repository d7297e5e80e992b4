//! All economics in one versioned document, parsed and checked once.

mod amend;
mod built_in;
pub(crate) mod check;
mod diff;
mod document;
mod error;
mod findings;
mod key;
mod models;
mod prices;
mod purpose;
mod read;
mod stamp;
mod tokens;
mod validate;
mod value;
mod version;

pub use amend::PolicyChange;
pub use diff::PolicyDifference;
pub use error::PolicyError;
pub use stamp::{PolicyHash, PolicyStamp};
pub use value::PolicyValue;
pub use version::PolicyVersion;

use std::sync::Arc;

use crate::benchmark::BenchmarkRules;
use crate::catalogue::{Catalogue, Classes, Modality, Model, ModelRefusal};
use crate::claims::ClaimRules;
use crate::collateral::CollateralRules;
use crate::free_tier::FreeTierRules;
use crate::governance::GovernanceRules;
use crate::hardware::HardwareRules;
use crate::health::HealthRules;
use crate::leaderboard::LeaderboardRules;
use crate::metering::Metering;
use crate::money::BasisPoints;
use crate::payout::PayoutRules;
use crate::pricing::{DynamicPriceRules, PaymentRules};
use crate::routing::RoutingRules;
use crate::split::{RevenueShares, SplitSchedule};
use crate::standing::StandingRules;
use crate::tokenomics::TokenRules;
use crate::ubi::UbiRules;

/// The rules of a market: catalogue, prices, discount, split and metering.
///
/// A policy comes from a TOML document ([`Policy::from_toml`]) or is built in ([`Policy::swan_2_0`]); once it exists it
/// holds nothing that breaks its rules, so nobody checks again.
#[derive(Clone, Debug)]
pub struct Policy {
    stamp: PolicyStamp,
    source: Arc<toml::Table>,
    text: Arc<str>,
    catalogue: Catalogue,
    classes: Classes,
    claims: ClaimRules,
    payout: Option<PayoutRules>,
    split: SplitSchedule,
    payment: PaymentRules,
    dynamic_price: DynamicPriceRules,
    free_tier: Option<Arc<FreeTierRules>>,
    metering: Metering,
    hardware: Arc<HardwareRules>,
    collateral: Option<Arc<CollateralRules>>,
    standing: StandingRules,
    leaderboard: LeaderboardRules,
    benchmark: BenchmarkRules,
    routing: RoutingRules,
    health: HealthRules,
    default_max_output_tokens: u64,
    governance: Option<GovernanceRules>,
    ubi: Option<UbiRules>,
    tokenomics: Option<TokenRules>,
    auction: Option<crate::auction::AuctionRules>,
}

impl Policy {
    /// The version that ledger entries and quotes name.
    #[must_use]
    pub fn version(&self) -> &PolicyVersion {
        self.stamp.version()
    }

    /// Version and content hash, for whatever is decided by this policy.
    #[must_use]
    pub const fn stamp(&self) -> &PolicyStamp {
        &self.stamp
    }

    /// The document's values, in the order of their keys.
    #[must_use]
    pub fn source(&self) -> &toml::Table {
        &self.source
    }

    /// The document as it was written, comments and all.
    #[must_use]
    pub fn to_toml(&self) -> &str {
        &self.text
    }

    /// The catalogue, in the document's order.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        self.catalogue.models()
    }

    /// The catalogue's model of this name or alias, in any case.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.catalogue.find(name)
    }

    /// The model of this name: the catalogue's, or one with the price of its class.
    ///
    /// The class of a chat model follows from the parameter count in the name (`qwen3:14b`, `8x7B`); a name without one counts as
    /// the policy's stated size. That of others follows from what they do, as far as the name shows.
    ///
    /// # Errors
    ///
    /// [`ModelRefusal`] for names that break the rules, for kinds of models without a price, and for chat models above the
    /// largest class.
    pub fn classify(&self, name: &str) -> Result<Model, ModelRefusal> {
        self.classify_as(name, None)
    }

    /// As [`Policy::classify`], for a model whose server says what it does; the catalogue knows better, a name does not.
    ///
    /// # Errors
    ///
    /// As [`Policy::classify`].
    pub fn classify_as(
        &self,
        name: &str,
        declared: Option<Modality>,
    ) -> Result<Model, ModelRefusal> {
        match self.model(name) {
            Some(model) => Ok(model.clone()),
            None => self.classes.classify(name, declared),
        }
    }

    /// How revenue is split now: the shares of the phase in force.
    #[must_use]
    pub const fn split(&self) -> &RevenueShares {
        self.split.in_force().shares()
    }

    /// How the rules of this policy change.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[governance]`.
    pub fn governance(&self) -> Result<&GovernanceRules, PolicyError> {
        let rules = self.governance.as_ref();
        rules.ok_or_else(|| PolicyError::missing("governance"))
    }

    /// All phases of the revenue split, and the one in force.
    #[must_use]
    pub const fn split_schedule(&self) -> &SplitSchedule {
        &self.split
    }

    /// What paying with SWAN takes off a charge; nothing when it is rewarded at the deposit ([`PaymentRules::swan`]).
    #[must_use]
    pub const fn swan_discount(&self) -> BasisPoints {
        self.payment.swan_discount()
    }

    /// How requests are paid: what SWAN brings, and how old an exchange rate may be.
    #[must_use]
    pub const fn payment(&self) -> &PaymentRules {
        &self.payment
    }

    /// How prices follow demand, where they do (public record 3.4).
    #[must_use]
    pub const fn dynamic_price(&self) -> &DynamicPriceRules {
        &self.dynamic_price
    }

    /// What is free (Seed 001, "Free Tier").
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[free_tier]`.
    pub fn free_tier(&self) -> Result<&FreeTierRules, PolicyError> {
        self.free_tier
            .as_deref()
            .ok_or_else(|| PolicyError::missing("free_tier"))
    }

    /// How far a provider's word about usage is believed.
    #[must_use]
    pub const fn metering(&self) -> &Metering {
        &self.metering
    }

    /// When a provider claims more tokens than its peers.
    #[must_use]
    pub const fn claims(&self) -> &ClaimRules {
        &self.claims
    }

    /// How providers are paid what they have earned; `None` when this policy has no payouts.
    #[must_use]
    pub const fn payout(&self) -> Option<&PayoutRules> {
        self.payout.as_ref()
    }

    /// How much collateral providers hold, and how it is paid back.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[collateral]`.
    pub fn collateral(&self) -> Result<&CollateralRules, PolicyError> {
        self.collateral
            .as_deref()
            .ok_or_else(|| PolicyError::missing("collateral"))
    }

    /// What providers' machines count as and may serve.
    #[must_use]
    pub fn hardware(&self) -> &HardwareRules {
        &self.hardware
    }

    /// Who is let in and gets requests, and what failure and fraud cost.
    #[must_use]
    pub const fn standing(&self) -> &StandingRules {
        &self.standing
    }

    /// How providers are ranked.
    #[must_use]
    pub const fn leaderboard(&self) -> &LeaderboardRules {
        &self.leaderboard
    }

    /// How providers are benchmarked (Seed 001, Quality Assurance).
    #[must_use]
    pub const fn benchmark(&self) -> &BenchmarkRules {
        &self.benchmark
    }

    /// How requests are routed.
    #[must_use]
    pub const fn routing(&self) -> &RoutingRules {
        &self.routing
    }

    /// When providers are held off, and how they come back.
    #[must_use]
    pub const fn health(&self) -> &HealthRules {
        &self.health
    }

    /// The tokens that an answer may have when the request does not say.
    #[must_use]
    pub const fn default_max_output_tokens(&self) -> u64 {
        self.default_max_output_tokens
    }

    /// The tokens that this answer of `model` may have: what was asked for, or the default; the model's own limit at most.
    #[must_use]
    pub fn max_output_tokens(&self, model: &Model, requested: Option<u64>) -> u64 {
        requested
            .unwrap_or(self.default_max_output_tokens)
            .min(model.max_output_tokens)
    }
}
