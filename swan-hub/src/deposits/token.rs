use serde::{Deserialize, Serialize};
use swan_core::{Amount, Currency};

use super::{Address, Units};

/// A token that is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// What it is called here: `USDC`.
    pub symbol: String,
    /// Its contract.
    pub address: Address,
    /// How many places it counts: 6 means that a million of its smallest units are one.
    pub decimals: u8,
    /// What a unit of it is credited as.
    pub currency: Currency,
}

/// What so many units of a token are in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// What is credited.
    pub amount: Amount,
    /// How many of the token's smallest units are less than the books can count (10^-12), and stay uncredited.
    pub dust: u128,
}

/// Places that the books count.
const PLACES: u32 = 12;

impl Token {
    /// A token of `decimals` places, of which one is credited as one of `currency`.
    #[must_use]
    pub fn new(
        symbol: impl Into<String>,
        address: Address,
        decimals: u8,
        currency: Currency,
    ) -> Self {
        Self {
            symbol: symbol.into(),
            address,
            decimals,
            currency,
        }
    }

    /// What so many of its smallest units are in the books; `None` when that is more than the books can hold.
    #[must_use]
    pub fn convert(&self, units: Units) -> Option<Converted> {
        let units = units.small()?;
        let decimals = u32::from(self.decimals);
        let (pico, dust) = match decimals.checked_sub(PLACES) {
            None => {
                let factor = 10_u128.checked_pow(PLACES - decimals)?;
                (units.checked_mul(factor)?, 0)
            }
            Some(finer) => {
                let factor = 10_u128.checked_pow(finer)?;
                (units / factor, units % factor)
            }
        };
        let amount = Amount::from_pico(i128::try_from(pico).ok()?).ok()?;
        Some(Converted { amount, dust })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_credited_one_to_one_and_dust_is_told() {
        for (decimals, units, expected) in [
            (6, "1", Some(("0.000001", 0))),
            (6, "12345678", Some(("12.345678", 0))),
            (12, "1", Some(("0.000000000001", 0))),
            (18, "1000000000000000000", Some(("1", 0))),
            (18, "1000000000001999999", Some(("1.000000000001", 999_999))),
            (18, "999999", Some(("0", 999_999))),
            (0, "7", Some(("7", 0))),
            // 10^15 is the most that the books hold.
            (6, "1000000000000000000000", Some(("1000000000000000", 0))),
            (6, "1000000000000000000001", None),
            (18, "340282366920938463463374607431768211456", None),
            (0, "340282366920938463463374607431768211455", None),
        ] {
            let token = Token::new("T", Address::new([1; 20]), decimals, Currency::Usd);
            let converted = token.convert(Units::from_decimal(units).unwrap());
            let expected = expected.map(|(amount, dust)| Converted {
                amount: amount.parse().unwrap(),
                dust,
            });
            assert_eq!(converted, expected, "{units} of {decimals} places");
        }
    }
}
