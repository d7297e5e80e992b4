use crate::{Amount, RevenueShares, RevenueSplit, Split};

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
        let provider = if gross.is_negative() {
            gross.max(-self.payout)
        } else {
            gross.min(self.payout)
        };
        // What is left of an amount is an amount, so this cannot fail.
        let rest = gross.checked_sub(provider).unwrap_or_default();
        let shares = [
            self.shares.growth_fund(),
            self.shares.treasury(),
            self.shares.burn(),
        ];
        let [growth_fund, treasury, burn] = rest
            .divide(shares.map(|share| u128::from(share.get())))
            .unwrap_or([rest, Amount::ZERO, Amount::ZERO]);
        Split {
            provider,
            growth_fund,
            treasury,
            burn,
        }
    }
}
