use crate::{Amount, BasisPoints, RevenueShares, RevenueSplit, Split};

/// The split of a charge whose provider is paid by price instead of by share (public record 3.9).
///
/// The provider gets the payout, the charge at most; the rest goes to growth fund, treasury and burn in the proportion of
/// their shares, by largest remainder, ties in that order. Where those three have no share at all, the rest goes to the
/// growth fund. A refund is split as the charge was, with the other sign.
///
/// ```
/// use swan_core::{PayoutSplit, Policy, RevenueSplit};
///
/// let split = PayoutSplit::new("0.027".parse()?, *Policy::swan_2_0().split()).split("0.03".parse()?);
/// assert_eq!((split.provider, split.growth_fund), ("0.027".parse()?, "0.003".parse()?));
/// # Ok::<(), swan_core::MoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoutSplit {
    payout: Amount,
    shares: RevenueShares,
}

impl PayoutSplit {
    /// The provider gets `payout` (nothing when that is below zero), the others what `shares` gives them of the rest.
    #[must_use]
    pub fn new(payout: Amount, shares: RevenueShares) -> Self {
        Self {
            payout: payout.max(Amount::ZERO),
            shares,
        }
    }
}

impl RevenueSplit for PayoutSplit {
    fn split(&self, gross: Amount) -> Split {
        let whole = gross.pico().unsigned_abs();
        let provider = self.payout.pico().unsigned_abs().min(whole);
        let [growth_fund, treasury, burn] = divide(
            whole - provider,
            [
                self.shares.growth_fund(),
                self.shares.treasury(),
                self.shares.burn(),
            ],
        );
        // A part of an amount is an amount, so none of this can fail.
        let part = |units: u128| {
            let pico = units.cast_signed();
            let pico = if gross.is_negative() { -pico } else { pico };
            Amount::from_pico(pico).unwrap_or_default()
        };
        Split {
            provider: part(provider),
            growth_fund: part(growth_fund),
            treasury: part(treasury),
            burn: part(burn),
        }
    }
}

/// `units` in the proportion of `weights`, by largest remainder; all to the first when nobody has a weight.
fn divide(units: u128, weights: [BasisPoints; 3]) -> [u128; 3] {
    let weights = weights.map(|weight| u128::from(weight.get()));
    let sum: u128 = weights.iter().sum();
    if sum == 0 {
        return [units, 0, 0];
    }
    let exact = weights.map(|weight| units * weight);
    let mut parts = exact.map(|part| part / sum);
    let mut remainders = exact.map(|part| part % sum);
    let mut left = units - parts.iter().sum::<u128>();
    while left > 0 {
        let largest = remainders.iter().copied().max().unwrap_or(0);
        let next = parts
            .iter_mut()
            .zip(&mut remainders)
            .find(|(_, rest)| **rest == largest);
        let Some((part, remainder)) = next else { break };
        *part += 1;
        *remainder = 0;
        left -= 1;
    }
    parts
}
