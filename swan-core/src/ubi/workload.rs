use super::{UbiError, UsageRate, WorkloadRules};
use crate::hardware::{ComputingUnits, Role};
use crate::{Amount, BasisPoints};

const SECS_PER_DAY: u128 = 86_400;
const WHOLE_BPS: u128 = 10_000;

/// Equal cards in one role: `N(GPU_k)` with its `f_k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Cards {
    /// What they work as.
    pub role: Role,
    /// How many.
    pub count: u64,
    /// What one of them counts.
    pub units: ComputingUnits,
}

/// What share of its test tasks a provider completed, rounded down to a basis point: zk-tasks of an edge provider, sampling
/// tasks of a fog provider (Seed 002, "UBI Workload Calculation"). Who had none completed nothing.
///
/// # Errors
///
/// [`UbiError::OverComplete`] when more were done than there were.
pub fn completion_rate(done: u64, assigned: u64) -> Result<BasisPoints, UbiError> {
    if done > assigned {
        return Err(UbiError::OverComplete { done, assigned });
    }
    Ok(BasisPoints::of(done, assigned))
}

impl WorkloadRules {
    /// What cards weigh: `N x f_k`, and of a fog provider `x W_FCP`, in 100,000ths of a computing unit.
    ///
    /// # Errors
    ///
    /// [`UbiError::TooLarge`] when it leaves 128 bits.
    pub fn weight(&self, cards: Cards) -> Result<u128, UbiError> {
        let role = match cards.role {
            Role::Edge => WHOLE_BPS,
            Role::Fog => u128::from(self.fog_weight_bps()),
        };
        u128::from(cards.count)
            .checked_mul(u128::from(cards.units.tenths()))
            .and_then(|units| units.checked_mul(role))
            .ok_or(UbiError::TooLarge { what: "a workload" })
    }

    /// The total workload of all `cards`: `UBI_ECP + UBI_FCP`, in 100,000ths of a computing unit.
    ///
    /// # Errors
    ///
    /// [`UbiError::TooLarge`] when it leaves 128 bits.
    pub fn workload(&self, cards: &[Cards]) -> Result<u128, UbiError> {
        cards.iter().try_fold(0_u128, |sum, cards| {
            sum.checked_add(self.weight(*cards)?)
                .ok_or(UbiError::TooLarge {
                    what: "the workload",
                })
        })
    }

    /// The day's usage rate `u = T_day / T_total`: the seconds that cards worked over those that all `installed` have in a
    /// day, both weighed. An entry of `worked` has some cards and the seconds that each of them worked.
    ///
    /// Source: public record 3.1.
    ///
    /// # Errors
    ///
    /// [`UbiError::NoCapacity`] and [`UbiError::Overused`], and [`UbiError::TooLarge`] when a sum leaves 128 bits.
    pub fn usage_rate(
        &self,
        installed: &[Cards],
        worked: &[(Cards, u64)],
    ) -> Result<UsageRate, UbiError> {
        let too_large = UbiError::TooLarge {
            what: "the time worked",
        };
        let there = self.workload(installed)?.checked_mul(SECS_PER_DAY);
        let used = worked.iter().try_fold(0_u128, |sum, (cards, secs)| {
            let time = self.weight(*cards)?.checked_mul(u128::from(*secs));
            time.and_then(|time| sum.checked_add(time))
                .ok_or_else(|| too_large.clone())
        })?;
        UsageRate::new(used, there.ok_or(too_large)?)
    }

    /// What all `cards` would earn in a day of paid work, each at its price in SWAN an hour:
    /// `P_market = sum of N x price x 24`, of a fog provider `x W_FCP`.
    ///
    /// Source: public record 3.1.
    ///
    /// # Errors
    ///
    /// [`UbiError::Negative`] for a price below zero, [`UbiError::Money`] when the sum is no amount.
    pub fn market_value(&self, cards: &[(Cards, Amount)]) -> Result<Amount, UbiError> {
        cards.iter().try_fold(Amount::ZERO, |sum, (cards, price)| {
            if price.is_negative() {
                return Err(UbiError::Negative { what: "a price" });
            }
            let one = Cards {
                units: ComputingUnits::from_tenths(1),
                ..*cards
            };
            let hours = self.weight(one)?.checked_mul(24);
            let hours = hours.ok_or(UbiError::TooLarge {
                what: "a market value",
            })?;
            // A basis point of an hour's price may be half a pico-unit; each entry is rounded once.
            Ok(sum.checked_add(price.scaled(hours, WHOLE_BPS)?)?)
        })
    }
}

/// A day's income of the whole network, in SWAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Income {
    /// The basic income, in SWAN: `A x^B e^(-Cx) (1 - u)`.
    pub ubi: Amount,
    /// What paid jobs bring, in SWAN: `P_market u`.
    pub paid: Amount,
}

impl Income {
    /// Both together: `I(x)`.
    ///
    /// # Errors
    ///
    /// [`UbiError::Money`] when the sum is no amount.
    pub fn total(&self) -> Result<Amount, UbiError> {
        Ok(self.ubi.checked_add(self.paid)?)
    }
}

/// The income of day `day`: `I(x) = A x^B e^(-Cx) (1 - u) + P_market u`, each part rounded once to a pico-SWAN.
///
/// Source: Seed 002, "Total Income". `market` is what a wholly used network would earn in the day, in SWAN.
///
/// ```
/// use swan_core::Policy;
/// use swan_core::ubi::{UsageRate, income};
///
/// let policy = Policy::swan_1_0();
/// let day = income(policy.ubi()?.curve()?, 360, UsageRate::new(1, 4)?, "1000".parse()?)?;
/// assert_eq!((day.ubi, day.paid), ("50437.878525859367".parse()?, "250".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`UbiError::OffTheCurve`] for a day that is not on the curve, [`UbiError::Negative`] for a market value below zero.
pub fn income(
    curve: &super::UbiCurve,
    day: u32,
    usage: UsageRate,
    market: Amount,
) -> Result<Income, UbiError> {
    if market.is_negative() {
        return Err(UbiError::Negative {
            what: "the market value",
        });
    }
    Ok(Income {
        ubi: curve.on(day, usage)?,
        paid: market.scaled(usage.used(), usage.there())?,
    })
}
