use super::{TokenError, TokenRules};
use crate::Amount;

/// How many providers of each kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the three kinds of Seed 003")]
pub struct Providers {
    /// Edge computing providers.
    pub edge: u32,
    /// Fog computing providers.
    pub fog: u32,
    /// Market providers.
    pub market: u32,
}

/// A sum of any currency in equal parts, exact to the pico-unit: the parts differ by one pico-unit at most, the larger ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EqualParts {
    sum: Amount,
    parts: u32,
}

impl EqualParts {
    /// `sum`, which is not below zero, in this many parts.
    #[must_use]
    pub const fn new(sum: Amount, parts: u32) -> Self {
        Self { sum, parts }
    }

    /// The whole.
    #[must_use]
    pub const fn sum(&self) -> Amount {
        self.sum
    }

    /// How many parts.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// The part of this number, counted from 0; none beyond the last.
    #[must_use]
    pub fn part(&self, number: u32) -> Option<Amount> {
        if number >= self.parts {
            return None;
        }
        let (sum, parts) = (self.sum.pico(), i128::from(self.parts));
        let larger = i128::from(number) < sum.rem_euclid(parts);
        Amount::from_pico(sum.div_euclid(parts) + i128::from(larger)).ok()
    }

    /// What nobody gets because there is nobody: the whole if there are no parts.
    #[must_use]
    pub const fn unclaimed(&self) -> Amount {
        if self.parts == 0 {
            self.sum
        } else {
            Amount::ZERO
        }
    }
}

/// A year's basic income by kinds of providers, in SWAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnualUbi {
    /// All of it.
    pub total: Amount,
    /// What edge computing providers get, in equal parts.
    pub edge: EqualParts,
    /// What fog computing providers get, in equal parts.
    pub fog: EqualParts,
    /// What market providers get, in equal parts.
    pub market: EqualParts,
}

/// A year's basic income at this circulation, divided among kinds of providers and equally within each kind.
///
/// Source: Seed 003, "UBI Distribution Example". The seed calls the rate an inflation of 5 % beside an inflation of zero;
/// nothing is minted here, the year's income comes out of the airdrops ("this part is from airdrops").
///
/// ```
/// use swan_core::{Amount, Policy};
/// use swan_core::tokenomics::{Providers, annual_ubi};
///
/// let policy = Policy::swan_1_0();
/// let providers = Providers { edge: 400, fog: 100, market: 3 };
/// let year = annual_ubi(policy.tokenomics()?, Amount::from_units(50_000_000)?, providers)?;
/// assert_eq!(year.edge.part(0), Some(Amount::from_units(2_500)?));
/// assert_eq!(year.market.part(0), Some("166666.666666666667".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TokenError::Policy`] when the policy has no annual distribution, [`TokenError::Negative`] and
/// [`TokenError::BeyondSupply`] for a circulation that cannot be.
pub fn annual_ubi(
    rules: &TokenRules,
    circulation: Amount,
    providers: Providers,
) -> Result<AnnualUbi, TokenError> {
    let rates = rules.annual()?;
    let supply = rules.supply().total();
    if circulation.is_negative() {
        return Err(TokenError::Negative {
            what: "the circulation",
        });
    }
    if circulation > supply {
        return Err(TokenError::BeyondSupply {
            circulation,
            supply,
        });
    }
    let total = circulation.share(rates.rate());
    let weights = [rates.edge(), rates.fog(), rates.market()].map(|share| u128::from(share.get()));
    let [edge, fog, market] = total.divide(weights)?;
    Ok(AnnualUbi {
        total,
        edge: EqualParts::new(edge, providers.edge),
        fog: EqualParts::new(fog, providers.fog),
        market: EqualParts::new(market, providers.market),
    })
}
