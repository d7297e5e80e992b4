//! The shape of a policy document, before anything in it is believed.

use serde::Deserialize;

use super::prices;
use crate::catalogue::{Modality, Tier};
use crate::governance::GovernanceSection;
use crate::pricing;
use crate::split::SplitSection;
use crate::{tokenomics, ubi};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: String,
    pub(super) output: Output,
    pub(super) payment: pricing::section::Section,
    pub(super) split: SplitSection,
    pub(super) metering: Metering,
    pub(super) standing: crate::standing::section::Section,
    pub(super) leaderboard: crate::leaderboard::section::Section,
    pub(super) routing: crate::routing::RoutingSection,
    pub(super) health: crate::health::HealthSection,
    pub(super) classes: Classes,
    pub(super) comparison: Comparison,
    pub(super) governance: Option<GovernanceSection>,
    pub(super) dynamic_price: pricing::dynamic::Section,
    pub(super) free_tier: Option<crate::free_tier::section::Section>,
    pub(super) ubi: Option<ubi::section::Section>,
    pub(super) tokenomics: Option<tokenomics::section::Section>,
    pub(super) auction: Option<crate::auction::section::Section>,
    pub(super) claims: crate::claims::Section,
    pub(super) payout: Option<crate::payout::Section>,
    pub(super) hardware: crate::hardware::Section,
    pub(super) benchmark: crate::benchmark::Section,
    pub(super) collateral: Option<crate::collateral::Section>,
    #[serde(rename = "model")]
    pub(super) models: Vec<Model>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) default_max_tokens: u64,
    pub(super) max_tokens: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comparison {
    pub(super) least_below_bps: u64,
    pub(super) most_below_bps: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metering {
    pub(super) prompt_allowance_tokens: u64,
    pub(super) completion_allowance_tokens: u64,
    pub(super) bytes_per_token: u64,
    pub(super) bytes_per_token_max: u64,
    pub(super) claim_tolerance_bps: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classes {
    pub(super) unknown_million_parameters: u64,
    pub(super) class: Vec<Class>,
    #[serde(default)]
    pub(super) utility: Vec<Utility>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Utility {
    pub(super) modality: Modality,
    pub(super) tier: Tier,
    pub(super) min_vram_gb: u32,
    pub(super) input_usd_per_million_tokens: Option<String>,
    pub(super) usd_per_minute: Option<String>,
    pub(super) usd_per_image: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    pub(super) up_to_million_parameters: u64,
    pub(super) tier: Tier,
    pub(super) min_vram_gb: u32,
    pub(super) input_usd_per_million_tokens: String,
    pub(super) output_usd_per_million_tokens: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) id: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) tier: Tier,
    pub(super) modality: Modality,
    pub(super) min_vram_gb: u32,
    pub(super) million_parameters: Option<u64>,
    #[serde(default)]
    pub(super) mixture_of_experts: bool,
    pub(super) context_tokens: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
    pub(super) input_usd_per_million_tokens: Option<String>,
    pub(super) cached_usd_per_million_tokens: Option<String>,
    pub(super) output_usd_per_million_tokens: Option<String>,
    pub(super) usd_per_minute: Option<String>,
    pub(super) usd_per_image: Option<String>,
    pub(super) payout: Option<prices::Payout>,
    #[serde(default)]
    pub(super) comparison: Vec<prices::Compared>,
}
