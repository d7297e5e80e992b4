//! Decoding as a peer must who talks to several generations of Go programs: `null`, absent and unusable values mean empty.
//!
//! A wrong type in a descriptive field must not cost a provider its registration, so these never fail on well-formed JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The value of any type that parses, or its default.
pub(crate) fn any<T: DeserializeOwned + Default>(raw: Option<&RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// A list: `null` or something else is empty, and elements that do not parse are left out.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(elements(Some(&raw)))
}

/// The elements of a JSON list that parse, as many as anybody can mean.
pub(crate) fn elements<T: DeserializeOwned>(raw: Option<&RawValue>) -> Vec<T> {
    let list = raw.and_then(|raw| serde_json::from_str::<Elements<T>>(raw.get()).ok());
    list.map_or_else(Vec::new, |list| list.0)
}

/// Elements of one list that are looked at; the others are not even kept.
const MAX_ELEMENTS: usize = 1024;

struct Elements<T>(Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ElementsVisitor<T> {
    type Value = Elements<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<T>, A::Error> {
        let mut elements = Vec::new();
        let mut seen = 0;
        while let Some(part) = list.next_element::<&RawValue>()? {
            seen += 1;
            if seen <= MAX_ELEMENTS
                && let Ok(element) = serde_json::from_str(part.get())
            {
                elements.push(element);
            }
        }
        Ok(Elements(elements))
    }
}

/// A string; anything else is empty.
pub(crate) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = <Box<RawValue>>::deserialize(deserializer)?;
    Ok(any(Some(&raw)))
}

/// A truth value; anything else is `false`.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let raw = <Box<RawValue>>::deserialize(deserializer)?;
    Ok(any(Some(&raw)))
}

/// A count: fractions are cut, negative and other values are 0.
pub(crate) fn unsigned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let raw = <Box<RawValue>>::deserialize(deserializer)?;
    Ok(any::<Count>(Some(&raw)).0)
}

/// For `skip_serializing_if`.
pub(crate) const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// A number that is taken as a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E>(self, value: u64) -> Result<Count, E> {
        Ok(Count(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Count, E> {
        Ok(Count(u64::try_from(value).unwrap_or_default()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Count, E> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates and takes NaN as 0, which is the rule here"
        )]
        Ok(Count(value as u64))
    }
}
