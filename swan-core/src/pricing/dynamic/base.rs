use super::{DynamicError, PriceFactor};
use crate::money::rounding;
use crate::{Amount, ModelPrice, PriceError, TokenPrice, UnitPrice};

/// A price that providers quote, and how many of them do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain values that callers fill in"
)]
pub struct ProviderPrice {
    /// US dollars per unit, between 0 and [`TokenPrice::MAX_PER_MILLION`].
    pub price: Amount,
    /// How many providers quote it.
    pub providers: u32,
}

impl ProviderPrice {
    /// The base price: the mean of what providers quote, weighted by how many quote it, rounded half to even to a
    /// pico-dollar (public record 3.4).
    ///
    /// # Errors
    ///
    /// [`DynamicError::NoPrices`] when nobody quotes, and [`DynamicError::Price`] for a price out of range.
    pub fn mean(quoted: &[Self]) -> Result<Amount, DynamicError> {
        let (mut sum, mut providers) = (0_u128, 0_u128);
        for quote in quoted {
            let price = UnitPrice::new(quote.price)?.usd().pico().unsigned_abs();
            let count = u128::from(quote.providers);
            // Prices are at most 10^16 and counts below 2^32, so that 2^42 of them fit.
            sum = sum
                .checked_add(price * count)
                .ok_or(PriceError::OutOfRange)?;
            providers += count;
        }
        let mean = rounding::half_to_even(sum, providers).ok_or(DynamicError::NoPrices)?;
        Ok(Amount::from_magnitude(mean, false).map_err(|_| PriceError::OutOfRange)?)
    }

    /// The base price of a model per million tokens, from what providers quote for input and for output.
    ///
    /// # Errors
    ///
    /// As [`ProviderPrice::mean`].
    pub fn mean_of_tokens(input: &[Self], output: &[Self]) -> Result<ModelPrice, DynamicError> {
        Ok(TokenPrice::per_million(Self::mean(input)?, Self::mean(output)?)?.into())
    }
}

impl PriceFactor {
    /// `base` times the factor, each part rounded half to even to a pico-dollar.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Price`] above [`TokenPrice::MAX_PER_MILLION`].
    pub fn times(self, base: &ModelPrice) -> Result<ModelPrice, DynamicError> {
        let factor = u128::from(self.millionths());
        Ok(base.map(|part| part.scaled(factor, 1_000_000).ok())?)
    }
}
