//! The JSON envelope `{"type", "request_id", "payload"}` (public-swan.md 1.3).

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use serde_json::value::RawValue;

/// A decoded envelope whose parts still lie in the frame.
#[derive(Debug, DeriveDeserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) payload: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// The envelope of a text frame, or `None` when it has none.
    pub(crate) fn decode(frame: &'a [u8]) -> Option<Self> {
        object(frame)
    }

    /// The payload as `T`; `None` when it is absent or has another shape.
    pub(crate) fn payload<T: Deserialize<'a>>(&self) -> Option<T> {
        self.payload
            .and_then(|payload| object(payload.get().as_bytes()))
    }

    /// The envelope's id, or else the one that the payload repeats.
    pub(crate) fn id_or<'b>(&'b self, repeated: &'b Text<'_>) -> &'b str {
        if self.request_id.is_empty() {
            repeated
        } else {
            &self.request_id
        }
    }
}

/// A JSON object as `T`; serde alone would also take a list for one.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// A string that is borrowed from the frame where it has no escapes; `null` is empty.
///
/// `Option<Cow<str>>` would always allocate: serde borrows into a bare `Cow` only.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
}

/// The JSON of a value; the types of this protocol always have one.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}

/// Writes an envelope around a payload; an empty id is left out.
pub(crate) fn encode<T: Serialize>(kind: &str, request_id: &str, payload: &T) -> Bytes {
    #[derive(Serialize)]
    struct Out<'a, T> {
        r#type: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        request_id: &'a str,
        payload: &'a T,
    }
    json(&Out {
        r#type: kind,
        request_id,
        payload,
    })
    .into()
}

/// The `error` message of either side.
pub(crate) fn error(request_id: &str, code: u16, message: &str) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        request_id: &'a str,
        code: u16,
        message: &'a str,
    }
    let payload = Payload {
        request_id,
        code,
        message,
    };
    encode("error", request_id, &payload)
}
