//! From a document to a policy: every value is checked here, once, and nowhere else.

use std::sync::Arc;

use super::check::{self, within};
use super::document;
use super::models::{self, Bounds};
use super::prices;
use super::{Policy, PolicyError, PolicyHash, PolicyStamp, PolicyVersion, read};
use crate::Modality;
use crate::catalogue::{Class, Classes, Utility};
use crate::governance::GovernanceSection;
use crate::metering::Metering;

/// No answer of today's models is longer, and charges stay far inside 128 bits.
const MAX_TOKENS: u64 = 10_000_000;

impl Policy {
    /// Reads and checks a policy document.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names the key, its value and the rule that it breaks.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let (source, document) = read::read(text)?;
        let version = PolicyVersion::new(&document.version).ok_or_else(|| {
            let rule = "a version has 1 to 40 lower-case letters, digits, dots and hyphens";
            PolicyError::invalid("version", &document.version, rule)
        })?;
        let output = &document.output;
        let max_output = within("output.max_tokens", output.max_tokens, 1, MAX_TOKENS)?;
        let default_max_output = within(
            "output.default_max_tokens",
            output.default_max_tokens,
            1,
            max_output,
        )?;
        let payment = document.payment.check()?;
        let bounds = Bounds {
            max_output,
            swan_discount: payment.swan_discount(),
            comparison: models::comparison(&document.comparison)?,
        };
        let benchmark = document.benchmark.check()?;
        let payout = document.payout.as_ref().map(|payout| payout.check());
        let catalogue = models::catalogue(&document.models, &bounds)?;
        Ok(Self {
            stamp: PolicyStamp::new(version, PolicyHash::of(&source)),
            source: Arc::new(source),
            text: Arc::from(text),
            dynamic_price: document.dynamic_price.check()?,
            free_tier: document
                .free_tier
                .as_ref()
                .map(|section| section.check(&catalogue).map(Arc::new))
                .transpose()?,
            catalogue,
            classes: classes(&document.classes, max_output)?,
            split: document.split.check()?,
            payment,
            metering: metering(&document.metering)?,
            claims: document.claims.check()?,
            payout: payout.transpose()?,
            hardware: Arc::new(document.hardware.check()?),
            collateral: document
                .collateral
                .as_ref()
                .map(|section| section.check().map(Arc::new))
                .transpose()?,
            standing: document.standing.check(benchmark.expires())?,
            leaderboard: document.leaderboard.check()?,
            benchmark,
            routing: document.routing.check()?,
            health: document.health.check()?,
            default_max_output_tokens: default_max_output,
            governance: document
                .governance
                .as_ref()
                .map(GovernanceSection::check)
                .transpose()?,
            ubi: document.ubi.as_ref().map(|ubi| ubi.check()).transpose()?,
            auction: document
                .auction
                .as_ref()
                .map(|section| section.check())
                .transpose()?,
            tokenomics: document
                .tokenomics
                .as_ref()
                .map(|section| section.check())
                .transpose()?,
        })
    }
}

fn metering(document: &document::Metering) -> Result<Metering, PolicyError> {
    let prompt = "metering.prompt_allowance_tokens";
    let completion = "metering.completion_allowance_tokens";
    Ok(Metering {
        prompt_allowance_tokens: within(prompt, document.prompt_allowance_tokens, 0, 100_000)?,
        completion_allowance_tokens: within(
            completion,
            document.completion_allowance_tokens,
            0,
            100_000,
        )?,
        bytes_per_token: within("metering.bytes_per_token", document.bytes_per_token, 1, 100)?,
        bytes_per_token_max: within(
            "metering.bytes_per_token_max",
            document.bytes_per_token_max,
            document.bytes_per_token,
            10_000,
        )?,
        claim_tolerance_bps: within(
            "metering.claim_tolerance_bps",
            document.claim_tolerance_bps,
            0,
            1_000_000,
        )?,
    })
}

fn utility(entries: &[document::Utility]) -> Result<Vec<Utility>, PolicyError> {
    let mut utility: Vec<Utility> = Vec::with_capacity(entries.len());
    for (entry, number) in entries.iter().zip(1_usize..) {
        let at = format!("classes.utility.{number}");
        let modality = entry.modality;
        if modality == Modality::Chat || utility.iter().any(|other| other.modality == modality) {
            let rule = "each kind of model but chat has one price";
            return Err(PolicyError::invalid(
                format!("{at}.modality"),
                modality,
                rule,
            ));
        }
        let written = prices::Written {
            input: entry.input_usd_per_million_tokens.as_ref(),
            cached: None,
            output: None,
            minute: entry.usd_per_minute.as_ref(),
            image: entry.usd_per_image.as_ref(),
        };
        utility.push(Utility {
            modality,
            tier: entry.tier,
            min_vram_gb: models::vram(&format!("{at}.min_vram_gb"), entry.min_vram_gb)?,
            price: written.read(modality, &at)?,
        });
    }
    Ok(utility)
}

fn classes(document: &document::Classes, max_output: u64) -> Result<Classes, PolicyError> {
    let mut ascending: Vec<Class> = Vec::with_capacity(document.class.len());
    for (class, number) in document.class.iter().zip(1_usize..) {
        let at = |field: &str| format!("classes.class.{number}.{field}");
        let below = ascending
            .last()
            .map_or(0, |class| class.up_to_million_parameters);
        let end = class.up_to_million_parameters;
        if end <= below {
            let rule = format!("classes stand in rising order, and the one before ends at {below}");
            return Err(PolicyError::invalid(
                at("up_to_million_parameters"),
                end,
                rule,
            ));
        }
        let input = check::price(
            &at("input_usd_per_million_tokens"),
            &class.input_usd_per_million_tokens,
        )?;
        let output = check::price(
            &at("output_usd_per_million_tokens"),
            &class.output_usd_per_million_tokens,
        )?;
        ascending.push(Class {
            up_to_million_parameters: end,
            tier: class.tier,
            min_vram_gb: models::vram(&at("min_vram_gb"), class.min_vram_gb)?,
            price: prices::token_price(&at("input_usd_per_million_tokens"), input, output)?,
        });
    }
    let unknown = document.unknown_million_parameters;
    let largest = ascending
        .last()
        .map_or(0, |class| class.up_to_million_parameters);
    Ok(Classes {
        utility: utility(&document.utility)?,
        unknown_million_parameters: within(
            "classes.unknown_million_parameters",
            unknown,
            1,
            largest,
        )?,
        ascending,
        max_output_tokens: max_output,
    })
}
