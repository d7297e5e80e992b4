//! What a hub reads of the text of a recording.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// The facts of a transcription in JSON.
///
/// ```
/// use swan_core::openai::TranscriptFacts;
///
/// let facts = TranscriptFacts::read(br#"{"text":"caf\u00e9","usage":{"type":"duration","seconds":2}}"#).unwrap();
/// assert_eq!(facts.text_bytes, Some(5));
/// assert!(facts.usage.is_some());
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TranscriptFacts<'a> {
    /// How many bytes of text there are; `None` without a text.
    pub text_bytes: Option<u64>,
    /// The usage object, if there is one.
    pub usage: Option<&'a RawValue>,
    /// The value of a top-level `error` member other than `null`: the answer has failed.
    pub error: Option<&'a RawValue>,
}

impl<'a> TranscriptFacts<'a> {
    /// Reads the facts; `None` when `json` is not one JSON object.
    #[must_use]
    pub fn read(json: &'a [u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Outer<'a> {
            #[serde(borrow)]
            text: Option<&'a RawValue>,
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
            #[serde(borrow)]
            error: Option<&'a RawValue>,
        }
        let outer: Outer<'a> = serde_json::from_slice(json).ok()?;
        let text = outer.text.filter(|text| text.get().starts_with('"'));
        Some(Self {
            text_bytes: text.and_then(|text| {
                serde_json::from_str(text.get())
                    .ok()
                    .map(|Length(bytes)| bytes)
            }),
            usage: outer.usage.filter(|usage| usage.get().starts_with('{')),
            error: outer.error.filter(|error| error.get() != "null"),
        })
    }
}

/// The bytes of a text, its escapes resolved.
struct Length(u64);

impl<'a> Deserialize<'a> for Length {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Length;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Length, E> {
        Ok(Length(text.len() as u64))
    }
}
