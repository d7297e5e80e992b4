use crate::Amount;

/// Why a price is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// Below zero, or above [`TokenPrice::MAX_PER_MILLION`].
    #[error("a price lies between 0 and 10000 dollars")]
    OutOfRange,
    /// Cached input would cost more than fresh input, so a charge could exceed its quote.
    #[error("cached input costs at most as much as fresh input")]
    CachedAboveInput,
}

/// US dollars per million tokens of input, cached input and output.
///
/// Each lies between 0 and [`TokenPrice::MAX_PER_MILLION`], and cached input costs at most as much as fresh input; with
/// these bounds a charge is exact in 128 bits and never above its quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPrice {
    input: Amount,
    cached: Amount,
    output: Amount,
}

impl TokenPrice {
    /// The highest price: $10,000 per million tokens, a cent a token.
    pub const MAX_PER_MILLION: Amount = match Amount::from_units(10_000) {
        Ok(amount) => amount,
        Err(_) => Amount::MAX,
    };

    /// A price per million tokens of input and of output; cached input costs as much as fresh input.
    ///
    /// # Errors
    ///
    /// [`PriceError::OutOfRange`] when one is below zero or above [`TokenPrice::MAX_PER_MILLION`].
    pub fn per_million(input: Amount, output: Amount) -> Result<Self, PriceError> {
        let valid = |price: Amount| !price.is_negative() && price <= Self::MAX_PER_MILLION;
        if valid(input) && valid(output) {
            Ok(Self {
                input,
                cached: input,
                output,
            })
        } else {
            Err(PriceError::OutOfRange)
        }
    }

    /// The same price with `cached` per million tokens of cached input.
    ///
    /// # Errors
    ///
    /// [`PriceError`] when `cached` is below zero or above the price of fresh input.
    pub fn with_cached(self, cached: Amount) -> Result<Self, PriceError> {
        if cached.is_negative() {
            Err(PriceError::OutOfRange)
        } else if cached > self.input {
            Err(PriceError::CachedAboveInput)
        } else {
            Ok(Self { cached, ..self })
        }
    }

    /// US dollars per million tokens of fresh input.
    #[must_use]
    pub const fn input_per_million(&self) -> Amount {
        self.input
    }

    /// US dollars per million tokens of cached input.
    #[must_use]
    pub const fn cached_per_million(&self) -> Amount {
        self.cached
    }

    /// US dollars per million tokens of output.
    #[must_use]
    pub const fn output_per_million(&self) -> Amount {
        self.output
    }
}
