use crate::money::rounding;
use crate::{Amount, BasisPoints, ExchangeRate};

/// What turns an exact count of pico-dollars into money: one multiplication, one division, one rounding half to even.
///
/// It is reduced, so that the product of every realistic request fits 128 bits, where arithmetic is cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// The share `share` of pico-dollars that are counted in `counts`-ths, paid at `rate` or in US dollars.
    pub(super) fn new(share: BasisPoints, counts: u64, rate: Option<ExchangeRate>) -> Self {
        let unit = Amount::PICO_PER_UNIT.unsigned_abs();
        let dollars_per_unit = rate.map_or(unit, |rate| rate.usd().pico().unsigned_abs());
        let whole = u128::from(BasisPoints::WHOLE.get());
        // At most 10^16, and 10^4 * 10^6 * 10^27.
        let numerator = u128::from(share.get()) * unit;
        let denominator = whole * u128::from(counts) * dollars_per_unit;
        let shared = greatest_common_divisor(numerator, denominator);
        Self {
            numerator: numerator / shared,
            denominator: denominator / shared,
        }
    }

    /// That part of `count`; `None` beyond the largest amount of money.
    pub(super) fn of(self, count: u128) -> Option<Amount> {
        rounding::half_to_even_of(count, self.numerator, self.denominator)
            .and_then(|pico| Amount::from_magnitude(pico, false).ok())
    }
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    // Only 0 and 0 have none; nothing is shared then.
    if a == 0 { 1 } else { a }
}
