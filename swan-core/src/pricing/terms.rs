use super::PricingError;
use crate::money::rounding;
use crate::{Amount, BasisPoints, Currency, ExchangeRate, PolicyStamp, TokenPrice, Usage};

/// What was agreed for one request: prices, discount and exchange rate, stamped with the policy they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    policy: PolicyStamp,
    price: TokenPrice,
    discount: BasisPoints,
    rate: Option<ExchangeRate>,
    /// Pico-dollars per million tokens, times tokens, times `numerator / denominator`, make pico-units of the currency.
    /// The fraction is reduced, which keeps the whole product of every realistic request inside 128 bits.
    numerator: u128,
    denominator: u128,
}

const TOKENS_PER_PRICE: u128 = 1_000_000;

impl Terms {
    /// Terms in US dollars.
    #[must_use]
    pub fn in_usd(policy: PolicyStamp, price: TokenPrice, discount: BasisPoints) -> Self {
        Self::new(policy, price, discount, None)
    }

    /// Terms in SWAN, at `rate` dollars for one.
    #[must_use]
    pub fn in_swan(
        policy: PolicyStamp,
        price: TokenPrice,
        discount: BasisPoints,
        rate: ExchangeRate,
    ) -> Self {
        Self::new(policy, price, discount, Some(rate))
    }

    fn new(
        policy: PolicyStamp,
        price: TokenPrice,
        discount: BasisPoints,
        rate: Option<ExchangeRate>,
    ) -> Self {
        let unit = Amount::PICO_PER_UNIT.unsigned_abs();
        let dollars_per_unit = rate.map_or(unit, |rate| rate.usd().pico().unsigned_abs());
        let numerator = u128::from(discount.complement().get()) * unit;
        let whole = u128::from(BasisPoints::WHOLE.get());
        // At most 10^10 times 10^27, so it fits.
        let denominator = whole * TOKENS_PER_PRICE * dollars_per_unit;
        let shared = greatest_common_divisor(numerator, denominator);
        Self {
            policy,
            price,
            discount,
            rate,
            numerator: numerator / shared,
            denominator: denominator / shared,
        }
    }

    /// The policy that they come from.
    #[must_use]
    pub const fn policy(&self) -> &PolicyStamp {
        &self.policy
    }

    /// What payment is made in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        match self.rate {
            None => Currency::Usd,
            Some(_) => Currency::Swan,
        }
    }

    /// The prices, in US dollars and before the discount.
    #[must_use]
    pub const fn token_price(&self) -> &TokenPrice {
        &self.price
    }

    /// What is taken off the prices.
    #[must_use]
    pub const fn discount(&self) -> BasisPoints {
        self.discount
    }

    /// The exchange rate, when payment is not in US dollars.
    #[must_use]
    pub const fn rate(&self) -> Option<ExchangeRate> {
        self.rate
    }

    /// What `usage` costs: exact up to one rounding of the sum, half to even. More tokens never cost less.
    ///
    /// Cached tokens beyond the prompt's count as the prompt's.
    ///
    /// # Errors
    ///
    /// [`PricingError::TooLarge`] beyond the largest amount of money.
    pub fn price(&self, usage: &Usage) -> Result<Amount, PricingError> {
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let fresh = usage.prompt_tokens - cached;
        let cost = |tokens: u64, price: Amount| u128::from(tokens) * price.pico().unsigned_abs();
        // Below 3 * 2^64 * 10^16, so the sum fits; the fraction may not.
        let dollars = cost(fresh, self.price.input_per_million())
            + cost(cached, self.price.cached_per_million())
            + cost(usage.completion_tokens, self.price.output_per_million());
        dollars
            .checked_mul(self.numerator)
            .and_then(|scaled| rounding::half_to_even(scaled, self.denominator))
            .and_then(|pico| i128::try_from(pico).ok())
            .and_then(|pico| Amount::from_pico(pico).ok())
            .ok_or(PricingError::TooLarge)
    }

    /// The quote for a request that uses `worst` at most. Its amount is what is held.
    ///
    /// # Errors
    ///
    /// [`PricingError::TooLarge`] beyond the largest amount of money.
    pub fn quote(self, worst: Usage) -> Result<Quote, PricingError> {
        // Cached tokens could make a worst case cheaper than a real one.
        let worst = Usage {
            cached_tokens: 0,
            ..worst
        };
        let amount = self.price(&worst)?;
        Ok(Quote {
            terms: self,
            worst,
            amount,
        })
    }
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    // Only 0 and 0 have none; nothing is shared then.
    if a == 0 { 1 } else { a }
}

/// The most that a request may cost, and the terms by which it will be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    terms: Terms,
    worst: Usage,
    amount: Amount,
}

impl Quote {
    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The most tokens that the request may use.
    #[must_use]
    pub const fn worst(&self) -> &Usage {
        &self.worst
    }

    /// What those cost.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// What is paid in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.terms.currency()
    }
}
