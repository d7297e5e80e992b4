use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use encapsulate::Amount;

/// Why something is not an amount, a share, a rate or a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("an amount is a plain decimal number such as 5 or 0.000024")]
    Malformed,
    /// More than twelve decimal places.
    #[error("an amount has at most 12 decimal places")]
    TooFine,
    /// Beyond 10^15 units either way.
    #[error("an amount lies between -10^15 and 10^15 units")]
    OutOfRange,
    /// A share above 10,000 basis points.
    #[error("a share is at most 10000 basis points")]
    ShareTooLarge,
    /// Nothing weighs anything, so nothing can be divided by weight.
    #[error("the weights sum to nothing")]
    NoWeight,
    /// An exchange rate of zero or less.
    #[error("an exchange rate is above zero")]
    RateNotPositive,
    /// Neither USD nor SWAN.
    #[error("unknown currency: expected USD or SWAN")]
    UnknownCurrency,
}

/// The only code that can touch the number inside an amount.
mod encapsulate {
    use super::MoneyError;

    /// A sum of money: a whole number of pico-units (10^-12) of a currency that is named beside it.
    ///
    /// Negative amounts exist as balances of contra accounts. The range is ±10^15 units, so that every amount times
    /// 10,000 basis points stays far inside an `i128`, and every amount fits the 96 bits of a `Decimal`.
    #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Amount(i128);

    impl Amount {
        /// Nothing.
        pub const ZERO: Self = Self(0);
        /// The largest amount: 10^15 units.
        pub const MAX: Self = Self(1_000_000_000_000_000 * Self::PICO_PER_UNIT);
        /// The smallest amount: -10^15 units.
        pub const MIN: Self = Self(-Self::MAX.0);
        /// Pico-units in one unit.
        pub const PICO_PER_UNIT: i128 = 1_000_000_000_000;

        /// An amount of `pico` pico-units.
        ///
        /// # Errors
        ///
        /// [`MoneyError::OutOfRange`] beyond 10^15 units either way.
        pub const fn from_pico(pico: i128) -> Result<Self, MoneyError> {
            if pico <= Self::MAX.0 && pico >= Self::MIN.0 {
                Ok(Self(pico))
            } else {
                Err(MoneyError::OutOfRange)
            }
        }

        /// The amount with the other sign, which is an amount since the range is symmetric.
        pub(super) const fn negated(self) -> Self {
            Self(-self.0)
        }

        /// The number of pico-units.
        #[must_use]
        pub const fn pico(self) -> i128 {
            self.0
        }
    }
}

impl Amount {
    /// An amount of whole units: 5 is $5, or 5 SWAN.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond 10^15 units either way.
    pub const fn from_units(units: i64) -> Result<Self, MoneyError> {
        Self::from_pico(units as i128 * Self::PICO_PER_UNIT)
    }

    /// An amount of so many pico-units, above zero or below it.
    pub(crate) fn from_magnitude(pico: u128, negative: bool) -> Result<Self, MoneyError> {
        let pico = i128::try_from(pico).map_err(|_| MoneyError::OutOfRange)?;
        Self::from_pico(if negative { -pico } else { pico })
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when the sum is no amount.
    pub const fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_pico(self.pico() + other.pico())
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when the difference is no amount.
    pub const fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        Self::from_pico(self.pico() - other.pico())
    }

    /// The sum of all `amounts`.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when a partial sum is no amount.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.pico() == 0
    }

    /// Whether this is below nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.pico() < 0
    }
}

impl std::ops::Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        self.negated()
    }
}

impl fmt::Display for Amount {
    /// Writes the exact decimal number without trailing zeros: `5`, `-0.5`, `0.000024`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = Self::PICO_PER_UNIT.unsigned_abs();
        let pico = self.pico().unsigned_abs();
        let (whole, mut fraction, mut places) = (pico / unit, pico % unit, 12);
        let mut text = whole.to_string();
        if fraction > 0 {
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                places -= 1;
            }
            text.push('.');
            text.push_str(&format!("{fraction:0places$}"));
        }
        f.pad_integral(!self.is_negative(), "", &text)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Amount {
    type Err = MoneyError;

    /// Reads a plain decimal number; signs other than `-`, exponents, separators and spaces are refused.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return Err(MoneyError::Malformed);
        }
        if fraction.len() > 12 {
            return Err(MoneyError::TooFine);
        }
        // 16 digits are enough for 10^15; longer texts are refused before they can overflow.
        let whole = whole.trim_start_matches('0');
        if whole.len() > 16 {
            return Err(MoneyError::OutOfRange);
        }
        let parse = |part: &str| {
            part.bytes()
                .fold(0_i128, |n, byte| n * 10 + i128::from(byte - b'0'))
        };
        let padding = 12 - fraction.len();
        let pico = (0..padding).fold(parse(fraction), |n, _| n * 10);
        let total = parse(whole) * Self::PICO_PER_UNIT + pico;
        Self::from_pico(if negative { -total } else { total })
    }
}

impl Serialize for Amount {
    /// A string where people read it, since JSON numbers pass through floats; pico-units as `i128` elsewhere.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i128(self.pico())
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            i128::deserialize(deserializer)
                .and_then(|pico| Self::from_pico(pico).map_err(de::Error::custom))
        }
    }
}

impl TryFrom<Decimal> for Amount {
    type Error = MoneyError;

    /// The same number, exactly; one that needs more than twelve places is refused rather than rounded.
    fn try_from(value: Decimal) -> Result<Self, MoneyError> {
        let value = value.normalize();
        let padding = 12_u32
            .checked_sub(value.scale())
            .ok_or(MoneyError::TooFine)?;
        10_i128
            .checked_pow(padding)
            .and_then(|factor| value.mantissa().checked_mul(factor))
            .ok_or(MoneyError::OutOfRange)
            .and_then(Self::from_pico)
    }
}

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        // The range of an amount keeps its pico-units below 2^96, so this cannot fail.
        Self::try_from_i128_with_scale(amount.pico(), 12)
            .unwrap_or(Self::MAX)
            .normalize()
    }
}
