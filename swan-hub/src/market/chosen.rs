//! The limits that users choose for their own keys: they narrow what a key may do, and never widen it.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::reply::invalid;
use crate::admission::{KeyDefaults, KeyLimits};
use crate::gateway::Answer;
use crate::hub::Shared;

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
        inner(regex(
            pattern = r"^((25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])\.){3}(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])(/([12]?[0-9]|3[0-2]))?$|^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$|^::1$"
        ))
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
enum Endpoint {
    Chat,
    Completions,
    Embeddings,
    Images,
    Audio,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Period {
    Day,
    Month,
}

/// Reads the limits of a new key.
pub(super) fn read(hub: &Shared, chosen: Option<&Map<String, Value>>) -> Result<KeyLimits, Answer> {
    let mut limits = KeyLimits::default();
    let now = hub.clock.now();
    for (field, value) in chosen.into_iter().flatten() {
        let has_shape = match field.as_str() {
            "rpm" | "tpm" | "concurrency" => value.is_number(),
            "models" | "endpoints" | "allow_ip" => value.is_array(),
            "spend_cap" | "spend_per" | "expires" => value.is_string(),
            _ => true,
        };
        if !has_shape && !value.is_null() {
            return Err(invalid(
                "limits",
                format!(
                    "limits.{field}: rpm, tpm and concurrency are numbers, models, endpoints and allow_ip lists, the others texts"
                ),
            ));
        }
        // Languages that have no integers write `60.0`, which as a text is `60`.
        let plain = value
            .as_f64()
            .filter(|_| value.is_f64())
            .map(|number| Value::String(number.to_string()));
        let set = limits.set(field, plain.as_ref().unwrap_or(value), now);
        set.map_err(|error| invalid("limits", format!("limits.{error}")))?;
    }
    within(&limits, &hub.settings.keys.defaults)?;
    Ok(limits)
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
