//! The `[collateral]` section of a policy document, before anything in it is believed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rules::{CollateralRules, Selected};
use super::{ByCard, ByComputingUnits, ByJob, ByTier, MarketProviderCollateral};
use crate::hardware::{ComputingUnits, GpuName, HardwareTier};
use crate::policy::check::{amount, days, hours, within};
use crate::{Amount, Currency, PolicyError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    rule: Selected,
    #[serde(default)]
    required: bool,
    withdrawal_days: u64,
    top_up_hours: u64,
    tier: Option<Vec<TierRow>>,
    card: Option<Vec<CardRow>>,
    computing_units: Option<UnitsSection>,
    job: Option<JobSection>,
    market_provider: Option<MarketSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    tier: HardwareTier,
    usd: Option<String>,
    swan: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardRow {
    cards: Vec<String>,
    swan: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitsSection {
    total_swan: String,
    least_units: u64,
    floor_swan: String,
    fog_weight_bps: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobSection {
    complexity_swan: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketSection {
    multiplier: u64,
    base_swan: Option<String>,
}

impl Section {
    pub(crate) fn check(&self) -> Result<CollateralRules, PolicyError> {
        let rules = CollateralRules {
            selected: self.rule,
            is_required: self.required,
            wait: days("collateral.withdrawal_days", self.withdrawal_days, 0, 365)?,
            top_up: hours("collateral.top_up_hours", self.top_up_hours, 0, 8_760)?,
            by_tier: self.tier.as_deref().map(by_tier).transpose()?,
            by_card: self.card.as_deref().map(by_card).transpose()?,
            by_units: self.computing_units.as_ref().map(by_units).transpose()?,
            by_job: self.job.as_ref().map_or(Ok(None), by_job)?,
            market: self.market_provider.as_ref().map_or(Ok(None), market)?,
        };
        // A rule that is selected without its values is an error of the policy, not of the first provider.
        rules.rule()?;
        Ok(rules)
    }
}

fn by_tier(rows: &[TierRow]) -> Result<ByTier, PolicyError> {
    let mut amounts = BTreeMap::new();
    for (row, number) in rows.iter().zip(1_usize..) {
        let at = |field: &str| format!("collateral.tier.{number}.{field}");
        for (field, currency, text) in [
            ("usd", Currency::Usd, &row.usd),
            ("swan", Currency::Swan, &row.swan),
        ] {
            let Some(text) = text else { continue };
            let amount = positive(&at(field), text)?;
            if amounts.insert((row.tier, currency), amount).is_some() {
                let rule = "a tier stands in the table once";
                return Err(PolicyError::invalid(at("tier"), row.tier, rule));
            }
        }
    }
    Ok(ByTier { amounts })
}

fn by_card(rows: &[CardRow]) -> Result<ByCard, PolicyError> {
    let mut amounts = BTreeMap::new();
    for (row, number) in rows.iter().zip(1_usize..) {
        let at = |field: &str| format!("collateral.card.{number}.{field}");
        let amount = positive(&at("swan"), &row.swan)?;
        for card in &row.cards {
            let name = GpuName::parse(card)
                .map_err(|error| PolicyError::invalid(at("cards"), format!("{card:?}"), error))?;
            if amounts.insert(name.family().to_owned(), amount).is_some() {
                let rule = "a card stands in the table once";
                return Err(PolicyError::invalid(at("cards"), card, rule));
            }
        }
    }
    Ok(ByCard { amounts })
}

fn by_units(section: &UnitsSection) -> Result<ByComputingUnits, PolicyError> {
    let at = |field: &str| format!("collateral.computing_units.{field}");
    let least = within(&at("least_units"), section.least_units, 1, 1_000_000_000)?;
    Ok(ByComputingUnits {
        total: positive(&at("total_swan"), &section.total_swan)?,
        least_units: ComputingUnits::from_tenths(least.saturating_mul(10)),
        floor: amount(&at("floor_swan"), &section.floor_swan)?,
        fog_weight_bps: within(&at("fog_weight_bps"), section.fog_weight_bps, 1, 100_000)?,
    })
}

fn by_job(section: &JobSection) -> Result<Option<ByJob>, PolicyError> {
    let Some(complexity) = &section.complexity_swan else {
        return Ok(None);
    };
    let mut factors = BTreeMap::new();
    for (name, text) in complexity {
        let key = format!("collateral.job.complexity_swan.{name}");
        factors.insert(name.clone(), positive(&key, text)?);
    }
    Ok((!factors.is_empty()).then_some(ByJob { factors }))
}

fn market(section: &MarketSection) -> Result<Option<MarketProviderCollateral>, PolicyError> {
    let key = "collateral.market_provider.multiplier";
    let multiplier = within(key, section.multiplier, 1, 1_000_000)?;
    let key = "collateral.market_provider.base_swan";
    let base = section.base_swan.as_deref().map(|text| positive(key, text));
    Ok(base
        .transpose()?
        .map(|base| MarketProviderCollateral { multiplier, base }))
}

fn positive(key: &str, text: &str) -> Result<Amount, PolicyError> {
    let amount = amount(key, text)?;
    if amount.is_zero() {
        let rule = "collateral is above zero";
        return Err(PolicyError::invalid(key, format!("{text:?}"), rule));
    }
    Ok(amount)
}
