use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::MoneyError;

/// What an amount is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Currency {
    /// US dollars: all prices, and balances topped up in USDC or USDT.
    #[serde(rename = "USD")]
    Usd,
    /// The SWAN token.
    #[serde(rename = "SWAN")]
    Swan,
}

impl Currency {
    /// Every currency, in a fixed order.
    pub const ALL: [Self; 2] = [Self::Usd, Self::Swan];

    /// The code that it is written as: `USD` or `SWAN`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Swan => "SWAN",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    /// Reads `USD` or `SWAN` in any case; `USDC` and `USDT` are held as `USD`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if ["USD", "USDC", "USDT"]
            .iter()
            .any(|code| text.eq_ignore_ascii_case(code))
        {
            Ok(Self::Usd)
        } else if text.eq_ignore_ascii_case("SWAN") {
            Ok(Self::Swan)
        } else {
            Err(MoneyError::UnknownCurrency)
        }
    }
}
