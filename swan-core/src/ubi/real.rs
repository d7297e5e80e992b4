//! Real numbers for the income curve: 160 bits, every operation correctly rounded, no machine float.
//!
//! Correct rounding is what makes the curve equal on all platforms: each operation has only one right answer.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use rust_decimal::Decimal;

use crate::{Amount, MoneyError};

pub(super) type Real = FBig<HalfEven, 2>;

const BITS: usize = 160;

/// A whole number; those below 2^128 are exact.
pub(super) fn whole(number: u128) -> Real {
    Real::from(number).with_precision(BITS).value()
}

/// A fraction of whole numbers, rounded once. The denominator is not 0.
pub(super) fn fraction(numerator: u128, denominator: u128) -> Real {
    whole(numerator) / whole(denominator.max(1))
}

/// A decimal number that is not below zero.
pub(super) fn decimal(number: Decimal) -> Real {
    fraction(
        number.mantissa().unsigned_abs(),
        10_u128.pow(number.scale()),
    )
}

/// A number of units as an amount, rounded once to the nearest pico-unit, half to even.
pub(super) fn amount(units: &Real) -> Result<Amount, MoneyError> {
    let pico = units * whole(Amount::PICO_PER_UNIT.unsigned_abs());
    i128::try_from(pico.to_int().value())
        .map_err(|_| MoneyError::OutOfRange)
        .and_then(Amount::from_pico)
}
