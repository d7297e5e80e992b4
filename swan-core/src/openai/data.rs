//! What a hub reads of an answer that is a list: of vectors, or of images. Megabytes of numbers and base64 are stepped over in
//! place and never become values.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::data_scan::scan;

/// The facts of an answer whose substance is its `data`.
///
/// ```
/// use swan_core::openai::DataFacts;
///
/// let facts = DataFacts::read(br#"{"data":[{"embedding":[0.5,1]},{"embedding":"AAAAPw=="}]}"#).unwrap();
/// assert_eq!((facts.items, facts.arrays, facts.texts), (2, 1, 1));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DataFacts<'a> {
    /// The usage object, if there is one.
    pub usage: Option<&'a RawValue>,
    /// The value of a top-level `error` member other than `null`: the answer has failed.
    pub error: Option<&'a RawValue>,
    /// Elements of `data` that carry something: a vector, or an image as a link or as itself.
    pub items: u64,
    /// Vectors that are arrays of numbers.
    pub arrays: u64,
    /// Vectors that are base64.
    pub texts: u64,
}

impl<'a> DataFacts<'a> {
    /// Reads the facts; `None` when `json` is not one JSON object in UTF-8.
    #[must_use]
    pub fn read(json: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        scan(text).or_else(|| Self::read_slowly(text))
    }

    /// The same for everything that is JSON, however it is written.
    pub(super) fn read_slowly(text: &'a str) -> Option<Self> {
        let mut facts = Self::default();
        walk(text, &mut |at, value| facts.take(at, value))?;
        Some(facts)
    }

    pub(super) fn take(&mut self, at: At, value: &'a RawValue) {
        let text = value.get();
        match at {
            At::Usage => self.usage = text.starts_with('{').then_some(value),
            At::Error => self.error = (text != "null").then_some(value),
            At::Vector | At::Image => self.take_item(at, text),
        }
    }

    /// Takes a vector that is an array with something in it.
    pub(super) const fn add_array(&mut self) {
        self.arrays += 1;
        self.items += 1;
    }

    /// Takes what an element carries.
    pub(super) fn take_item(&mut self, at: At, text: &str) {
        match at {
            At::Vector if text.starts_with('[') && text != "[]" => self.add_array(),
            At::Vector if text.starts_with('"') && text != "\"\"" => {
                self.texts += 1;
                self.items += 1;
            }
            At::Image if text.starts_with('"') && text != "\"\"" => self.items += 1,
            _ => {}
        }
    }
}

/// What was met, in an answer that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// The value of `usage`.
    Usage,
    /// The value of `error`.
    Error,
    /// The value of `embedding` of an element.
    Vector,
    /// The value of `url` or `b64_json` of an element: the first that is there.
    Image,
}

/// Calls `on_value` for what is worth a look; `None` when `text` is not one JSON object.
pub(super) fn walk<'a>(text: &'a str, on_value: &mut dyn FnMut(At, &'a RawValue)) -> Option<()> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Top { on_value }).ok()?;
    deserializer.end().ok()
}

struct Top<'f, 'a> {
    on_value: &'f mut dyn FnMut(At, &'a RawValue),
}

impl<'a> Visitor<'a> for Top<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an answer of a model server")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name>()? {
            match name {
                Name::Usage => (self.on_value)(At::Usage, map.next_value()?),
                Name::Error => (self.on_value)(At::Error, map.next_value()?),
                Name::Data => map.next_value_seed(Data {
                    on_value: &mut *self.on_value,
                })?,
                _ => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// The value of `data`: an array, or anything else, which has no elements.
struct Data<'f, 'a> {
    on_value: &'f mut dyn FnMut(At, &'a RawValue),
}

impl<'a> DeserializeSeed<'a> for Data<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Data<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array of vectors or images")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements
            .next_element_seed(Element {
                on_value: &mut *self.on_value,
            })?
            .is_some()
        {}
        Ok(())
    }
}

struct Element<'f, 'a> {
    on_value: &'f mut dyn FnMut(At, &'a RawValue),
}

impl<'a> DeserializeSeed<'a> for Element<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Element<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a vector or an image")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_image = false;
        while let Some(name) = map.next_key::<Name>()? {
            let value: &'a RawValue = map.next_value()?;
            match name {
                Name::Embedding => (self.on_value)(At::Vector, value),
                // Some servers give both, one of them null.
                Name::Image if !has_image && value.get() != "null" => {
                    has_image = true;
                    (self.on_value)(At::Image, value);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The members that are worth a look.
enum Name {
    Usage,
    Error,
    Data,
    Embedding,
    Image,
    Other,
}

impl<'a> Deserialize<'a> for Name {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl Visitor<'_> for Named {
            type Value = Name;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Name, E> {
                Ok(match key {
                    "usage" => Name::Usage,
                    "error" => Name::Error,
                    "data" => Name::Data,
                    "embedding" => Name::Embedding,
                    "url" | "b64_json" => Name::Image,
                    _ => Name::Other,
                })
            }
        }
        deserializer.deserialize_str(Named)
    }
}
