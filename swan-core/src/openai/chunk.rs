//! What a hub reads of an answer or of one chunk of it: usage, and how much content was delivered.
//!
//! One pass over borrowed bytes, made for the relay's hot path. Values of unexpected types are stepped over, never
//! an error: the consumer gets the chunk as it came, and metering falls back on what was counted.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::read::{members, span_of};
use super::splice::{Edit, quoted, splice};
use crate::tokens::TokenCounter;

/// The facts of one answer or one chunk of a streamed answer.
///
/// ```
/// use swan_core::openai::ChunkFacts;
///
/// let facts = ChunkFacts::read(br#"{"choices":[{"delta":{"content":"caf\u00e9"}}]}"#).unwrap();
/// assert_eq!((facts.content_bytes, facts.choices, facts.finished), (5, 1, false));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ChunkFacts<'a> {
    /// The usage object, wherever the model server put it: at the top, in a choice (Moonshot), in `x_groq` (Groq).
    pub usage: Option<&'a RawValue>,
    /// The value of a top-level `error` member other than `null`: the answer has failed.
    pub error: Option<&'a RawValue>,
    /// Whether it says without an `error` member that it has failed: by the finish reason `error`, or as an object of that kind
    /// (older vLLM and SGLang).
    pub failed: bool,
    /// How many choices the answer has.
    pub choices: u64,
    /// UTF-8 bytes of generated text after JSON unescaping: content, reasoning, refusals, names and arguments of tool calls.
    pub content_bytes: u64,
    /// Whether a choice has a finish reason.
    pub finished: bool,
    /// Whether a choice carries anything at all besides its index.
    pub carries: bool,
}

impl<'a> ChunkFacts<'a> {
    /// Reads the facts; `None` when `json` is not one JSON object in UTF-8.
    #[must_use]
    pub fn read(json: &'a [u8]) -> Option<Self> {
        Self::pass(json, Pass::default()).map(|pass| pass.facts)
    }

    /// As [`ChunkFacts::read`], and counts the tokens of the generated text, which goes on where an earlier chunk ended.
    ///
    /// ```
    /// use swan_core::openai::ChunkFacts;
    /// use swan_core::tokens::TokenCounter;
    ///
    /// let mut counter = TokenCounter::default();
    /// for chunk in [r#"{"choices":[{"delta":{"content":"The quick br"}}]}"#, r#"{"choices":[{"delta":{"content":"own fox"}}]}"#] {
    ///     ChunkFacts::read_counting(chunk.as_bytes(), &mut counter).unwrap();
    /// }
    /// assert_eq!(counter.tokens(), 4);
    /// ```
    #[must_use]
    pub fn read_counting(json: &'a [u8], counter: &mut TokenCounter) -> Option<Self> {
        let pass = Pass {
            counter: Some(*counter),
            ..Pass::default()
        };
        let pass = Self::pass(json, pass)?;
        *counter = pass.counter.unwrap_or(*counter);
        Some(pass.facts)
    }

    fn pass(json: &'a [u8], mut pass: Pass<'a>) -> Option<Pass<'a>> {
        let text = std::str::from_utf8(json).ok()?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer
            .deserialize_map(Walk {
                place: Place::Top,
                pass: &mut pass,
            })
            .ok()?;
        deserializer.end().ok()?;
        pass.facts.usage = pass.top_usage.or(pass.choice_usage).or(pass.groq_usage);
        Some(pass)
    }

    /// Whether this chunk exists for its usage alone, so that a consumer who did not ask for usage must not see it.
    ///
    /// Servers send it with empty `choices`; LiteLLM sends one choice with nothing in it.
    #[must_use]
    pub fn is_usage_only(&self) -> bool {
        self.usage.is_some() && self.error.is_none() && !self.carries && !self.finished
    }
}

/// The usage object of an answer or chunk, `None` when there is none (or `null`).
#[must_use]
pub fn usage_of(json: &[u8]) -> Option<&RawValue> {
    // Most chunks of a stream have no usage, and are not worth a parse.
    memchr::memmem::find(json, b"\"usage\"")?;
    ChunkFacts::read(json)?.usage
}

/// See [`ChunkFacts::is_usage_only`]; `false` for what is not a JSON object.
#[must_use]
pub fn is_usage_only_chunk(json: &[u8]) -> bool {
    memchr::memmem::find(json, b"\"usage\"").is_some()
        && ChunkFacts::read(json).is_some_and(|facts| facts.is_usage_only())
}

/// See [`ChunkFacts::content_bytes`]; 0 for what is not a JSON object.
#[must_use]
pub fn content_len(json: &[u8]) -> u64 {
    ChunkFacts::read(json).map_or(0, |facts| facts.content_bytes)
}

/// Puts the cost, a decimal in words such as `0.000012`, into the usage object as `"cost":"0.000012"`.
///
/// A cost that the model server claimed is replaced. The result is in segments whose concatenation is the changed
/// body; a body without usage comes back as it is.
#[must_use]
pub fn with_cost(body: &Bytes, cost: &str) -> Vec<Bytes> {
    cost_edits(body, cost).map_or_else(|| vec![body.clone()], |edits| splice(body, edits))
}

fn cost_edits(body: &Bytes, cost: &str) -> Option<Vec<Edit>> {
    let text = std::str::from_utf8(body).ok()?;
    // Not by searching for the word: it may be spelled with escapes.
    let usage = ChunkFacts::read(body)?.usage?;
    let (mut claimed, mut empty) = (Vec::new(), true);
    members(usage.get(), &mut |key, value| {
        empty = false;
        if key == "cost" {
            claimed.push(span_of(text, value));
        }
    })
    .ok()?;
    if claimed.is_empty() {
        let comma = if empty { "" } else { "," };
        let member = format!("\"cost\":{}{comma}", quoted(cost));
        return Some(vec![Edit::insert(span_of(text, usage).start + 1, member)]);
    }
    Some(
        claimed
            .into_iter()
            .map(|at| Edit {
                at,
                with: quoted(cost),
            })
            .collect(),
    )
}

