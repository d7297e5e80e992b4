//! One entry of the catalogue, checked.

use super::check::{points, within};
use super::prices::Written;
use super::{PolicyError, document};
use crate::catalogue::{Catalogue, ComparisonRules, Model, Parameters};
use crate::{BasisPoints, ModelId};

/// What the entries of a catalogue are checked against.
pub(super) struct Bounds {
    pub(super) max_output: u64,
    pub(super) swan_discount: BasisPoints,
    pub(super) comparison: ComparisonRules,
}

pub(super) fn catalogue(
    entries: &[document::Model],
    bounds: &Bounds,
) -> Result<Catalogue, PolicyError> {
    let models = entries
        .iter()
        .zip(1_usize..)
        .map(|(entry, number)| model(entry, &format!("model.{number}"), bounds))
        .collect::<Result<Vec<_>, _>>()?;
    if models.is_empty() {
        let rule = "a policy has at least one model";
        return Err(PolicyError::invalid("model", "[]", rule));
    }
    Catalogue::new(models)
        .map_err(|name| PolicyError::invalid("model", name, "a name belongs to one model only"))
}

pub(super) fn comparison(entry: &document::Comparison) -> Result<ComparisonRules, PolicyError> {
    let least = "comparison.least_below_bps";
    let rules = ComparisonRules {
        least_below: points(least, entry.least_below_bps)?,
        most_below: points("comparison.most_below_bps", entry.most_below_bps)?,
    };
    if rules.least_below > rules.most_below {
        let rule = "it is at most comparison.most_below_bps";
        return Err(PolicyError::invalid(least, entry.least_below_bps, rule));
    }
    Ok(rules)
}

fn model(entry: &document::Model, at: &str, bounds: &Bounds) -> Result<Model, PolicyError> {
    let name = |key: &str, text: &str| {
        ModelId::new(text).map_err(|error| PolicyError::invalid(format!("{at}.{key}"), text, error))
    };
    let context_length = entry
        .context_tokens
        .map(|tokens| within(&format!("{at}.context_tokens"), tokens, 1, 1_000_000_000))
        .transpose()?;
    let longest =
        context_length.map_or(bounds.max_output, |context| context.min(bounds.max_output));
    let max_output_tokens = entry.max_output_tokens.map_or(Ok(longest), |tokens| {
        within(&format!("{at}.max_output_tokens"), tokens, 1, longest)
    })?;
    let written = Written {
        input: entry.input_usd_per_million_tokens.as_ref(),
        cached: entry.cached_usd_per_million_tokens.as_ref(),
        output: entry.output_usd_per_million_tokens.as_ref(),
        minute: entry.usd_per_minute.as_ref(),
        image: entry.usd_per_image.as_ref(),
    };
    let (id, modality) = (name("id", &entry.id)?, entry.modality);
    let price = written.read(modality, at)?;
    let payout = entry
        .payout
        .as_ref()
        .map(|payout| payout.read(modality, at, &price, bounds.swan_discount))
        .transpose()?;
    let compare = |(compared, number): (&super::prices::Compared, usize)| {
        let at = format!("{at}.comparison.{number}");
        compared.read(modality, &at, &id, &price, bounds.comparison)
    };
    let comparisons = entry
        .comparison
        .iter()
        .zip(1_usize..)
        .map(compare)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Model {
        aliases: entry
            .aliases
            .iter()
            .map(|alias| name("aliases", alias))
            .collect::<Result<Vec<_>, _>>()?,
        tier: entry.tier,
        modality: entry.modality,
        parameters: parameters(entry, at)?,
        price,
        payout,
        comparisons,
        min_vram_gb: vram(&format!("{at}.min_vram_gb"), entry.min_vram_gb)?,
        context_length,
        max_output_tokens,
        id,
    })
}

fn parameters(entry: &document::Model, at: &str) -> Result<Option<Parameters>, PolicyError> {
    let key = format!("{at}.million_parameters");
    match (entry.million_parameters, entry.mixture_of_experts) {
        (None, false) => Ok(None),
        (None, true) => {
            let rule = "a mixture of experts says how many parameters work on a token";
            Err(PolicyError::invalid(key, "(missing)", rule))
        }
        (Some(millions), mixture) => {
            let millions = within(&key, millions, 1, 100_000_000)?;
            Ok(Some(if mixture {
                Parameters::MixtureOfExperts(millions)
            } else {
                Parameters::Dense(millions)
            }))
        }
    }
}

pub(super) fn vram(key: &str, gigabytes: u32) -> Result<u32, PolicyError> {
    within(key, u64::from(gigabytes), 1, 10_000).map(|_| gigabytes)
}
