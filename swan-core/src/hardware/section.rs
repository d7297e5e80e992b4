//! The `[hardware]` section of a policy document, before anything in it is believed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rules::{CardRow, HardwareRules};
use super::{ComputingUnits, GpuName, HardwareTier, Quantisations, TierRule};
use crate::policy::check::{points, within};
use crate::{PolicyError, Tier};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    reserve_bps: u64,
    unified_usable_bps: u64,
    cards_per_model_max: u64,
    legacy_below_compute_capability_tenths: Option<u64>,
    legacy: Vec<String>,
    tier: Vec<TierRow>,
    quantisation: QuantisationSection,
    cards: CardSection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuantisationSection {
    chat: String,
    forms: Vec<QuantisationRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardSection {
    gpu: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuantisationRow {
    pub(super) names: Vec<String>,
    pub(super) centibits: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    memory_gb: u64,
    computing_units_tenths: Option<u64>,
    tier: Option<HardwareTier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    tier: HardwareTier,
    min_memory_gb: u64,
    models: Vec<Tier>,
}

/// Tables of a policy hold no more rows than this.
const ROWS_MAX: u64 = 1_000;

impl Section {
    pub(crate) fn check(&self) -> Result<HardwareRules, PolicyError> {
        let quantisations =
            Quantisations::check(&self.quantisation.forms, &self.quantisation.chat)?;
        let legacy_below = self
            .legacy_below_compute_capability_tenths
            .map(|tenths| {
                let key = "hardware.legacy_below_compute_capability_tenths";
                within(key, tenths, 1, 999)
            })
            .transpose()?;
        Ok(HardwareRules {
            reserve: points(
                "hardware.reserve_bps",
                within("hardware.reserve_bps", self.reserve_bps, 0, 2_000)?,
            )?,
            unified_usable: points(
                "hardware.unified_usable_bps",
                within(
                    "hardware.unified_usable_bps",
                    self.unified_usable_bps,
                    1_000,
                    10_000,
                )?,
            )?,
            cards_per_model_max: within(
                "hardware.cards_per_model_max",
                self.cards_per_model_max,
                1,
                1_024,
            )?,
            legacy_below,
            legacy: self.legacy()?,
            quantisations,
            cards: self.cards()?,
            tiers: self.tiers()?,
        })
    }

    fn legacy(&self) -> Result<Vec<String>, PolicyError> {
        let rows = self.legacy.iter().zip(1_usize..);
        rows.map(|(text, number)| {
            let name = card(&format!("hardware.legacy.{number}"), text)?;
            Ok(name.family().to_owned())
        })
        .collect()
    }

    fn cards(&self) -> Result<BTreeMap<String, Vec<CardRow>>, PolicyError> {
        let mut cards = BTreeMap::<String, Vec<CardRow>>::new();
        for (row, number) in self.cards.gpu.iter().zip(1_u64..) {
            let at = |field: &str| format!("hardware.cards.gpu.{number}.{field}");
            within("hardware.cards.gpu", number, 1, ROWS_MAX)?;
            let name = card(&at("name"), &row.name)?;
            let memory_gb = within(&at("memory_gb"), row.memory_gb, 1, 10_000)?;
            if name.memory_gb().is_some_and(|named| named != memory_gb) {
                let rule = "it is the memory that the name tells";
                return Err(PolicyError::invalid(at("memory_gb"), memory_gb, rule));
            }
            let units = row
                .computing_units_tenths
                .map(|tenths| {
                    within(&at("computing_units_tenths"), tenths, 1, 100_000)
                        .map(ComputingUnits::from_tenths)
                })
                .transpose()?;
            let rows = cards.entry(name.family().to_owned()).or_default();
            let form = name.form();
            if rows
                .iter()
                .any(|row| row.memory_gb == memory_gb && row.form == form)
            {
                let rule = "a card stands in the table once";
                return Err(PolicyError::invalid(at("name"), &row.name, rule));
            }
            rows.push(CardRow {
                memory_gb,
                form,
                units,
                tier: row.tier,
            });
        }
        Ok(cards)
    }

    fn tiers(&self) -> Result<BTreeMap<HardwareTier, TierRule>, PolicyError> {
        let mut tiers = BTreeMap::new();
        let mut below = None;
        for (row, number) in self.tier.iter().zip(1_usize..) {
            let at = |field: &str| format!("hardware.tier.{number}.{field}");
            let min_memory_gb = within(&at("min_memory_gb"), row.min_memory_gb, 1, 10_000)?;
            if row.tier != HardwareTier::MacOs {
                let most = below.unwrap_or(10_001);
                if min_memory_gb >= most {
                    let rule = "tiers stand in falling order of memory";
                    return Err(PolicyError::invalid(
                        at("min_memory_gb"),
                        min_memory_gb,
                        rule,
                    ));
                }
                below = Some(min_memory_gb);
            }
            let rule = TierRule {
                min_memory_gb,
                models: row.models.clone(),
            };
            if tiers.insert(row.tier, rule).is_some() {
                let rule = "a tier stands in the table once";
                return Err(PolicyError::invalid(at("tier"), row.tier, rule));
            }
        }
        rising_rights(&tiers)?;
        Ok(tiers)
    }
}

/// All tiers are there, and a higher one serves what a lower one serves, or more memory could cost a provider its models.
fn rising_rights(tiers: &BTreeMap<HardwareTier, TierRule>) -> Result<(), PolicyError> {
    let mut above: Option<(HardwareTier, &TierRule)> = None;
    for tier in HardwareTier::ALL {
        let Some(rule) = tiers.get(&tier) else {
            let rule = format!("tier {tier} is missing");
            return Err(PolicyError::invalid("hardware.tier", "[…]", rule));
        };
        if tier == HardwareTier::MacOs {
            continue;
        }
        if let Some((higher, above)) = above {
            if above.min_memory_gb <= rule.min_memory_gb {
                let rule = format!("tier {higher} needs more memory than tier {tier}");
                return Err(PolicyError::invalid(
                    "hardware.tier",
                    above.min_memory_gb,
                    rule,
                ));
            }
            if let Some(model) = rule
                .models
                .iter()
                .find(|model| !above.models.contains(model))
            {
                let rule = format!("tier {higher} serves what tier {tier} serves");
                return Err(PolicyError::invalid("hardware.tier.models", model, rule));
            }
        }
        above = Some((tier, rule));
    }
    Ok(())
}

fn card(key: &str, text: &str) -> Result<GpuName, PolicyError> {
    GpuName::parse(text).map_err(|error| PolicyError::invalid(key, format!("{text:?}"), error))
}
