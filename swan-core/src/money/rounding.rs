//! The one place where money is rounded.
//!
//! A charge is rounded once, at the gross; splits allocate whole units by largest remainder and never round.

/// `numerator / denominator`, rounded to the nearest whole number, and to the even one of two equally near.
///
/// `None` when `denominator` is 0.
pub(crate) const fn half_to_even(numerator: u128, denominator: u128) -> Option<u128> {
    let (quotient, remainder) = divide(numerator, denominator);
    let Some(quotient) = quotient else {
        return None;
    };
    // Comparing with what is left avoids doubling the remainder, which could overflow.
    let left = denominator - remainder;
    let up = remainder > left || (remainder == left && quotient % 2 == 1);
    Some(if up { quotient + 1 } else { quotient })
}

/// Quotient and remainder; the common case fits 64 bits, where division costs a third.
const fn divide(numerator: u128, denominator: u128) -> (Option<u128>, u128) {
    const WORD: u128 = u64::MAX as u128;
    if denominator == 0 {
        return (None, 0);
    }
    if numerator <= WORD && denominator <= WORD {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "both were compared with u64::MAX"
        )]
        let (n, d) = (numerator as u64, denominator as u64);
        (Some((n / d) as u128), (n % d) as u128)
    } else {
        (Some(numerator / denominator), numerator % denominator)
    }
}
