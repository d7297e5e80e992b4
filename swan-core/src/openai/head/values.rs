//! Single values of a body, checked.

use serde_json::value::RawValue;

use super::HeadError;
use super::error::wrong;
use crate::Currency;
use crate::routing::RoutePreferences;

pub(super) fn integer(
    field: &'static str,
    expected: &'static str,
    (least, most): (u64, u64),
    value: Option<&RawValue>,
) -> Result<Option<u64>, HeadError> {
    let Some(value) = present(value) else {
        return Ok(None);
    };
    match whole(value.get()) {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(wrong(field, expected, value)),
    }
}

/// A whole number, also as languages write it that have no integers: `64.0`.
pub(super) fn whole(text: &str) -> Option<u64> {
    let (number, zeros) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = zeros.bytes().all(|byte| byte == b'0');
    number.parse().ok().filter(|_| is_whole)
}

pub(super) fn boolean(
    field: &'static str,
    value: Option<&RawValue>,
) -> Result<Option<bool>, HeadError> {
    match present(value).map(|value| (value, value.get())) {
        None => Ok(None),
        Some((_, "true")) => Ok(Some(true)),
        Some((_, "false")) => Ok(Some(false)),
        Some((value, _)) => Err(wrong(field, "true or false", value)),
    }
}

pub(super) fn string(
    field: &'static str,
    expected: &'static str,
    value: Option<&RawValue>,
) -> Result<Option<String>, HeadError> {
    let Some(value) = present(value) else {
        return Ok(None);
    };
    serde_json::from_str(value.get())
        .map(Some)
        .map_err(|_| wrong(field, expected, value))
}

/// A value that is not `null`, which counts as absent.
pub(super) fn present(value: Option<&RawValue>) -> Option<&RawValue> {
    value.filter(|value| value.get() != "null")
}

/// What stands between the quotes of a text, escapes and all.
pub(super) fn text_of(value: &RawValue) -> Option<&[u8]> {
    let text = value.get().strip_prefix('"')?.strip_suffix('"')?;
    Some(text.as_bytes())
}

/// A provider's name, or an object that says who may serve.
pub(super) fn wishes(
    value: Option<&RawValue>,
) -> Result<(Option<String>, Option<Box<RoutePreferences>>), HeadError> {
    match value.map(RawValue::get) {
        None | Some("null") => Ok((None, None)),
        Some(name) if name.starts_with('"') => {
            Ok((string("provider", "a name or an object", value)?, None))
        }
        Some(object) => Ok((None, Some(Box::new(RoutePreferences::parse(object)?)))),
    }
}

pub(super) fn payment(value: Option<&RawValue>) -> Result<Option<Currency>, HeadError> {
    const EXPECTED: &str = "\"USD\" or \"SWAN\"";
    let Some(name) = string("payment", EXPECTED, value)? else {
        return Ok(None);
    };
    match (name.parse(), value) {
        (Ok(currency), _) => Ok(Some(currency)),
        (Err(_), Some(value)) => Err(wrong("payment", EXPECTED, value)),
        (Err(_), None) => Ok(None),
    }
}

/// The most models that a request may name besides its own.
const MAX_MODELS: usize = 8;

/// A list of model names, each once.
pub(super) fn models(value: Option<&RawValue>) -> Result<Vec<String>, HeadError> {
    let Some(value) = present(value) else {
        return Ok(Vec::new());
    };
    let wrong = || wrong("models", "an array of 1 to 8 model names", value);
    let named: Vec<String> = serde_json::from_str(value.get()).map_err(|_| wrong())?;
    let in_bounds = |name: &String| (1..=512).contains(&name.len());
    if !(1..=MAX_MODELS).contains(&named.len()) || !named.iter().all(in_bounds) {
        return Err(wrong());
    }
    let mut models: Vec<String> = Vec::with_capacity(named.len());
    for name in named {
        if !models.contains(&name) {
            models.push(name);
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        for (text, number) in [("64", 64), ("64.0", 64), ("0.000", 0)] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in ["64.5", "-1.0", "6e1", "\"64\"", "true", "1.0.0", ""] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
