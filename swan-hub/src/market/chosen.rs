//! The limits that users choose for their own keys: they narrow what a key may do, and never widen it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::reply::invalid;
use crate::admission::{KeyDefaults, KeyLimits};
use crate::gateway::Answer;
use crate::hub::Shared;

/// An address or a network, as it is sent and answered.
pub(super) const ADDRESS: &str = r"^((25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])\.){3}(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])(/([12]?[0-9]|3[0-2]))?$|^([1-9a-f][0-9a-f]{0,3}:){7}[1-9a-f][0-9a-f]{0,3}(/128)?$|^::1(/128)?$";

/// What a key may do; whatever is left out is not limited beyond what holds for all keys here.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ChosenLimits {
    /// Requests per minute.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    rpm: Option<u64>,
    /// Tokens per minute.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    tpm: Option<u64>,
    /// Requests at the same time.
    #[schemars(range(min = 1, max = 1_000_000))]
    concurrency: Option<u32>,
    /// Models by name, or the beginning of names: `Qwen/*`.
    #[schemars(
        length(max = 100),
        inner(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,99}\*?$"))
    )]
    models: Option<Vec<String>>,
    /// The endpoints that may be called.
    #[schemars(length(max = 100))]
    endpoints: Option<Vec<Endpoint>>,
    /// The most that may be spent, in US dollars.
    #[schemars(regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,12})?$"))]
    spend_cap: Option<String>,
    /// The time that the cap is for; all time when there is none.
    spend_per: Option<Period>,
    /// The addresses and networks that requests may come from.
    #[schemars(
        length(max = 100),
        inner(regex(pattern = ADDRESS))
    )]
    allow_ip: Option<Vec<String>>,
    /// A day, a moment in UTC, or a time from now: `2027-01-31`, `2027-01-31T12:00:00Z`, `30d`, `12h`.
    #[schemars(regex(
        pattern = r"^([1-9][0-9]{0,3}[smhd]|2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?)$"
    ))]
    expires: Option<String>,
    /// Whether requests are free ones only.
    free: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum Endpoint {
    Chat,
    Completions,
    Embeddings,
    Images,
    Audio,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum Period {
    Day,
    Month,
}

/// Reads the limits of a new key.
pub(super) fn read(hub: &Shared, chosen: Option<&Map<String, Value>>) -> Result<KeyLimits, Answer> {
    let mut limits = KeyLimits::default();
    let now = hub.clock.now();
    for (field, value) in chosen.into_iter().flatten() {
        let has_shape = match field.as_str() {
            "spend_cap" | "expires" => value.is_string() || value.is_null(),
            _ => is_json(field, value),
        };
        if !has_shape {
            return Err(invalid(
                "limits",
                format!(
                    "limits.{field}: rpm, tpm and concurrency are numbers, models, endpoints and allow_ip lists, the others texts"
                ),
            ));
        }
        let set = limits.set(field, &plain(value), now);
        set.map_err(|error| invalid("limits", format!("limits.{error}")))?;
    }
    within(&limits, &hub.settings.keys.defaults)?;
    Ok(limits)
}

/// Whether a rate is a number and a list a list: commas and digits in texts are for flags.
pub(super) fn is_json(field: &str, value: &Value) -> bool {
    value.is_null()
        || match field {
            "rpm" | "tpm" | "concurrency" => value.is_number(),
            "models" | "endpoints" | "allow_ip" => value.is_array(),
            "spend_per" => value.is_string(),
            _ => true,
        }
}

/// A whole number as one, also where a language that has no integers wrote it `60.0`.
pub(super) fn plain(value: &Value) -> Cow<'_, Value> {
    let number = value.as_f64().filter(|_| value.is_f64());
    match number.and_then(|number| number.to_string().parse::<u64>().ok()) {
        Some(number) => Cow::Owned(Value::from(number)),
        None => Cow::Borrowed(value),
    }
}

/// A limit of its own takes the place of the operator's, so it may not be larger.
fn within(limits: &KeyLimits, all: &KeyDefaults) -> Result<(), Answer> {
    for (field, own, most) in [
        ("rpm", limits.rpm, all.rpm),
        ("tpm", limits.tpm, all.tpm),
        (
            "concurrency",
            limits.concurrency.map(u64::from),
            all.concurrency.map(u64::from),
        ),
    ] {
        if let (Some(own), Some(most)) = (own, most)
            && own > most
        {
            let words = format!("limits.{field}: at most {most}, which holds for all keys here");
            return Err(invalid("limits", words));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_be_given_more_than_all_have() {
        let all = KeyDefaults {
            rpm: Some(60),
            ..KeyDefaults::default()
        };
        let own = |rpm, tpm| KeyLimits {
            rpm,
            tpm,
            ..KeyLimits::default()
        };
        assert!(within(&own(Some(60), Some(u64::MAX)), &all).is_ok());
        assert!(within(&own(None, None), &all).is_ok());
        let refused = within(&own(Some(61), None), &all).unwrap_err();
        assert!(refused.message.contains("limits.rpm: at most 60"));
    }
}
