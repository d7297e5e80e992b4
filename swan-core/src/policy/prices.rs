//! Prices as documents write them: of a model, of its payout, and of what it is compared with.

use serde::Deserialize;

use super::PolicyError;
use super::check::price;
use crate::catalogue::{
    Comparison, ComparisonRules, Modality, ModelPrice, TokenPrice, UnitPrice, distance,
};
use crate::{Amount, BasisPoints, ModelId};

/// A price in whichever unit, as it stands beside other keys.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) input: Option<&'a String>,
    pub(super) cached: Option<&'a String>,
    pub(super) output: Option<&'a String>,
    pub(super) minute: Option<&'a String>,
    pub(super) image: Option<&'a String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payout {
    input_usd_per_million_tokens: Option<String>,
    cached_usd_per_million_tokens: Option<String>,
    output_usd_per_million_tokens: Option<String>,
    usd_per_minute: Option<String>,
    usd_per_image: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compared {
    source: String,
    input_usd_per_million_tokens: Option<String>,
    cached_usd_per_million_tokens: Option<String>,
    output_usd_per_million_tokens: Option<String>,
    usd_per_minute: Option<String>,
    usd_per_image: Option<String>,
}

impl Written<'_> {
    /// The unit of a price follows from the modality; any other unit beside it is an error rather than ignored.
    pub(super) fn read(self, modality: Modality, at: &str) -> Result<ModelPrice, PolicyError> {
        let [input, cached, output, minute, image] = [
            ("input_usd_per_million_tokens", self.input),
            ("cached_usd_per_million_tokens", self.cached),
            ("output_usd_per_million_tokens", self.output),
            ("usd_per_minute", self.minute),
            ("usd_per_image", self.image),
        ];
        let required = |(field, text): (&str, Option<&String>)| {
            let key = format!("{at}.{field}");
            match text {
                Some(text) => price(&key, text),
                None => {
                    let rule = format!("an entry with modality {modality} needs it");
                    Err(PolicyError::invalid(key, "(missing)", rule))
                }
            }
        };
        let refused = |fields: &[(&str, Option<&String>)]| {
            fields.iter().try_for_each(|(field, text)| match text {
                None => Ok(()),
                Some(text) => {
                    let rule = format!("an entry with modality {modality} has no such price");
                    Err(PolicyError::invalid(format!("{at}.{field}"), text, rule))
                }
            })
        };
        let with_cached = |tokens: TokenPrice| {
            let (field, Some(text)) = cached else {
                return Ok(ModelPrice::Tokens(tokens));
            };
            let key = format!("{at}.{field}");
            tokens
                .with_cached(price(&key, text)?)
                .map(ModelPrice::Tokens)
                .map_err(|error| PolicyError::invalid(key, text, error))
        };
        let unit = |field: (&str, Option<&String>)| {
            let usd = required(field)?;
            let key = || format!("{at}.{}", field.0);
            UnitPrice::new(usd).map_err(|error| PolicyError::invalid(key(), usd, error))
        };
        let key = format!("{at}.{}", input.0);
        match modality {
            Modality::Chat => {
                refused(&[minute, image])?;
                with_cached(token_price(&key, required(input)?, required(output)?)?)
            }
            Modality::Embedding => {
                refused(&[output, minute, image])?;
                with_cached(token_price(&key, required(input)?, Amount::ZERO)?)
            }
            Modality::Audio => {
                refused(&[input, cached, output, image])?;
                unit(minute).map(ModelPrice::PerMinute)
            }
            Modality::Image => {
                refused(&[input, cached, output, minute])?;
                unit(image).map(ModelPrice::PerImage)
            }
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

impl Payout {
    /// A payout that no charge of the policy falls short of: at most the price, less what paying with SWAN takes off
    /// (public record 3.9: "payout never exceeds price").
    pub(super) fn read(
        &self,
        modality: Modality,
        at: &str,
        ours: &ModelPrice,
        discount: BasisPoints,
    ) -> Result<ModelPrice, PolicyError> {
        let written = Written {
            input: self.input_usd_per_million_tokens.as_ref(),
            cached: self.cached_usd_per_million_tokens.as_ref(),
            output: self.output_usd_per_million_tokens.as_ref(),
            minute: self.usd_per_minute.as_ref(),
            image: self.usd_per_image.as_ref(),
        };
        let at = format!("{at}.payout");
        let payout = written.read(modality, &at)?;
        let (whole, paid) = (
            i128::from(BasisPoints::WHOLE.get()),
            i128::from(discount.complement().get()),
        );
        for ((field, payout), (_, price)) in payout.named().zip(ours.named()) {
            if payout.pico() * whole > price.pico() * paid {
                let rule = format!(
                    "a payout is at most the price, which is {price}, less {discount} when paid with SWAN"
                );
                return Err(PolicyError::invalid(format!("{at}.{field}"), payout, rule));
            }
        }
        Ok(payout)
    }
}

impl Compared {
    /// What others charge, if ours lies as far below it as the policy says (Seed 001: 50 to 66 %).
    pub(super) fn read(
        &self,
        modality: Modality,
        at: &str,
        model: &ModelId,
        ours: &ModelPrice,
        rules: ComparisonRules,
    ) -> Result<Comparison, PolicyError> {
        let source = self.source.trim();
        if source.is_empty() || source.chars().count() > 200 {
            let rule = "a source has 1 to 200 characters";
            return Err(PolicyError::invalid(format!("{at}.source"), source, rule));
        }
        let written = Written {
            input: self.input_usd_per_million_tokens.as_ref(),
            cached: self.cached_usd_per_million_tokens.as_ref(),
            output: self.output_usd_per_million_tokens.as_ref(),
            minute: self.usd_per_minute.as_ref(),
            image: self.usd_per_image.as_ref(),
        };
        let price = written.read(modality, at)?;
        for ((field, theirs), (_, ours)) in price.named().zip(ours.named()) {
            // An embedding has no output on either side, and cached input is compared where somebody names it.
            let embedding = modality == Modality::Embedding && field.starts_with("output");
            let unnamed = field.starts_with("cached") && written.cached.is_none();
            if embedding || unnamed || rules.allow(ours, theirs) {
                continue;
            }
            let rule = format!(
                "{model} costs {ours}, {} the price of {source}, and the policy promises {} to {} below",
                distance(ours, theirs),
                rules.least_below,
                rules.most_below
            );
            return Err(PolicyError::invalid(format!("{at}.{field}"), theirs, rule));
        }
        Ok(Comparison {
            source: source.to_owned(),
            price,
        })
    }
}
