//! How each member of the head is found, checked, and remembered by its place.

use std::ops::Range;

use serde_json::value::RawValue;

use super::error::{kind, wrong};
use super::{ChatRequestHead, HeadError, Layout, Limit};
use crate::Currency;
use crate::openai::read::{members, span_of};
use crate::openai::splice::Edit;
use crate::routing::{AffinityKey, RoutePreferences};

/// More tokens than any model's context; a higher number is a mistake or an attack.
const MAX_TOKENS: u64 = 1_000_000_000;
/// OpenAI's own bound on `n`.
const MAX_CHOICES: u64 = 128;

#[derive(Default)]
pub(super) struct Found<'a> {
    model: Option<&'a RawValue>,
    messages: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
    max_tokens: Option<&'a RawValue>,
    max_completion_tokens: Option<&'a RawValue>,
    n_predict: Option<&'a RawValue>,
    n: Option<&'a RawValue>,
    payment: Option<&'a RawValue>,
    provider: Option<&'a RawValue>,
    /// `session_id`, `prompt_cache_key` and `user`.
    together: [Option<&'a RawValue>; 3],
    duplicate: Option<&'static str>,
    market: Vec<Range<usize>>,
    kept_one: bool,
    /// The end of the member before, its comma included as long as every member so far is to be removed.
    cursor: usize,
}

impl<'a> Found<'a> {
    pub(super) fn take(&mut self, text: &str, first: usize, key: &str, value: &'a RawValue) {
        let (slot, field) = match key {
            "model" => (&mut self.model, "model"),
            "messages" => (&mut self.messages, "messages"),
            "stream" => (&mut self.stream, "stream"),
            "stream_options" => (&mut self.stream_options, "stream_options"),
            "max_tokens" => (&mut self.max_tokens, "max_tokens"),
            "max_completion_tokens" => (&mut self.max_completion_tokens, "max_completion_tokens"),
            "n_predict" => (&mut self.n_predict, "n_predict"),
            "n" => (&mut self.n, "n"),
            "payment" => (&mut self.payment, "payment"),
            "provider" => (&mut self.provider, "provider"),
            "session_id" => return self.keep_together(0, text, first, value),
            "prompt_cache_key" => return self.keep_together(1, text, first, value),
            "user" => return self.keep_together(2, text, first, value),
            _ => return self.step(text, first, value, false),
        };
        if slot.replace(value).is_some() {
            self.duplicate = Some(field);
        }
        let market = matches!(field, "payment" | "provider");
        self.step(text, first, value, market);
    }

    /// A member that the provider gets as well, and that decides about nothing but a preference.
    fn keep_together(&mut self, rank: usize, text: &str, first: usize, value: &'a RawValue) {
        if let Some(slot) = self.together.get_mut(rank) {
            *slot = Some(value);
        }
        self.step(text, first, value, false);
    }

    /// Moves past one member; a removed one takes the comma before it along, or after it when nothing kept stands before.
    fn step(&mut self, text: &str, first: usize, value: &RawValue, remove: bool) {
        let end = span_of(text, value).end;
        let start = self.cursor.max(first);
        self.cursor = end;
        if remove {
            if !self.kept_one {
                self.cursor = after_comma(text, end);
            }
            self.market.push(start..self.cursor);
        } else {
            self.kept_one = true;
        }
    }

    pub(super) fn into_head(
        self,
        text: &str,
        first_member: usize,
    ) -> Result<ChatRequestHead, HeadError> {
        if let Some(field) = self.duplicate {
            return Err(HeadError::Duplicate { field });
        }
        let model = self.model.ok_or(HeadError::Missing { field: "model" })?;
        let messages = self
            .messages
            .ok_or(HeadError::Missing { field: "messages" })?;
        if !messages.get().starts_with('[') {
            return Err(wrong("messages", "an array of messages", messages));
        }
        let mut limits = Vec::new();
        let mut limit = |field, value| limit(text, field, value, &mut limits);
        let max_tokens = limit("max_tokens", self.max_tokens)?;
        let max_completion_tokens = limit("max_completion_tokens", self.max_completion_tokens)?;
        let n_predict = limit("n_predict", self.n_predict)?;
        let (provider, preferences) = wishes(self.provider)?;
        let (include_usage, edit) = stream_options(text, first_member, self.stream_options)?;
        Ok(ChatRequestHead {
            model: string("model", "a model name", Some(model))?
                .filter(|name| !name.is_empty())
                .ok_or_else(|| wrong("model", "a model name", model))?,
            stream: boolean("stream", self.stream)?.unwrap_or(false),
            include_usage,
            max_tokens,
            max_completion_tokens,
            n_predict,
            n: integer("n", "an integer from 1 to 128", MAX_CHOICES, self.n)?.unwrap_or(1),
            payment: payment(self.payment)?,
            provider,
            preferences,
            affinity: AffinityKey::first_of(self.together.map(|value| text_of(value?))),
            layout: Layout {
                len: text.len(),
                first_member,
                model: span_of(text, model),
                stream_options: self.stream_options.map(|value| span_of(text, value)),
                include_usage: edit,
                limits,
                market: self.market,
            },
        })
    }
}

