//! Numbers of strangers, read to the last digit: the text of a JSON number or string becomes whole pico-units, and no float is near.

use std::borrow::Cow;

use swan_core::{Amount, ExchangeRate};

/// The longest text that is looked at.
const LONGEST: usize = 80;
/// Digits of the largest amount in pico-units.
const DIGITS_MAX: usize = 28;

/// Why a text is no number that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NumberError {
    #[error("what stands there is no decimal number, and no string with one")]
    Malformed,
    #[error("the price is not above zero")]
    NotPositive,
    #[error("the number is too large")]
    TooLarge,
}

/// US dollars for one SWAN. What is below 10^-12 is cut off: some answers have twenty digits, of which a float has made most.
pub(super) fn price(json: &str) -> Result<ExchangeRate, NumberError> {
    let usd = decimal(json)?;
    ExchangeRate::usd_per_swan(usd).map_err(|_| NumberError::NotPositive)
}

/// A number as JSON writes it, or a string with just that in it.
pub(super) fn decimal(json: &str) -> Result<Amount, NumberError> {
    let text = match json.starts_with('"') {
        true => serde_json::from_str(json)
            .map(Cow::Owned)
            .map_err(|_| NumberError::Malformed)?,
        false => Cow::Borrowed(json),
    };
    let parts = Parts::of(&text).ok_or(NumberError::Malformed)?;
    let pico = parts.pico()?;
    let pico = if parts.is_negative { -pico } else { pico };
    Amount::from_pico(pico).map_err(|_| NumberError::TooLarge)
}

/// The number is `digits`, with so many of them behind the point, times ten to the `exponent`.
struct Parts {
    is_negative: bool,
    digits: String,
    places: i32,
    exponent: i32,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, whole_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let is_good = are_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(are_digits);
        let fraction = fraction.unwrap_or_default();
        is_good.then_some(Self {
            is_negative,
            digits: [whole, fraction].concat(),
            places: i32::try_from(fraction.len()).ok()?,
            exponent,
        })
    }

    fn pico(&self) -> Result<i128, NumberError> {
        let shift = 12 + self.exponent - self.places;
        let cut = usize::try_from(-shift).unwrap_or(0);
        let kept = self.digits.len().saturating_sub(cut);
        let digits = self.digits.get(..kept).unwrap_or_default();
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(0);
        }
        let zeros = usize::try_from(shift).unwrap_or(0);
        if digits.len() + zeros > DIGITS_MAX {
            return Err(NumberError::TooLarge);
        }
        let text = format!("{digits}{}", "0".repeat(zeros));
        text.parse().map_err(|_| NumberError::TooLarge)
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !are_digits(digits) || digits.len() > 3 {
        return None;
    }
    let exponent: i32 = digits.parse().ok()?;
    Some(if text.starts_with('-') {
        -exponent
    } else {
        exponent
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_strings_are_read_to_the_last_digit() {
        for (json, usd) in [
            ("1", "1"),
            ("0.1", "0.1"),
            ("\"0.015\"", "0.015"),
            ("5.01e-4", "0.000501"),
            ("5.01E-4", "0.000501"),
            ("\"1.5e+2\"", "150"),
            ("123e0", "123"),
            ("0.0000005e6", "0.5"),
            ("1e15", "1000000000000000"),
            ("0.000000000001", "0.000000000001"),
            // A float's own digits, of which the last are cut off.
            ("0.000501612345678912345", "0.000501612345"),
            (
                "0.3000000000000000444089209850062616169452667236328125",
                "0.3",
            ),
        ] {
            assert_eq!(price(json).expect(json).to_string(), usd, "{json}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        use NumberError::{Malformed, NotPositive, TooLarge};
        for (json, error) in [
            ("0", NotPositive),
            ("0.0e9", NotPositive),
            ("-0", NotPositive),
            ("-0.5", NotPositive),
            ("\"-1\"", NotPositive),
            ("1e-13", NotPositive),
            ("1e-999", NotPositive),
            ("1e16", TooLarge),
            ("1e999", TooLarge),
            ("1000000000000001", TooLarge),
            ("1e1000", Malformed),
            ("\"NaN\"", Malformed),
            ("NaN", Malformed),
            ("\"Infinity\"", Malformed),
            ("\"\"", Malformed),
            ("\" 1\"", Malformed),
            ("\"+1\"", Malformed),
            ("\"01\"", Malformed),
            ("\".5\"", Malformed),
            ("\"5.\"", Malformed),
            ("\"1,5\"", Malformed),
            ("\"1e\"", Malformed),
            ("\"0x10\"", Malformed),
            ("\"\\u0661\"", Malformed),
            ("\"$1\"", Malformed),
            ("null", Malformed),
            ("true", Malformed),
            ("{}", Malformed),
            ("[1]", Malformed),
        ] {
            assert_eq!(price(json), Err(error), "{json}");
        }
        let long = format!("0.{}", "1".repeat(LONGEST));
        assert_eq!(price(&long), Err(Malformed));
    }

    proptest! {
        #[test]
        fn every_rate_is_read_as_it_is_written(pico in 1..1_000_000_000_000_000_000_000_i128, exponent in -20..20_i32) {
            let rate = ExchangeRate::usd_per_swan(Amount::from_pico(pico).unwrap()).unwrap();
            prop_assert_eq!(price(&rate.to_string()), Ok(rate));
            prop_assert_eq!(price(&format!("\"{rate}\"")), Ok(rate));
            // The same number with its point elsewhere.
            let shifted = format!("{pico}e{}", -12);
            prop_assert_eq!(price(&shifted), Ok(rate));
            let zeros = "0".repeat(exponent.unsigned_abs() as usize);
            let longer = format!("{pico}{zeros}e{}", -12 - exponent.abs());
            prop_assert_eq!(price(&longer), Ok(rate));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,90}") {
            let _read = price(&text);
        }
    }
}
