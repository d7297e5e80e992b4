use std::fmt;

use super::{RevenueSplit, Split};
use crate::{Amount, BasisPoints};

/// The shares do not make a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shares of a split sum to 10000 basis points, not {sum}")]
#[non_exhaustive]
pub struct SharesError {
    /// What they sum to, in basis points.
    pub sum: u32,
}

/// Fixed shares of the gross, the seeds' rule: 95 % to the provider and 5 % to the growth fund in the bootstrap phase;
/// later phases shift shares to the treasury and to burning (Seed 001, "Dynamic Revenue Split Schedule").
///
/// Each part is its share rounded down; the units left over, three at most, go one each to the parts with the largest
/// remainders, and among equals to the one that stands first: provider, growth fund, treasury, burn.
///
/// ```
/// use swan_core::{Amount, BasisPoints, RevenueShares, RevenueSplit};
///
/// let shares = RevenueShares::new(
///     BasisPoints::new(9_500)?, BasisPoints::new(500)?, BasisPoints::ZERO, BasisPoints::ZERO,
/// )?;
/// let split = shares.split("0.03".parse()?);
/// assert_eq!(split.provider, "0.0285".parse()?);
/// assert_eq!(split.growth_fund, "0.0015".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevenueShares {
    provider: BasisPoints,
    growth_fund: BasisPoints,
    treasury: BasisPoints,
    burn: BasisPoints,
}

impl RevenueShares {
    /// Shares that make a whole.
    ///
    /// # Errors
    ///
    /// [`SharesError`] when they do not sum to 10,000 basis points.
    pub fn new(
        provider: BasisPoints,
        growth_fund: BasisPoints,
        treasury: BasisPoints,
        burn: BasisPoints,
    ) -> Result<Self, SharesError> {
        let sum = [provider, growth_fund, treasury, burn]
            .iter()
            .map(|s| u32::from(s.get()))
            .sum();
        if sum == u32::from(BasisPoints::WHOLE.get()) {
            Ok(Self {
                provider,
                growth_fund,
                treasury,
                burn,
            })
        } else {
            Err(SharesError { sum })
        }
    }

    /// The provider's share.
    #[must_use]
    pub const fn provider(&self) -> BasisPoints {
        self.provider
    }

    /// The growth fund's share.
    #[must_use]
    pub const fn growth_fund(&self) -> BasisPoints {
        self.growth_fund
    }

    /// The treasury's share.
    #[must_use]
    pub const fn treasury(&self) -> BasisPoints {
        self.treasury
    }

    /// The share that is burnt.
    #[must_use]
    pub const fn burn(&self) -> BasisPoints {
        self.burn
    }

    const fn in_order(&self) -> [BasisPoints; 4] {
        [self.provider, self.growth_fund, self.treasury, self.burn]
    }
}

impl RevenueSplit for RevenueShares {
    fn split(&self, gross: Amount) -> Split {
        let weights = self.in_order().map(|share| u128::from(share.get()));
        // The shares make a whole, so this cannot fail.
        let [provider, growth_fund, treasury, burn] = gross.divide(weights).unwrap_or_default();
        Split {
            provider,
            growth_fund,
            treasury,
            burn,
        }
    }
}

impl fmt::Display for RevenueShares {
    /// The parts in percent, such as `85% provider, 3% growth fund, 10% treasury, 2% burn`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            provider,
            growth_fund,
            treasury,
            burn,
        } = self;
        write!(
            f,
            "{provider} provider, {growth_fund} growth fund, {treasury} treasury, {burn} burn"
        )
    }
}
