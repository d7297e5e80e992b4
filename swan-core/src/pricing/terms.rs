use super::fraction::Fraction;
use super::{PricingError, Quote};
use crate::{
    Amount, BasisPoints, Currency, Fact, Grounds, ModelPrice, PolicyStamp, StampedRate, Usage,
};

/// What was agreed for one request: price, discount and exchange rate, stamped with the policy they come from.
///
/// The worst case that is quoted and the usage that is charged go through the same arithmetic, [`Terms::price`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    policy: PolicyStamp,
    price: ModelPrice,
    discount: BasisPoints,
    rate: Option<StampedRate>,
    /// Pico-dollars times the counts of a unit, times this, make pico-units of the currency.
    fraction: Fraction,
    payout: Option<(ModelPrice, Fraction)>,
}

impl Terms {
    /// Terms in US dollars.
    #[must_use]
    pub fn in_usd(
        policy: PolicyStamp,
        price: impl Into<ModelPrice>,
        discount: BasisPoints,
    ) -> Self {
        Self::new(policy, price.into(), discount, None)
    }

    /// Terms in SWAN, at `rate`, which is not checked for its age here.
    #[must_use]
    pub fn in_swan(
        policy: PolicyStamp,
        price: impl Into<ModelPrice>,
        discount: BasisPoints,
        rate: StampedRate,
    ) -> Self {
        Self::new(policy, price.into(), discount, Some(rate))
    }

    fn new(
        policy: PolicyStamp,
        price: ModelPrice,
        discount: BasisPoints,
        rate: Option<StampedRate>,
    ) -> Self {
        let at = rate.as_ref().map(StampedRate::rate);
        let fraction = Fraction::new(discount.complement(), price.unit().counts(), at);
        Self {
            policy,
            price,
            discount,
            rate,
            fraction,
            payout: None,
        }
    }

    /// The same terms, whose provider is paid `payout` instead of a share (public record 3.9).
    #[must_use]
    pub fn with_payout(mut self, payout: ModelPrice) -> Self {
        let rate = self.rate.as_ref().map(StampedRate::rate);
        let fraction = Fraction::new(BasisPoints::WHOLE, payout.unit().counts(), rate);
        self.payout = Some((payout, fraction));
        self
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

    /// The price, in US dollars and before the discount.
    #[must_use]
    pub const fn listed(&self) -> &ModelPrice {
        &self.price
    }

    /// What is taken off the price.
    #[must_use]
    pub const fn discount(&self) -> BasisPoints {
        self.discount
    }

    /// The exchange rate, when payment is not in US dollars.
    #[must_use]
    pub const fn rate(&self) -> Option<&StampedRate> {
        self.rate.as_ref()
    }

    /// What `usage` costs, in [`Terms::currency`]: exact up to one rounding of the sum, half to even. More of anything never costs less.
    ///
    /// Counts in other units than the price's cost nothing; cached tokens beyond the prompt's count as the prompt's.
    ///
    /// # Errors
    ///
    /// [`PricingError::TooLarge`] beyond the largest amount of money.
    pub fn price(&self, usage: &Usage) -> Result<Amount, PricingError> {
        let counted = self.price.counted(usage);
        self.fraction.of(counted).ok_or(PricingError::TooLarge)
    }

    /// What the provider is paid for `usage`, in the currency of the charge; `None` when it earns a share instead.
    ///
    /// A policy whose payout lies above its discounted price is refused when it is read; prices that come from elsewhere
    /// are capped here: a payout is never more than the charge.
    ///
    /// # Errors
    ///
    /// [`PricingError::TooLarge`] beyond the largest amount of money.
    pub fn payout(&self, usage: &Usage) -> Result<Option<Amount>, PricingError> {
        let Some((price, fraction)) = &self.payout else {
            return Ok(None);
        };
        let charge = self.price(usage)?;
        let payout = fraction.of(price.counted(usage));
        Ok(Some(payout.map_or(charge, |payout| payout.min(charge))))
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
        Ok(Quote::new(self, worst, amount))
    }

    /// Why `usage` costs what it costs, for whoever asks; a request on its way needs no such text.
    ///
    /// # Errors
    ///
    /// [`PricingError::TooLarge`] beyond the largest amount of money.
    pub fn grounds(&self, usage: &Usage) -> Result<Grounds, PricingError> {
        let cost = format!("{} {}", self.price(usage)?, self.currency());
        let mut grounds = Grounds::new(
            "Seed 001, Dual Payment Options: price times use, less the discount, rounded once",
            self.policy.clone(),
        )
        .with(Fact::new("cost", cost));
        let counts = [
            ("prompt tokens", usage.prompt_tokens),
            ("cached tokens", usage.cached_tokens),
            ("completion tokens", usage.completion_tokens),
            ("images", usage.images),
            ("audio ms", usage.audio_ms),
        ];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            grounds = grounds.with(Fact::new(name, count));
        }
        for (name, price) in self.price.named() {
            grounds = grounds.with(Fact::new(name, price));
        }
        grounds = grounds.with(Fact::new("discount", self.discount));
        Ok(match &self.rate {
            Some(rate) => grounds.with(Fact::new("exchange rate", rate)),
            None => grounds,
        })
    }
}
