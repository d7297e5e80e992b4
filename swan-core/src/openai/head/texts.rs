//! A prompt or an input: one text, several, or tokens. Counted in place, never copied.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::HeadError;
use super::error::wrong;

/// OpenAI's own bound on the inputs of one request.
const MOST: u64 = 2_048;

/// How many texts a request asks about, and how long they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// Texts, or arrays of tokens; at least 1.
    pub(super) count: u64,
    /// UTF-8 bytes of all texts after JSON unescaping; tokens have none.
    pub(super) bytes: u64,
    /// Whether one of them is empty.
    pub(super) any_empty: bool,
}

/// Reads a text, an array of texts, an array of tokens, or an array of such arrays.
pub(super) fn texts(field: &'static str, value: &RawValue) -> Result<Texts, HeadError> {
    const EXPECTED: &str =
        "a text, an array of texts, an array of tokens, or an array of such arrays";
    let mut found = Found::default();
    let mut json = serde_json::Deserializer::from_str(value.get());
    let is_known = Element {
        found: &mut found,
        depth: 0,
    }
    .deserialize(&mut json)
    .is_ok();
    if found.too_many {
        return Err(HeadError::Wrong {
            field,
            expected: "at most 2048 texts",
            found: "more".to_owned(),
        });
    }
    let count = match found.kind {
        Some(Kind::Token) => 1,
        Some(Kind::Text | Kind::Tokens) => found.count,
        None => 0,
    };
    if !is_known || count == 0 {
        return Err(wrong(field, EXPECTED, value));
    }
    Ok(Texts {
        count,
        bytes: found.bytes,
        any_empty: found.any_empty,
    })
}

/// What an array of one level holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Token,
    Tokens,
}

#[derive(Default)]
struct Found {
    kind: Option<Kind>,
    count: u64,
    bytes: u64,
    any_empty: bool,
    too_many: bool,
}

impl Found {
    /// Counts one element of the outermost array, all of which are of one kind.
    fn add<E: Error>(&mut self, kind: Kind) -> Result<(), E> {
        if *self.kind.get_or_insert(kind) != kind {
            return Err(E::custom("mixed"));
        }
        self.count += 1;
        if kind != Kind::Token && self.count > MOST {
            self.too_many = true;
            return Err(E::custom("too many"));
        }
        Ok(())
    }
}

struct Element<'f> {
    found: &'f mut Found,
    /// 0 is the value itself, 1 its elements, 2 theirs.
    depth: u8,
}

impl<'a> DeserializeSeed<'a> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Element<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("texts or tokens")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.depth > 1 {
            return Err(E::custom("a text among tokens"));
        }
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.found.bytes = self.found.bytes.saturating_add(bytes);
        self.found.any_empty |= text.is_empty();
        self.found.add(Kind::Text)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        match self.depth {
            1 => self.found.add(Kind::Token),
            2 => Ok(()),
            _ => Err(E::custom("a lone token")),
        }
    }

    /// Languages that have no integers write `7.0`.
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if number >= 0.0 && number.fract() == 0.0 {
            self.visit_u64(0)
        } else {
            Err(E::custom("no token"))
        }
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.depth > 1 {
            return Err(A::Error::custom("too deep"));
        }
        let mut is_empty = true;
        while elements
            .next_element_seed(Element {
                found: &mut *self.found,
                depth: self.depth + 1,
            })?
            .is_some()
        {
            is_empty = false;
        }
        if self.depth == 1 {
            self.found.any_empty |= is_empty;
            return self.found.add(Kind::Tokens);
        }
        Ok(())
    }
}
