use std::fmt;

use super::{PriceError, TokenPrice, UnitPrice};
use crate::{Amount, Usage};

/// What a model costs, in US dollars per unit. Its unit follows from what the model does (Seed 001, "Tiered Model Catalog").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelPrice {
    /// Per million tokens.
    Tokens(TokenPrice),
    /// Per minute of audio; parts of a minute count by the millisecond.
    PerMinute(UnitPrice),
    /// Per image.
    PerImage(UnitPrice),
}

/// What a price is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A million tokens.
    MillionTokens,
    /// A minute of audio.
    Minute,
    /// An image.
    Image,
}

impl Unit {
    /// How many counts of a [`Usage`] make one unit: tokens, milliseconds, or images.
    #[must_use]
    pub const fn counts(self) -> u64 {
        match self {
            Self::MillionTokens => 1_000_000,
            Self::Minute => 60_000,
            Self::Image => 1,
        }
    }
}

impl fmt::Display for Unit {
    /// Writes it as the seed's table does: `per M tokens`, `per minute`, `per image`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MillionTokens => "per M tokens",
            Self::Minute => "per minute",
            Self::Image => "per image",
        })
    }
}

impl ModelPrice {
    /// What it is counted in.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Tokens(_) => Unit::MillionTokens,
            Self::PerMinute(_) => Unit::Minute,
            Self::PerImage(_) => Unit::Image,
        }
    }

    /// Each of its prices with the policy's key for it.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, Amount)> {
        let prices = match self {
            Self::Tokens(tokens) => [
                Some(("input_usd_per_million_tokens", tokens.input_per_million())),
                Some(("cached_usd_per_million_tokens", tokens.cached_per_million())),
                Some(("output_usd_per_million_tokens", tokens.output_per_million())),
            ],
            Self::PerMinute(price) => [Some(("usd_per_minute", price.usd())), None, None],
            Self::PerImage(price) => [Some(("usd_per_image", price.usd())), None, None],
        };
        prices.into_iter().flatten()
    }

    /// The price with `change` made to each of its parts; `None` stands for a part that is no amount.
    pub(crate) fn map(
        &self,
        change: impl Fn(Amount) -> Option<Amount>,
    ) -> Result<Self, PriceError> {
        let part = |price| change(price).ok_or(PriceError::OutOfRange);
        match self {
            Self::Tokens(tokens) => TokenPrice::per_million(
                part(tokens.input_per_million())?,
                part(tokens.output_per_million())?,
            )?
            .with_cached(part(tokens.cached_per_million())?)
            .map(Self::Tokens),
            Self::PerMinute(price) => UnitPrice::new(part(price.usd())?).map(Self::PerMinute),
            Self::PerImage(price) => UnitPrice::new(part(price.usd())?).map(Self::PerImage),
        }
    }

    /// Pico-dollars times [`Unit::counts`] for `usage`: exact. What is not counted in this price's unit costs nothing.
    ///
    /// Below 3 * 2^64 * 10^16, so the sum fits.
    pub(crate) fn counted(&self, usage: &Usage) -> u128 {
        let cost = |count: u64, price: Amount| u128::from(count) * price.pico().unsigned_abs();
        match self {
            Self::Tokens(tokens) => {
                let cached = usage.cached_tokens.min(usage.prompt_tokens);
                let fresh = usage.prompt_tokens - cached;
                cost(fresh, tokens.input_per_million())
                    + cost(cached, tokens.cached_per_million())
                    + cost(usage.completion_tokens, tokens.output_per_million())
            }
            Self::PerMinute(price) => cost(usage.audio_ms, price.usd()),
            Self::PerImage(price) => cost(usage.images, price.usd()),
        }
    }
}

impl From<TokenPrice> for ModelPrice {
    fn from(price: TokenPrice) -> Self {
        Self::Tokens(price)
    }
}
