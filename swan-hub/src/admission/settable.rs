//! Limits as flags and JSON give them, one at a time, so that a mistake names its field and what was expected.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use swan_core::{Amount, Day, Timestamp};

use super::limits::{EndpointScope, KeyLimits, SpendPeriod};

/// The most a rate can be.
const RATE_MAX: u64 = 1_000_000_000;
const CONCURRENCY_MAX: u64 = 1_000_000;
/// Caps are below so many US dollars, and ends not after the year 9999, which other programs could not read.
const CAP_BEYOND: i64 = 1_000_000_000;
const END_MAX_MS: u64 = 253_402_300_799_000;
/// The most names in one list.
const LIST_MAX: usize = 100;

/// The fields that [`KeyLimits::set`] knows.
const FIELDS: [&str; 10] = [
    "rpm",
    "tpm",
    "concurrency",
    "models",
    "endpoints",
    "spend_cap",
    "spend_per",
    "allow_ip",
    "expires",
    "free",
];

/// A field that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
#[non_exhaustive]
pub struct LimitError {
    /// The field.
    pub field: String,
    /// What should be there.
    pub expected: String,
    /// What is there, cut to what fits a line.
    pub found: String,
}

impl KeyLimits {
    /// Sets one limit; null takes it away. Numbers and lists may be text, as flags have them: `60`, `Qwen/*,a/b`. A time
    /// without a date, such as `30d`, counts from `now`.
    ///
    /// # Errors
    ///
    /// [`LimitError`] names the field and what was expected.
    pub fn set(&mut self, field: &str, value: &Value, now: Timestamp) -> Result<(), LimitError> {
        let wrong = |expected: &str| LimitError {
            field: field.chars().take(80).collect(),
            expected: expected.to_owned(),
            found: value.to_string().chars().take(80).collect(),
        };
        let rate = |most: u64| match value {
            Value::Null => Ok(None),
            _ => {
                let found = value.as_u64().or_else(|| value.as_str()?.parse().ok());
                let found = found.filter(|count| (1..=most).contains(count));
                let expected = format!("a whole number from 1 to {most}, or null for no limit");
                found.map(Some).ok_or_else(|| wrong(&expected))
            }
        };
        match field {
            "rpm" => self.rpm = rate(RATE_MAX)?,
            "tpm" => self.tpm = rate(RATE_MAX)?,
            "concurrency" => {
                let count = rate(CONCURRENCY_MAX)?;
                self.concurrency = count.and_then(|count| u32::try_from(count).ok());
            }
            "models" => {
                let expected = "at most 100 names of models such as Qwen/Qwen3-8B or Qwen/*";
                self.models = list(value).ok_or_else(|| wrong(expected))?;
            }
            "endpoints" => {
                let names = EndpointScope::ALL.map(EndpointScope::as_str).join(", ");
                let expected = format!("some of {names}");
                self.endpoints = list(value).ok_or_else(|| wrong(&expected))?;
            }
            "spend_cap" => {
                let expected = "US dollars as a decimal string such as \"5.00\", not below zero and below 1000000000";
                self.spend_cap = optional(value, cap).ok_or_else(|| wrong(expected))?;
            }
            "spend_per" => {
                let expected = "day or month, or null for all time";
                self.spend_per = optional(value, period).ok_or_else(|| wrong(expected))?;
            }
            "allow_ip" => {
                let expected =
                    "at most 100 addresses or networks such as 10.0.0.0/8 or 2001:db8::1";
                let nets: Vec<Net> = list(value).ok_or_else(|| wrong(expected))?;
                self.allow_ip = nets.into_iter().map(|net| net.0).collect();
            }
            "expires" | "expires_ms" => {
                let expected = "a day such as 2027-01-31, a moment such as 2027-01-31T12:00:00Z, a time from now such as 30d or 12h, or milliseconds since 1970";
                self.expires =
                    optional(value, |value| moment(value, now)).ok_or_else(|| wrong(expected))?;
            }
            "free" => {
                self.free = match value {
                    Value::Null => false,
                    Value::Bool(free) => *free,
                    _ => return Err(wrong("true or false")),
                };
            }
            _ => {
                let mut error = wrong("");
                error.expected = format!("one of the fields {}", FIELDS.join(", "));
                return Err(error);
            }
        }
        Ok(())
    }
}

fn optional<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match value {
        Value::Null => Some(None),
        value => read(value).map(Some),
    }
}

