//! What the borrowed readers share: where a value stands in its body, and how an object is walked without copying.

use std::ops::Range;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The place of `value` in `body`, from which it was borrowed.
pub(super) fn span_of(body: &str, value: &RawValue) -> Range<usize> {
    let start = value
        .get()
        .as_ptr()
        .addr()
        .saturating_sub(body.as_ptr().addr());
    start..start.saturating_add(value.get().len())
}

/// Calls `on_member` for every member of the object `text`, in order; `on_member` sees keys with escapes resolved.
pub(crate) fn members<'a>(
    text: &'a str,
    on_member: &mut dyn FnMut(&str, &'a RawValue),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde::Deserializer::deserialize_map(&mut deserializer, Members { on_member })?;
    deserializer.end()
}

struct Members<'f, 'a> {
    on_member: &'f mut dyn FnMut(&str, &'a RawValue),
}

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut key = Key::default();
        while map.next_key_seed(&mut key)?.is_some() {
            let value = map.next_value::<&'a RawValue>()?;
            (self.on_member)(key.text(), value);
        }
        Ok(())
    }
}

/// A key buffer that is reused for all members; keys longer than any that is asked for are not kept.
#[derive(Default)]
struct Key(String);

impl Key {
    const KEPT: usize = 64;

    fn text(&self) -> &str {
        &self.0
    }
}

impl<'a> DeserializeSeed<'a> for &mut Key {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for &mut Key {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a string")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.0.clear();
        if key.len() <= Key::KEPT {
            self.0.push_str(key);
        }
        Ok(())
    }
}
