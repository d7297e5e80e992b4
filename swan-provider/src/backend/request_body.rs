//! Editing of a few fields of a JSON request, with everything else kept byte for byte.

use super::BackendError;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// A JSON object whose values stay the text that they were: a typed model would lose unknown fields and large numbers.
#[derive(Debug)]
pub(crate) struct RequestBody<'a> {
    fields: Vec<(String, Cow<'a, str>)>,
}

impl<'a> RequestBody<'a> {
    /// Splits an object into its fields.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, BackendError> {
        let Fields(fields) =
            serde_json::from_slice(body).map_err(|e| BackendError::BadRequest {
                reason: format!("no JSON object: {e}"),
            })?;
        Ok(Self { fields })
    }

    /// The JSON text of a field; of a repeated one the last, as most readers take it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    }

    /// A field that is a string.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        self.get(name)
            .and_then(|value| serde_json::from_str(value).ok())
    }

    /// Sets a field to a JSON text, in the place of the first one of that name and of all its repetitions.
    pub(crate) fn set(&mut self, name: &str, json: impl Into<Cow<'a, str>>) {
        let json = json.into();
        let place = self.fields.iter().position(|(key, _)| key == name);
        self.fields.retain(|(key, _)| key != name);
        let place = place.unwrap_or(self.fields.len());
        self.fields.insert(place, (name.to_owned(), json));
    }

    /// Asks the model server to end a stream with its token counts, as the public agent does.
    pub(crate) fn ask_for_usage(&mut self) {
        let options = match self.get("stream_options") {
            Some(options) if options.starts_with('{') => {
                let Ok(mut options) = RequestBody::parse(options.as_bytes()) else {
                    return;
                };
                options.set("include_usage", "true");
                options.to_text()
            }
            _ => r#"{"include_usage":true}"#.to_owned(),
        };
        self.set("stream_options", options);
    }

    /// The object as bytes again.
    pub(crate) fn to_bytes(&self) -> Bytes {
        self.to_text().into()
    }

    fn to_text(&self) -> String {
        let mut text = String::from("{");
        for (i, (key, value)) in self.fields.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(key.as_str()).to_string());
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }
}

struct Fields<'a>(Vec<(String, Cow<'a, str>)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AsFields;
        impl<'de> Visitor<'de> for AsFields {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push((key, Cow::Borrowed(value.get())));
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(AsFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, edit: impl Fn(&mut RequestBody<'_>), expected: &str) {
        let mut parsed = RequestBody::parse(body.as_bytes()).unwrap();
        edit(&mut parsed);
        assert_eq!(parsed.to_bytes(), expected);
    }

    #[test]
    fn a_change_of_the_model_keeps_everything_else_byte_for_byte() {
        let name = |b: &mut RequestBody<'_>| b.set("model", r#""local""#);
        check(
            r#"{"model":"org/big","seed":18446744073709551616,"x":[1.0, 2],"é\"":null}"#,
            name,
            r#"{"model":"local","seed":18446744073709551616,"x":[1.0, 2],"é\"":null}"#,
        );
        check(r#"{"a":1}"#, name, r#"{"a":1,"model":"local"}"#);
        check(
            r#"{"model":1,"a":2,"model":3}"#,
            name,
            r#"{"model":"local","a":2}"#,
        );
    }

    #[test]
    fn usage_is_asked_for_whatever_stood_there() {
        let ask = |body: &mut RequestBody<'_>| body.ask_for_usage();
        let asked = r#"{"stream_options":{"include_usage":true}}"#;
        check("{}", ask, asked);
        check(r#"{"stream_options":null}"#, ask, asked);
        check(r#"{"stream_options":{"include_usage":false}}"#, ask, asked);
        check(
            r#"{"stream_options":{"other":1},"b":2}"#,
            ask,
            r#"{"stream_options":{"other":1,"include_usage":true},"b":2}"#,
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in [&b"[]"[..], b"", b"{", b"\"x\"", b"{\"a\":\xff}", b"{}x"] {
            assert_eq!(RequestBody::parse(body).unwrap_err().status(), 400);
        }
    }
}