/// A JSON list of texts, or one text with commas.
fn list<T: FromStr>(value: &Value) -> Option<Vec<T>> {
    let texts: Vec<&str> = match value {
        Value::Null => Vec::new(),
        Value::String(text) => text.split(',').map(str::trim).collect(),
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    if texts.len() > LIST_MAX {
        return None;
    }
    texts.into_iter().map(|text| text.parse().ok()).collect()
}

fn cap(value: &Value) -> Option<Amount> {
    let amount: Amount = match value {
        Value::String(text) => text.parse().ok()?,
        // Whole dollars are exact; fractions of a JSON number might not be.
        Value::Number(number) => Amount::from_units(number.as_i64()?).ok()?,
        _ => return None,
    };
    let beyond = Amount::from_units(CAP_BEYOND).ok()?;
    (!amount.is_negative() && amount < beyond).then_some(amount)
}

fn period(value: &Value) -> Option<SpendPeriod> {
    let periods = [SpendPeriod::Day, SpendPeriod::Month];
    let text = value.as_str()?;
    periods.into_iter().find(|period| period.as_str() == text)
}

fn moment(value: &Value, now: Timestamp) -> Option<Timestamp> {
    let text = match value {
        Value::Number(number) => {
            let millis = number.as_u64().filter(|millis| *millis <= END_MAX_MS)?;
            return Some(Timestamp::from_millis(millis));
        }
        value => value.as_str()?,
    };
    if let Ok(day) = text.parse::<Day>() {
        return Some(day.start());
    }
    if let Some((day, time)) = text.split_once('T') {
        let day: Day = day.parse().ok()?;
        let mut parts = time.strip_suffix('Z')?.split(':').map(|part| {
            let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| part.parse::<u64>().ok())?
        });
        let (hours, minutes, secs) = (parts.next()??, parts.next()??, parts.next()??);
        let is_time = hours < 24 && minutes < 60 && secs < 60 && parts.next().is_none();
        let since = Duration::from_secs(hours * 3_600 + minutes * 60 + secs);
        return is_time.then(|| day.start().after(since));
    }
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let secs = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
    Some(now.after(Duration::from_secs(u64::from(count) * secs)))
}

/// A network, or an address as the network of itself.
struct Net(ipnet::IpNet);

impl FromStr for Net {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let address = || text.parse::<std::net::IpAddr>().ok();
        let net = text.parse::<ipnet::IpNet>().ok();
        let net = net.or_else(|| address().map(ipnet::IpNet::from));
        net.map(|net| Self(net.trunc())).ok_or(())
    }
}

impl FromStr for EndpointScope {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| LimitError {
            field: "endpoints".to_owned(),
            expected: Self::ALL.map(Self::as_str).join(", "),
            found: text.chars().take(80).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn set(field: &str, value: &Value) -> Result<KeyLimits, LimitError> {
        let mut limits = KeyLimits::default();
        limits.set(field, value, NOW).map(|()| limits)
    }

    #[test]
    fn a_limit_reads_as_flag_and_as_json() {
        for (field, flag, value) in [
            ("rpm", "60", json!(60)),
            ("tpm", "100000", json!(100_000)),
            ("concurrency", "4", json!(4)),
            ("models", "Qwen/*, a/b", json!(["Qwen/*", "a/b"])),
            ("endpoints", "chat,images", json!(["chat", "images"])),
            ("spend_cap", "5", json!(5)),
            ("spend_per", "day", json!("day")),
            (
                "allow_ip",
                "10.0.0.0/8,::1",
                json!(["10.0.0.0/8", "::1/128"]),
            ),
            ("expires", "1970-01-01T00:00:31Z", json!(31_000)),
            ("expires", "30s", json!(31_000)),
        ] {
            let limits = set(field, &json!(flag)).unwrap();
            assert_eq!(limits, set(field, &value).unwrap(), "{field}");
            assert!(!limits.is_empty());
            let mut without = limits;
            without.set(field, &Value::Null, NOW).unwrap();
            assert!(without.is_empty(), "{field}");
        }
        let day = set("expires", &json!("1970-01-02")).unwrap();
        assert_eq!(day.expires, Some(Timestamp::from_millis(86_400_000)));
    }

    #[test]
    fn a_mistake_names_the_field_and_what_was_expected() {
        for (field, value, word) in [
            ("rpm", json!(0), "1 to"),
            ("rpm", json!(1.5), "whole number"),
            ("rpm", json!("many"), "whole number"),
            ("concurrency", json!(-1), "1 to 1000000"),
            ("models", json!(["a b"]), "Qwen/*"),
            ("models", json!([1]), "names"),
            ("models", json!(vec!["a"; 101]), "at most 100"),
            ("endpoints", json!("chat,chess"), "embeddings"),
            ("spend_cap", json!("-1"), "not below zero"),
            ("spend_cap", json!(0.1), "decimal string"),
            ("spend_cap", json!(1_000_000_000), "below 1000000000"),
            ("expires", json!(253_402_300_799_001_u64), "milliseconds"),
            ("spend_per", json!("week"), "day or month"),
            ("allow_ip", json!("10.0.0.0/33"), "networks"),
            ("expires", json!("soon"), "30d"),
            ("expires", json!("2027-02-30"), "2027-01-31"),
            ("expires", json!("0d"), "30d"),
            ("free", json!("yes"), "true or false"),
            ("rmp", json!(1), "rpm"),
        ] {
            let error = set(field, &value).unwrap_err().to_string();
            assert!(error.starts_with(field) && error.contains(word), "{error}");
        }
    }
}
