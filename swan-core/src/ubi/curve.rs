use rust_decimal::Decimal;

use super::real::{self, Real};
use super::{UbiError, UsageRate};
use crate::{Amount, PolicyError};

/// The income curve of Swan 1.0: `y(x) = A x^B e^(-Cx)` SWAN a day, where `x` is the day of the network from 1.
///
/// Source: Seed 002, "Total Income"; its parameters: public record 3.1 (A 20,000, B 0.31, C 0.0017), which also gives the
/// table that the tests hold. The sample in the appendix of the same public page (13,898.99 SWAN for day 360) contradicts
/// that table and the formula, which give 67,250.50; the formula is computed here.
///
/// # Exactness
///
/// Values are computed with 160 bits, each operation correctly rounded, and rounded once to pico-SWAN: a day's value
/// differs from the real number by at most 0.5 + 2^-40 pico-SWAN, and is the same on every platform.
///
/// ```
/// use swan_core::ubi::{UbiCurve, UsageRate};
///
/// let curve = UbiCurve::new("20000".parse()?, "0.31".parse()?, "0.0017".parse()?)?;
/// assert_eq!(curve.full(360)?, "67250.504701145823".parse()?);
/// assert_eq!(curve.on(360, UsageRate::NONE)?, curve.full(360)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UbiCurve {
    scale: Amount,
    exponent: Decimal,
    decay: Decimal,
}

impl UbiCurve {
    /// The last day of the curve: a century after the first.
    pub const LAST_DAY: u32 = 36_525;

    /// A curve of scale A in SWAN a day, exponent B and decay C.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Invalid`] names the parameter: A lies between 0 and 10^9 SWAN, B and C between 0 and 1.
    pub fn new(scale: Amount, exponent: Decimal, decay: Decimal) -> Result<Self, PolicyError> {
        let most = 1_000_000_000 * Amount::PICO_PER_UNIT;
        if scale.is_negative() || scale.pico() > most {
            let rule = "it lies between 0 and 10^9 SWAN a day";
            return Err(PolicyError::invalid(
                "ubi.curve.scale_swan_per_day",
                scale,
                rule,
            ));
        }
        for (key, value) in [("ubi.curve.exponent", exponent), ("ubi.curve.decay", decay)] {
            if !(Decimal::ZERO..=Decimal::ONE).contains(&value) {
                return Err(PolicyError::invalid(key, value, "it lies between 0 and 1"));
            }
        }
        Ok(Self {
            scale,
            exponent,
            decay,
        })
    }

    /// The income of a network that nobody uses, in SWAN on day `day`, counted from 1.
    ///
    /// # Errors
    ///
    /// [`UbiError::OffTheCurve`] outside 1 to [`UbiCurve::LAST_DAY`].
    pub fn full(&self, day: u32) -> Result<Amount, UbiError> {
        self.on(day, UsageRate::NONE)
    }

    /// The income that is left at this usage, in SWAN on day `day`: `y(x) (1 - u)`, rounded once.
    ///
    /// # Errors
    ///
    /// [`UbiError::OffTheCurve`] outside 1 to [`UbiCurve::LAST_DAY`].
    pub fn on(&self, day: u32, usage: UsageRate) -> Result<Amount, UbiError> {
        Self::check(day)?;
        let value = self.at(u128::from(day), 1) * real::fraction(usage.idle(), usage.there());
        Ok(real::amount(&value)?)
    }

    /// The sum of the days `from` to `until`, both included, in SWAN at no usage: what is in fact paid out.
    ///
    /// # Errors
    ///
    /// [`UbiError::OffTheCurve`], and [`UbiError::Backwards`] when `until` comes before `from`.
    pub fn sum(&self, from: u32, until: u32) -> Result<Amount, UbiError> {
        Self::check(from)?;
        Self::check(until)?;
        if until < from {
            return Err(UbiError::Backwards { from, until });
        }
        (from..=until).try_fold(Amount::ZERO, |sum, day| {
            Ok(sum.checked_add(self.full(day)?)?)
        })
    }

    pub(super) fn check(day: u32) -> Result<(), UbiError> {
        if (1..=Self::LAST_DAY).contains(&day) {
            Ok(())
        } else {
            Err(UbiError::OffTheCurve { day })
        }
    }

    /// `y` at `numerator / denominator` of a day, which is at least 1.
    pub(super) fn at(&self, numerator: u128, denominator: u128) -> Real {
        let x = real::fraction(numerator, denominator);
        let growth = real::decimal(self.exponent) * x.ln();
        let exponent = growth - real::decimal(self.decay) * x;
        let pico = real::whole(self.scale.pico().unsigned_abs());
        pico / real::whole(Amount::PICO_PER_UNIT.unsigned_abs()) * exponent.exp()
    }
}