pub(super) fn object_start(text: &str) -> Result<usize, HeadError> {
    let start = text.find(|c: char| !matches!(c, ' ' | '\t' | '\r' | '\n'));
    match start.and_then(|at| text.as_bytes().get(at).map(|byte| (at, *byte))) {
        Some((at, b'{')) => Ok(at),
        Some((_, byte)) => Err(HeadError::NotAnObject { found: kind(byte) }),
        None => Err(HeadError::NotAnObject {
            found: "an empty body",
        }),
    }
}

fn after_comma(text: &str, end: usize) -> usize {
    let rest = text.as_bytes().get(end..).unwrap_or_default();
    rest.iter()
        .position(|byte| *byte == b',' || *byte == b'}')
        .map_or(end, |at| match rest.get(at) {
            Some(b',') => end + at + 1,
            _ => end,
        })
}

fn stream_options(
    text: &str,
    first_member: usize,
    value: Option<&RawValue>,
) -> Result<(bool, Edit), HeadError> {
    const ON: &str = "\"include_usage\":true";
    const FIELD: &str = "stream_options.include_usage";
    let Some(value) = value else {
        return Ok((
            false,
            Edit::insert(first_member, format!("\"stream_options\":{{{ON}}},")),
        ));
    };
    let at = span_of(text, value);
    if value.get() == "null" {
        return Ok((
            false,
            Edit {
                at,
                with: format!("{{{ON}}}"),
            },
        ));
    }
    if !value.get().starts_with('{') {
        return Err(wrong("stream_options", "an object", value));
    }
    let (mut include, mut empty, mut doubled) = (None, true, false);
    members(value.get(), &mut |key, member| {
        empty = false;
        if key == "include_usage" {
            doubled |= include.replace(member).is_some();
        }
    })
    .map_err(|error| HeadError::NotJson {
        reason: error.to_string(),
    })?;
    if doubled {
        return Err(HeadError::Duplicate { field: FIELD });
    }
    match include {
        Some(member) => {
            let edit = Edit {
                at: span_of(text, member),
                with: "true".to_owned(),
            };
            Ok((boolean(FIELD, Some(member))?.unwrap_or(false), edit))
        }
        None => {
            let comma = if empty { "" } else { "," };
            Ok((false, Edit::insert(at.start + 1, format!("{ON}{comma}"))))
        }
    }
}

fn limit(
    text: &str,
    field: &'static str,
    value: Option<&RawValue>,
    limits: &mut Vec<Limit>,
) -> Result<Option<u64>, HeadError> {
    let tokens = integer(field, "an integer from 1 to 1000000000", MAX_TOKENS, value)?;
    limits.extend(value.map(|value| Limit {
        at: span_of(text, value),
        value: tokens,
    }));
    Ok(tokens)
}

fn integer(
    field: &'static str,
    expected: &'static str,
    most: u64,
    value: Option<&RawValue>,
) -> Result<Option<u64>, HeadError> {
    let Some(value) = value.filter(|value| value.get() != "null") else {
        return Ok(None);
    };
    match value.get().parse::<u64>() {
        Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
        _ => Err(wrong(field, expected, value)),
    }
}

fn boolean(field: &'static str, value: Option<&RawValue>) -> Result<Option<bool>, HeadError> {
    match value.map(|value| (value, value.get())) {
        None | Some((_, "null")) => Ok(None),
        Some((_, "true")) => Ok(Some(true)),
        Some((_, "false")) => Ok(Some(false)),
        Some((value, _)) => Err(wrong(field, "true or false", value)),
    }
}

fn string(
    field: &'static str,
    expected: &'static str,
    value: Option<&RawValue>,
) -> Result<Option<String>, HeadError> {
    let Some(value) = value.filter(|value| value.get() != "null") else {
        return Ok(None);
    };
    serde_json::from_str(value.get())
        .map(Some)
        .map_err(|_| wrong(field, expected, value))
}

/// A provider's name, or an object that says who may serve.
fn wishes(
    value: Option<&RawValue>,
) -> Result<(Option<String>, Option<Box<RoutePreferences>>), HeadError> {
    match value.map(RawValue::get) {
        None | Some("null") => Ok((None, None)),
        Some(name) if name.starts_with('"') => {
            Ok((string("provider", "a name or an object", value)?, None))
        }
        Some(object) => Ok((None, Some(Box::new(RoutePreferences::parse(object)?)))),
    }
}

/// What stands between the quotes of a text, escapes and all.
fn text_of(value: &RawValue) -> Option<&[u8]> {
    let text = value.get().strip_prefix('"')?.strip_suffix('"')?;
    Some(text.as_bytes())
}

fn payment(value: Option<&RawValue>) -> Result<Option<Currency>, HeadError> {
    const EXPECTED: &str = "\"USD\" or \"SWAN\"";
    let Some(name) = string("payment", EXPECTED, value)? else {
        return Ok(None);
    };
    match (name.parse(), value) {
        (Ok(currency), _) => Ok(Some(currency)),
        (Err(_), Some(value)) => Err(wrong("payment", EXPECTED, value)),
        (Err(_), None) => Ok(None),
    }
}