fn is_nothing(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
}

#[derive(Default)]
struct Pass<'a> {
    facts: ChunkFacts<'a>,
    /// Where the tokens of the text are wanted. A copy, so that what turns out to be no JSON is not counted.
    counter: Option<TokenCounter>,
    top_usage: Option<&'a RawValue>,
    choice_usage: Option<&'a RawValue>,
    groq_usage: Option<&'a RawValue>,
}

/// Where in an answer the walk stands, and so what a value there means.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Groq,
    Choice,
    Delta,
    Call,
    Function,
    /// Generated text: a string, or parts with strings in them.
    Text,
    /// A tool call's arguments: a string of JSON, or from some servers the JSON itself.
    Arguments,
    Finish,
    /// What kind of object the answer is.
    Kind,
    /// Counts only as being there.
    Presence,
    Usage(UsageAt),
    Error,
    Skip,
}

#[derive(Clone, Copy)]
enum UsageAt {
    Top,
    Choice,
    Groq,
}

impl Place {
    /// What the member `key` of an object at this place is; an array is at the place of its elements.
    fn member(self, key: &str) -> Self {
        match (self, key) {
            (Self::Top, "choices") => Self::Choice,
            (Self::Top, "usage") => Self::Usage(UsageAt::Top),
            (Self::Top, "error") => Self::Error,
            (Self::Top, "object") => Self::Kind,
            (Self::Top, "x_groq") => Self::Groq,
            (Self::Groq, "usage") => Self::Usage(UsageAt::Groq),
            (Self::Choice, "delta" | "message") => Self::Delta,
            (Self::Choice, "finish_reason") => Self::Finish,
            (Self::Choice, "usage") => Self::Usage(UsageAt::Choice),
            (Self::Delta, "tool_calls") => Self::Call,
            (Self::Call, "function") | (Self::Delta, "function_call") => Self::Function,
            (Self::Function, "arguments") => Self::Arguments,
            (Self::Function, "name") | (Self::Choice | Self::Text, "text") => Self::Text,
            (Self::Text, "content" | "thinking" | "refusal") => Self::Text,
            (Self::Delta, "content" | "reasoning_content" | "reasoning" | "refusal") => Self::Text,
            (Self::Delta, _) => Self::Presence,
            _ => Self::Skip,
        }
    }
}

struct Walk<'p, 'a> {
    place: Place,
    pass: &'p mut Pass<'a>,
}

impl Walk<'_, '_> {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if matches!(self.place, Place::Text | Place::Arguments) {
            self.pass.facts.carries = true;
            if let Some(counter) = &mut self.pass.counter {
                counter.push(text);
            }
            let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
            self.pass.facts.content_bytes = self.pass.facts.content_bytes.saturating_add(bytes);
        }
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(mut self, deserializer: D) -> Result<(), D::Error> {
        use serde::Deserialize;
        match self.place {
            Place::Skip => IgnoredAny::deserialize(deserializer).map(drop),
            Place::Usage(_)
            | Place::Error
            | Place::Kind
            | Place::Arguments
            | Place::Finish
            | Place::Presence => {
                let value = <&'a RawValue>::deserialize(deserializer)?;
                self.capture(value);
                Ok(())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'a> Walk<'_, 'a> {
    fn capture(&mut self, value: &'a RawValue) {
        let object = value.get().starts_with('{').then_some(value);
        match self.place {
            Place::Usage(UsageAt::Top) => self.pass.top_usage = object,
            Place::Usage(UsageAt::Choice) => {
                self.pass.choice_usage = object.or(self.pass.choice_usage);
            }
            Place::Usage(UsageAt::Groq) => self.pass.groq_usage = object,
            Place::Error => {
                self.pass.facts.error = Some(value).filter(|value| value.get() != "null");
            }
            Place::Kind => self.pass.facts.failed |= value.get() == "\"error\"",
            Place::Finish => {
                self.pass.facts.finished |= !is_nothing(value);
                self.pass.facts.failed |= value.get() == "\"error\"";
            }
            Place::Presence => self.pass.facts.carries |= !is_nothing(value),
            Place::Arguments if value.get() == "null" => {}
            Place::Arguments if value.get().starts_with('"') => {
                // Without an escape in it the text is what stands between the quotes.
                let text: Cow<'_, str> = match serde_json::from_str(value.get()) {
                    Ok(borrowed) => Cow::Borrowed(borrowed),
                    Err(_) => serde_json::from_str(value.get())
                        .map(Cow::Owned)
                        .unwrap_or_default(),
                };
                self.text(&text);
            }
            _ => self.text(value.get()),
        }
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an answer of a model server")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        if matches!(self.place, Place::Choice) {
            self.pass.facts.choices = self.pass.facts.choices.saturating_add(1);
        }
        while let Some(place) = map.next_key_seed(KeyAt(self.place))? {
            map.next_value_seed(Walk {
                place,
                pass: &mut *self.pass,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq
            .next_element_seed(Walk {
                place: self.place,
                pass: &mut *self.pass,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Resolves a key to the place of its value without keeping the key.
struct KeyAt(Place);

impl<'a> DeserializeSeed<'a> for KeyAt {
    type Value = Place;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Place, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyAt {
    type Value = Place;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a string")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Place, E> {
        Ok(self.0.member(key))
    }
}
