//! From the JSON of a `provider` object to preferences, or to an error that names the field.

use serde_json::value::RawValue;

use super::{MaxPrice, Name, RoutePreferences, SortBy};
use crate::Amount;
use crate::openai::read::members;
use crate::routing::Precision;

/// No list of providers need be longer; each entry may cost a look at every candidate.
const MAX_NAMES: usize = 32;
/// What is shown of a wrong value.
const SHOWN: usize = 60;

/// Why a `provider` object is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PreferenceError {
    /// It is no JSON object.
    #[error("provider: expected a JSON object ({reason})")]
    NotAnObject {
        /// What the reader says.
        reason: String,
    },
    /// A field is unknown.
    #[error("provider.{field}: no such field here; known are {known}")]
    Unknown {
        /// Its name.
        field: String,
        /// The names that there are.
        known: &'static str,
    },
    /// A field stands there twice.
    #[error("provider.{field}: given twice")]
    Duplicate {
        /// Its name.
        field: &'static str,
    },
    /// A value is not what the field takes.
    #[error("provider.{field}: expected {expected}, found {found}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What it takes.
        expected: &'static str,
        /// The value as written, cut short.
        found: String,
    },
    /// Two fields together let nobody serve.
    #[error("provider.{field} names {name}, which provider.{other} excludes")]
    Contradiction {
        /// The field that names it.
        field: &'static str,
        /// The provider as written.
        name: String,
        /// The field that excludes it.
        other: &'static str,
    },
}

/// The fields that there are.
const KNOWN: &str = "order, only, ignore, allow_fallbacks, require_parameters, data_collection, zdr, quantizations, sort, \
max_price, preferred_min_throughput, preferred_max_latency, enforce_distillable_text";

const FIELDS: [&str; 13] = [
    "order",
    "only",
    "ignore",
    "allow_fallbacks",
    "require_parameters",
    "data_collection",
    "zdr",
    "quantizations",
    "sort",
    "max_price",
    "preferred_min_throughput",
    "preferred_max_latency",
    "enforce_distillable_text",
];

impl RoutePreferences {
    /// Reads a `provider` object; `null` fields count as absent.
    ///
    /// ```
    /// use swan_core::routing::RoutePreferences;
    ///
    /// let preferences = RoutePreferences::parse(r#"{"only":["alice"],"max_price":{"prompt":0.5}}"#)?;
    /// assert_eq!(preferences.only()[0].as_str(), "alice");
    ///
    /// let wrong = RoutePreferences::parse(r#"{"sort":"cheap"}"#).unwrap_err();
    /// assert_eq!(wrong.to_string(), r#"provider.sort: expected "price", "latency" or "throughput", found "cheap""#);
    /// # Ok::<(), swan_core::routing::PreferenceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PreferenceError`] names the field and what it takes; unknown fields are refused.
    pub fn parse(json: &str) -> Result<Self, PreferenceError> {
        let mut found: [Option<&RawValue>; FIELDS.len()] = [None; FIELDS.len()];
        let mut wrong = None;
        walk(json, "", &mut |key, value| {
            let mut fields = FIELDS.iter().zip(&mut found);
            let error = match fields.find(|(name, _)| **name == key) {
                Some((field, slot)) => slot
                    .replace(value)
                    .map(|_| PreferenceError::Duplicate { field }),
                None => Some(unknown(key)),
            };
            wrong = wrong.take().or(error);
        })?;
        match wrong {
            Some(error) => Err(error),
            None => read(found),
        }
    }
}

fn read(found: [Option<&RawValue>; FIELDS.len()]) -> Result<RoutePreferences, PreferenceError> {
    let [
        order,
        only,
        ignore,
        fallbacks,
        parameters,
        collection,
        zdr,
        quantizations,
        sort,
        price,
        throughput,
        latency,
        distillable,
    ] = found.map(|value| value.filter(|value| value.get() != "null"));
    soft("preferred_min_throughput", throughput)?;
    soft("preferred_max_latency", latency)?;
    if boolean("enforce_distillable_text", distillable)?.unwrap_or(false) {
        let expected = "false, since no provider here can promise it";
        return Err(invalid("enforce_distillable_text", expected, "true"));
    }
    let preferences = RoutePreferences {
        order: names("order", order)?,
        only: names("only", only)?,
        ignore: names("ignore", ignore)?,
        allow_fallbacks: boolean("allow_fallbacks", fallbacks)?.unwrap_or(true),
        require_parameters: boolean("require_parameters", parameters)?.unwrap_or(false),
        deny_collection: denies(collection)?,
        zero_retention: boolean("zdr", zdr)?.unwrap_or(false),
        quantizations: levels(quantizations)?,
        sort: sort.map(sort_by).transpose()?,
        max_price: price.map_or(Ok(MaxPrice::default()), max_price)?,
    };
    for (field, list) in [("order", &preferences.order), ("only", &preferences.only)] {
        if let Some(name) = list.iter().find(|name| preferences.ignore.contains(name)) {
            return Err(PreferenceError::Contradiction {
                field,
                name: name.to_string(),
                other: "ignore",
            });
        }
    }
    Ok(preferences)
}

/// Calls `on_member` for each member of the object in `json`.
fn walk<'a>(
    json: &'a str,
    field: &'static str,
    on_member: &mut dyn FnMut(&str, &'a RawValue),
) -> Result<(), PreferenceError> {
    members(json, on_member).map_err(|error| {
        if field.is_empty() {
            PreferenceError::NotAnObject {
                reason: error.to_string(),
            }
        } else {
            invalid(field, "an object", json)
        }
    })
}

