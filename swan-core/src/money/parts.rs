//! Multiples and parts of an amount: exact, rounded once, or summing to the whole.

use std::cmp::Reverse;

use super::rounding::{half_to_even_of, proportion};
use super::{Amount, BasisPoints, MoneyError};

impl Amount {
    /// So many times the amount.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when the product is no amount.
    pub fn times(self, count: u64) -> Result<Self, MoneyError> {
        let pico = self.pico().checked_mul(i128::from(count));
        pico.ok_or(MoneyError::OutOfRange).and_then(Self::from_pico)
    }

    /// The amount times `numerator / denominator`, rounded once, half to even, with nothing lost before that.
    ///
    /// ```
    /// use swan_core::Amount;
    ///
    /// let third = Amount::from_units(2)?.scaled(1, 3)?;
    /// assert_eq!(third, "0.666666666667".parse()?);
    /// # Ok::<(), swan_core::MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when the result is no amount, as with a denominator of 0.
    pub fn scaled(self, numerator: u128, denominator: u128) -> Result<Self, MoneyError> {
        half_to_even_of(self.pico().unsigned_abs(), numerator, denominator)
            .ok_or(MoneyError::OutOfRange)
            .and_then(|pico| Self::from_magnitude(pico, self.is_negative()))
    }

    /// The amount times `numerator / denominator`, rounded once, towards zero: for what is promised, which is never more.
    ///
    /// # Errors
    ///
    /// As [`scaled`](Self::scaled).
    pub fn scaled_down(self, numerator: u128, denominator: u128) -> Result<Self, MoneyError> {
        proportion(self.pico().unsigned_abs(), numerator, denominator)
            .ok_or(MoneyError::OutOfRange)
            .and_then(|(pico, _)| Self::from_magnitude(pico, self.is_negative()))
    }

    /// This share of the amount, rounded once, half to even.
    #[must_use]
    pub fn share(self, share: BasisPoints) -> Self {
        // A part of an amount is an amount, so this cannot fail.
        self.scaled(share.get().into(), BasisPoints::WHOLE.get().into())
            .unwrap_or_default()
    }

    /// Divides the amount by weight, with parts that sum to it exactly.
    ///
    /// Each part is its share rounded towards zero to a pico-unit; the pico-units that are left go one each to the parts with
    /// the largest remainders, and among equals to the one that stands first. An amount below zero is divided as the one
    /// above zero is, so a refund is shared as its charge was.
    ///
    /// ```
    /// use swan_core::Amount;
    ///
    /// let parts = Amount::from_pico(2)?.allocate(&[1, 1, 1])?;
    /// assert_eq!(parts.iter().map(|part| part.pico()).collect::<Vec<_>>(), [1, 1, 0]);
    /// # Ok::<(), swan_core::MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::NoWeight`] when the weights sum to nothing, [`MoneyError::OutOfRange`] when their sum leaves 128 bits.
    pub fn allocate(self, weights: &[u128]) -> Result<Vec<Self>, MoneyError> {
        let mut parts = vec![Part::default(); weights.len()];
        divide(self.pico().unsigned_abs(), weights, &mut parts)?;
        let amounts = parts.iter().map(|part| part.amount(self.is_negative()));
        Ok(amounts.collect())
    }

    /// As [`allocate`](Self::allocate), for a number of parts that is known.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    pub fn divide<const N: usize>(self, weights: [u128; N]) -> Result<[Self; N], MoneyError> {
        let mut parts = [Part::default(); N];
        divide(self.pico().unsigned_abs(), &weights, &mut parts)?;
        Ok(parts.map(|part| part.amount(self.is_negative())))
    }
}

/// One part of an amount, in pico-units, with what rounding it down took.
#[derive(Clone, Copy, Default)]
struct Part {
    place: usize,
    pico: u128,
    remainder: u128,
}

impl Part {
    /// A part of an amount is an amount, so this cannot fail.
    fn amount(self, negative: bool) -> Amount {
        Amount::from_magnitude(self.pico, negative).unwrap_or_default()
    }
}

/// Fills `parts`, of which there are as many as weights.
fn divide(pico: u128, weights: &[u128], parts: &mut [Part]) -> Result<(), MoneyError> {
    let sum = weights
        .iter()
        .try_fold(0_u128, |sum, weight| sum.checked_add(*weight))
        .ok_or(MoneyError::OutOfRange)?;
    if sum == 0 {
        return Err(MoneyError::NoWeight);
    }
    let mut left = pico;
    for (place, (part, weight)) in parts.iter_mut().zip(weights).enumerate() {
        // A weight is at most the sum of all, so its part is at most the whole.
        let (pico, remainder) = proportion(pico, *weight, sum).ok_or(MoneyError::OutOfRange)?;
        *part = Part {
            place,
            pico,
            remainder,
        };
        left -= pico;
    }
    // Each part lost less than one unit, so fewer units are left than there are parts with a remainder.
    if left > 0 {
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        parts.sort_unstable_by_key(|part| (Reverse(part.remainder), part.place));
        for part in parts.iter_mut().take(left) {
            part.pico += 1;
        }
        parts.sort_unstable_by_key(|part| part.place);
    }
    Ok(())
}
