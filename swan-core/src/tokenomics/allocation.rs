use dashu_int::UBig;

use super::TokenError;
use crate::money::rounding::half_to_even;
use crate::{Amount, BasisPoints, MoneyError};

/// Divides `total` by weight: each part is its share rounded down to a pico-unit, and the pico-units that are left go one
/// each to the parts with the largest remainders, among equals to the one that stands first. The parts sum to `total`.
///
/// ```
/// use swan_core::tokenomics::allocate;
///
/// let parts = allocate("0.000000000002".parse()?, &[1, 1, 1])?;
/// assert_eq!(parts.iter().map(|part| part.pico()).collect::<Vec<_>>(), [1, 1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TokenError::Negative`] for a total below zero, [`TokenError::NoWeight`] when the weights sum to nothing,
/// [`TokenError::TooLarge`] when they leave 128 bits.
pub fn allocate(total: Amount, weights: &[u128]) -> Result<Vec<Amount>, TokenError> {
    if total.is_negative() {
        return Err(TokenError::Negative {
            what: "what is allocated",
        });
    }
    let sum = weights
        .iter()
        .try_fold(0_u128, |sum, weight| sum.checked_add(*weight))
        .ok_or(TokenError::TooLarge {
            what: "the sum of weights",
        })?;
    if sum == 0 {
        return Err(TokenError::NoWeight);
    }
    let units = total.pico().unsigned_abs();
    let mut parts: Vec<(u128, u128)> = weights
        .iter()
        .map(|weight| divide(units, *weight, sum))
        .collect();
    let given: u128 = parts.iter().map(|(part, _)| part).sum();
    // Each part lost less than one unit, so fewer units are left than there are parts with a remainder.
    let left = usize::try_from(units - given).unwrap_or(usize::MAX);
    let mut by_remainder: Vec<&mut (u128, u128)> = parts.iter_mut().collect();
    by_remainder.sort_by_key(|(_, remainder)| std::cmp::Reverse(*remainder));
    for (part, _) in by_remainder.into_iter().take(left) {
        *part += 1;
    }
    parts
        .into_iter()
        .map(|(part, _)| Ok(Amount::from_pico(part.cast_signed())?))
        .collect()
}

/// Quotient and remainder of `units * weight / sum`, exactly; `weight` is at most `sum`, so the quotient is at most `units`.
fn divide(units: u128, weight: u128, sum: u128) -> (u128, u128) {
    if let Some(product) = units.checked_mul(weight) {
        return (product / sum, product % sum);
    }
    let (product, sum) = (UBig::from(units) * UBig::from(weight), UBig::from(sum));
    let small = |number: UBig| u128::try_from(number).unwrap_or(u128::MAX);
    (small(&product / &sum), small(product % sum))
}

/// `share` of `amount`, rounded once, half to even.
pub(crate) fn share_of(amount: Amount, share: BasisPoints) -> Result<Amount, MoneyError> {
    let whole = u128::from(BasisPoints::WHOLE.get());
    let units = amount.pico().unsigned_abs() * u128::from(share.get());
    let rounded = half_to_even(units, whole).unwrap_or(0).cast_signed();
    Amount::from_pico(if amount.is_negative() {
        -rounded
    } else {
        rounded
    })
}

/// `amount * part / whole`, rounded once, half to even; `part` is at most `whole`, which is not 0, and `amount` is not
/// below zero.
pub(crate) fn fraction_of(amount: Amount, part: u128, whole: u128) -> Result<Amount, MoneyError> {
    let whole = whole.max(1);
    let (quotient, remainder) = divide(amount.pico().unsigned_abs(), part, whole);
    let left = whole - remainder;
    let up = remainder > left || (remainder == left && quotient % 2 == 1);
    Amount::from_pico((quotient + u128::from(up)).cast_signed())
}
