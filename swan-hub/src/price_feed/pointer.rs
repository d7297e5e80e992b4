//! JSON pointers (RFC 6901) into answers of strangers: what they lead to is found as text, so that no number passes through a float.

use std::fmt;
use std::str::FromStr;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// The longest pointer.
const LONGEST: usize = 500;

/// Where in an answer something stands: `/data/0/price`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

/// The text is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a JSON pointer is empty or begins with a slash, writes ~ as ~0 and / as ~1, and has at most {LONGEST} bytes"
)]
#[non_exhaustive]
pub struct PointerError;

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.len() > LONGEST {
            return Err(PointerError);
        }
        let steps = match text.strip_prefix('/') {
            None if text.is_empty() => Vec::new(),
            None => return Err(PointerError),
            Some(steps) => steps
                .split('/')
                .map(unescaped)
                .collect::<Option<_>>()
                .ok_or(PointerError)?,
        };
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unescaped(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = part.split_at_checked(1)?;
        text.push(match sign {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

/// Why a pointer leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The answer is no JSON.
    NoJson,
    /// Nothing stands there, or two things do.
    Nothing,
}

impl Pointer {
    /// The text of what it leads to in this answer.
    pub(super) fn find<'a>(&self, json: &'a [u8]) -> Result<&'a str, Lost> {
        let whole: &RawValue = serde_json::from_slice(json).map_err(|_| Lost::NoJson)?;
        let mut here = whole;
        for step in &self.steps {
            let mut inside = serde_json::Deserializer::from_str(here.get());
            here = Pick(step)
                .deserialize(&mut inside)
                .ok()
                .flatten()
                .ok_or(Lost::Nothing)?;
        }
        Ok(here.get())
    }
}

/// One member of an object by its name, or one element of an array by its number.
struct Pick<'s>(&'s str);

impl Pick<'_> {
    /// The number of an element, which has no zeros before it.
    fn index(&self) -> Option<usize> {
        let is_plain = self.0 == "0" || !self.0.starts_with(['0', '+']);
        self.0.parse().ok().filter(|_| is_plain)
    }
}

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, inside: D) -> Result<Self::Value, D::Error> {
        inside.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                // Which of both was meant nobody can say.
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some(index) = self.index() else {
            return Err(A::Error::custom("an array has numbers"));
        };
        for _ in 0..index {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = seq.next_element()?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = r#"{"swan-chain":{"usd":5.01e-4,"at":1763790000},"data":[{"p":"0.5"},{"p":0.30}],"":1,"a/b":2,"m~n":3,"~1":4,
        "twice":5,"twice":6,"0":7,"null":null,"deep":{"a":{"b":[[8]]}},"big":1e999}"#;

    #[test]
    fn what_a_pointer_leads_to_is_told_as_it_is_written() {
        for (pointer, text) in [
            ("/swan-chain/usd", "5.01e-4"),
            ("/data/0/p", "\"0.5\""),
            ("/data/1/p", "0.30"),
            ("/", "1"),
            ("/a~1b", "2"),
            ("/m~0n", "3"),
            ("/~01", "4"),
            ("/0", "7"),
            ("/null", "null"),
            ("/deep/a/b/0/0", "8"),
            ("/big", "1e999"),
        ] {
            let pointer: Pointer = pointer.parse().expect(pointer);
            assert_eq!(pointer.find(ANSWER.as_bytes()), Ok(text), "{pointer}");
        }
        let whole: Pointer = "".parse().unwrap();
        assert_eq!(whole.find(b" 0.5 "), Ok("0.5"));
    }

    #[test]
    fn a_pointer_that_leads_nowhere_says_so() {
        for pointer in [
            "/usd",
            "/swan-chain/usd/x",
            "/data/2",
            "/data/-",
            "/data/00",
            "/data/+0",
            "/data/p",
            "/data/99999999999999999999",
            "/twice",
            "/big/0",
        ] {
            let pointer: Pointer = pointer.parse().expect(pointer);
            assert_eq!(
                pointer.find(ANSWER.as_bytes()),
                Err(Lost::Nothing),
                "{pointer}"
            );
        }
        let pointer: Pointer = "/a".parse().unwrap();
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        for answer in ["<html>", "", "{\"a\":1", "{\"a\":1}}", "NaN", &deep] {
            assert_eq!(pointer.find(answer.as_bytes()), Err(Lost::NoJson));
        }
        for wrong in ["a", "a/b", "/~2", "/~", "/a~"] {
            assert_eq!(wrong.parse::<Pointer>(), Err(PointerError), "{wrong}");
        }
        assert!("/a".repeat(LONGEST).parse::<Pointer>().is_err());
    }

    proptest! {
        /// As the pointers of `serde_json` find it.
        #[test]
        fn it_finds_what_others_find(text in r#"(/(a|b|0|1|~0|~1|)){0,3}"#) {
            let json = r#"{"a":[{"b":1},[2,3]],"b":{"0":4,"~":5,"/":6,"":{"a":7}},"":8}"#;
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let pointer: Pointer = text.parse().unwrap();
            let found = pointer.find(json.as_bytes()).ok();
            let found: Option<serde_json::Value> = found.map(|text| serde_json::from_str(text).unwrap());
            prop_assert_eq!(found.as_ref(), value.pointer(&text));
        }
    }
}
