use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Amount, Currency, MoneyError};

/// What one SWAN costs in US dollars, exact to twelve places and above zero.
///
/// A rate is stamped on the terms of a request when it is quoted, so that the charge cannot drift away from the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeRate(Amount);

impl ExchangeRate {
    /// A rate of `usd` for one SWAN.
    ///
    /// # Errors
    ///
    /// [`MoneyError::RateNotPositive`] when `usd` is zero or less.
    pub fn usd_per_swan(usd: Amount) -> Result<Self, MoneyError> {
        if usd > Amount::ZERO {
            Ok(Self(usd))
        } else {
            Err(MoneyError::RateNotPositive)
        }
    }

    /// US dollars for one SWAN.
    #[must_use]
    pub const fn usd(self) -> Amount {
        self.0
    }

    /// What so much of one currency is in the other: US dollars in SWAN, SWAN in US dollars. Rounded once, down, so that whoever
    /// gives it gives no more than the rate allows.
    ///
    /// ```
    /// use swan_core::{Currency, ExchangeRate};
    ///
    /// let rate: ExchangeRate = "0.3".parse()?;
    /// assert_eq!(rate.convert("1".parse()?, Currency::Usd)?, "3.333333333333".parse()?);
    /// assert_eq!(rate.convert("10".parse()?, Currency::Swan)?, "3".parse()?);
    /// # Ok::<(), swan_core::MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond the largest amount of money.
    pub fn convert(self, amount: Amount, from: Currency) -> Result<Amount, MoneyError> {
        let usd = self.0.pico().unsigned_abs();
        let one = Amount::PICO_PER_UNIT.unsigned_abs();
        match from {
            Currency::Usd => amount.scaled_down(one, usd),
            Currency::Swan => amount.scaled_down(usd, one),
        }
    }
}

impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for ExchangeRate {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        text.parse().and_then(Self::usd_per_swan)
    }
}

impl Serialize for ExchangeRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExchangeRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Amount::deserialize(deserializer)
            .and_then(|usd| Self::usd_per_swan(usd).map_err(de::Error::custom))
    }
}