fn unknown(key: &str) -> PreferenceError {
    // The reader keeps no key longer than any that is asked for.
    let field = if key.is_empty() { "(unnamed)" } else { key };
    PreferenceError::Unknown {
        field: field.to_owned(),
        known: KNOWN,
    }
}

fn invalid(field: &'static str, expected: &'static str, found: &str) -> PreferenceError {
    let mut shown: String = found.chars().take(SHOWN).collect();
    if shown.len() < found.len() {
        shown.push('…');
    }
    PreferenceError::Invalid {
        field,
        expected,
        found: shown,
    }
}

fn boolean(field: &'static str, value: Option<&RawValue>) -> Result<Option<bool>, PreferenceError> {
    match value.map(RawValue::get) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(invalid(field, "true or false", other)),
    }
}

fn texts(
    field: &'static str,
    expected: &'static str,
    value: Option<&RawValue>,
) -> Result<Vec<String>, PreferenceError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let list: Vec<String> =
        serde_json::from_str(value.get()).map_err(|_| invalid(field, expected, value.get()))?;
    if list.len() <= MAX_NAMES && list.iter().all(|name| (1..=128).contains(&name.len())) {
        Ok(list)
    } else {
        Err(invalid(field, expected, value.get()))
    }
}

fn names(field: &'static str, value: Option<&RawValue>) -> Result<Vec<Name>, PreferenceError> {
    let expected = "at most 32 ids or names of providers";
    let list = texts(field, expected, value)?;
    Ok(list.into_iter().map(Name::new).collect())
}

fn levels(value: Option<&RawValue>) -> Result<Vec<Precision>, PreferenceError> {
    let field = "quantizations";
    let expected = "a list of int4, int8, fp4, fp6, fp8, fp16, bf16, fp32 or unknown";
    let level = |name: &String| {
        let known = Precision::ALL.iter().find(|(text, _)| text == name);
        known
            .map(|(_, level)| *level)
            .ok_or_else(|| invalid(field, expected, name))
    };
    texts(field, expected, value)?.iter().map(level).collect()
}

fn denies(value: Option<&RawValue>) -> Result<bool, PreferenceError> {
    match value.map(RawValue::get) {
        None | Some("\"allow\"") => Ok(false),
        Some("\"deny\"") => Ok(true),
        Some(other) => Err(invalid("data_collection", "\"allow\" or \"deny\"", other)),
    }
}

/// A word, or an object with the word in `by`; `partition` says how several models are grouped, and a request here has one.
fn sort_by(value: &RawValue) -> Result<SortBy, PreferenceError> {
    const EXPECTED: &str = "\"price\", \"latency\" or \"throughput\"";
    let wrong = || invalid("sort", EXPECTED, value.get());
    let mut word = value.get();
    if word.starts_with('{') {
        let (mut by, mut other) = (None, false);
        walk(value.get(), "sort", &mut |key, member| match key {
            "by" => other |= by.replace(member.get()).is_some(),
            "partition" => other |= !matches!(member.get(), "\"model\"" | "\"none\"" | "null"),
            _ => other = true,
        })?;
        word = by.filter(|_| !other).ok_or_else(wrong)?;
    }
    match word {
        "\"price\"" => Ok(SortBy::Price),
        "\"latency\"" => Ok(SortBy::Latency),
        "\"throughput\"" => Ok(SortBy::Throughput),
        _ => Err(wrong()),
    }
}

fn max_price(value: &RawValue) -> Result<MaxPrice, PreferenceError> {
    const EXPECTED: &str =
        "an object with prices of prompt, completion, image or request in dollars, such as 0.5";
    let mut price = MaxPrice::default();
    let mut other = false;
    walk(value.get(), "max_price", &mut |key, member| {
        let amount = match member.get() {
            "null" => None,
            text => match dollars(text) {
                Some(amount) => Some(amount),
                None => {
                    other = true;
                    return;
                }
            },
        };
        let slot = match key {
            "prompt" => &mut price.prompt,
            "completion" => &mut price.completion,
            "image" => &mut price.image,
            // No model here costs anything per request, so every cap on that is met.
            "request" => return,
            _ => {
                other = true;
                return;
            }
        };
        other |= slot.is_some();
        *slot = amount;
    })?;
    if other {
        return Err(invalid("max_price", EXPECTED, value.get()));
    }
    Ok(price)
}

/// A price as a number or a string; read as text, since a JSON number would pass through a float.
fn dollars(text: &str) -> Option<Amount> {
    let plain = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    plain
        .parse::<Amount>()
        .ok()
        .filter(|amount| !amount.is_negative())
}

/// A threshold that is only preferred: a number above zero, or an object of such per percentile.
fn soft(field: &'static str, value: Option<&RawValue>) -> Result<(), PreferenceError> {
    const EXPECTED: &str = "a number above 0, or an object with some of p50, p75, p90 and p99";
    let Some(value) = value else {
        return Ok(());
    };
    let positive = |text: &str| dollars(text).is_some_and(|number| !number.is_zero());
    let mut valid = true;
    if value.get().starts_with('{') {
        walk(value.get(), field, &mut |key, member| {
            valid &= matches!(key, "p50" | "p75" | "p90" | "p99")
                && (member.get() == "null" || positive(member.get()));
        })?;
    } else {
        valid = positive(value.get());
    }
    if valid {
        Ok(())
    } else {
        Err(invalid(field, EXPECTED, value.get()))
    }
}
