//! One entry of the catalogue, checked.

use super::check::{price, within};
use super::{PolicyError, document};
use crate::catalogue::{Modality, Model, ModelPrice, TokenPrice};
use crate::{Amount, ModelId};

pub(super) fn model(
    entry: &document::Model,
    at: &str,
    max_output: u64,
) -> Result<Model, PolicyError> {
    let name = |key: &str, text: &str| {
        ModelId::new(text).map_err(|error| PolicyError::invalid(format!("{at}.{key}"), text, error))
    };
    let context_length = entry
        .context_tokens
        .map(|tokens| within(&format!("{at}.context_tokens"), tokens, 1, 1_000_000_000))
        .transpose()?;
    let longest = context_length.map_or(max_output, |context| context.min(max_output));
    let max_output_tokens = entry.max_output_tokens.map_or(Ok(longest), |tokens| {
        within(&format!("{at}.max_output_tokens"), tokens, 1, longest)
    })?;
    Ok(Model {
        id: name("id", &entry.id)?,
        aliases: entry
            .aliases
            .iter()
            .map(|alias| name("aliases", alias))
            .collect::<Result<Vec<_>, _>>()?,
        tier: entry.tier,
        modality: entry.modality,
        price: model_price(entry, at)?,
        min_vram_gb: vram(&format!("{at}.min_vram_gb"), entry.min_vram_gb)?,
        context_length,
        max_output_tokens,
    })
}

/// The unit of a price follows from the modality; any other unit beside it is an error rather than ignored.
fn model_price(entry: &document::Model, at: &str) -> Result<ModelPrice, PolicyError> {
    let [input, cached, output, minute, image] = [
        (
            "input_usd_per_million_tokens",
            &entry.input_usd_per_million_tokens,
        ),
        (
            "cached_usd_per_million_tokens",
            &entry.cached_usd_per_million_tokens,
        ),
        (
            "output_usd_per_million_tokens",
            &entry.output_usd_per_million_tokens,
        ),
        ("usd_per_minute", &entry.usd_per_minute),
        ("usd_per_image", &entry.usd_per_image),
    ];
    let required = |(field, text): (&str, &Option<String>)| {
        let key = format!("{at}.{field}");
        match text {
            Some(text) => price(&key, text),
            None => {
                let rule = format!("an entry with modality {} needs it", entry.modality);
                Err(PolicyError::invalid(key, "(missing)", rule))
            }
        }
    };
    let refused = |fields: &[(&str, &Option<String>)]| {
        fields.iter().try_for_each(|(field, text)| match text {
            None => Ok(()),
            Some(text) => {
                let rule = format!(
                    "an entry with modality {} has no such price",
                    entry.modality
                );
                Err(PolicyError::invalid(format!("{at}.{field}"), text, rule))
            }
        })
    };
    match entry.modality {
        Modality::Chat => {
            refused(&[minute, image])?;
            let key = format!("{at}.{}", input.0);
            let tokens = token_price(&key, required(input)?, required(output)?)?;
            let (field, Some(text)) = cached else {
                return Ok(ModelPrice::Tokens(tokens));
            };
            let key = format!("{at}.{field}");
            tokens
                .with_cached(price(&key, text)?)
                .map(ModelPrice::Tokens)
                .map_err(|error| PolicyError::invalid(key, text, error))
        }
        Modality::Embedding => {
            refused(&[cached, output, minute, image])?;
            let key = format!("{at}.{}", input.0);
            token_price(&key, required(input)?, Amount::ZERO).map(ModelPrice::Tokens)
        }
        Modality::Audio => {
            refused(&[input, cached, output, image])?;
            required(minute).map(ModelPrice::PerMinute)
        }
        Modality::Image => {
            refused(&[input, cached, output, minute])?;
            required(image).map(ModelPrice::PerImage)
        }
    }
}

pub(super) fn token_price(
    key: &str,
    input: Amount,
    output: Amount,
) -> Result<TokenPrice, PolicyError> {
    TokenPrice::per_million(input, output).map_err(|error| PolicyError::invalid(key, input, error))
}

pub(super) fn vram(key: &str, gigabytes: u32) -> Result<u32, PolicyError> {
    within(key, u64::from(gigabytes), 1, 10_000).map(|_| gigabytes)
}
