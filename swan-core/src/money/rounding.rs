//! The one place where money is rounded.
//!
//! A charge is rounded once, at the gross; splits allocate whole units by largest remainder and never round.
//! What an amount offers of this is in `parts.rs`.

use dashu_int::UBig;

/// `numerator / denominator`, rounded to the nearest whole number, and to the even one of two equally near.
///
/// `None` when `denominator` is 0.
pub(crate) const fn half_to_even(numerator: u128, denominator: u128) -> Option<u128> {
    match divide(numerator, denominator) {
        Some((quotient, remainder)) => nearest(quotient, remainder, denominator),
        None => None,
    }
}

/// `units * part / whole`, rounded as [`half_to_even`] does; the product may need 256 bits.
///
/// `None` when `whole` is 0 or the result leaves 128 bits.
pub(crate) fn half_to_even_of(units: u128, part: u128, whole: u128) -> Option<u128> {
    let (quotient, remainder) = proportion(units, part, whole)?;
    nearest(quotient, remainder, whole)
}

/// Quotient and remainder of `units * part / whole`; the product may need 256 bits.
///
/// `None` when `whole` is 0 or the quotient leaves 128 bits.
pub(crate) fn proportion(units: u128, part: u128, whole: u128) -> Option<(u128, u128)> {
    if let Some(product) = units.checked_mul(part) {
        return divide(product, whole);
    }
    if whole == 0 {
        return None;
    }
    let (product, whole) = (UBig::from(units) * UBig::from(part), UBig::from(whole));
    let quotient = u128::try_from(&product / &whole).ok()?;
    Some((quotient, u128::try_from(product % whole).ok()?))
}

const fn nearest(quotient: u128, remainder: u128, denominator: u128) -> Option<u128> {
    // Comparing with what is left avoids doubling the remainder, which could overflow.
    let left = denominator - remainder;
    let up = remainder > left || (remainder == left && quotient % 2 == 1);
    if up {
        quotient.checked_add(1)
    } else {
        Some(quotient)
    }
}

/// Quotient and remainder; the common case fits 64 bits, where division costs a third.
const fn divide(numerator: u128, denominator: u128) -> Option<(u128, u128)> {
    const WORD: u128 = u64::MAX as u128;
    if denominator == 0 {
        return None;
    }
    if numerator <= WORD && denominator <= WORD {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "both were compared with u64::MAX"
        )]
        let (n, d) = (numerator as u64, denominator as u64);
        Some(((n / d) as u128, (n % d) as u128))
    } else {
        Some((numerator / denominator, numerator % denominator))
    }
}
