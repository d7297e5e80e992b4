//! How each member of the head is found, and remembered by its place.

use std::ops::Range;

use serde_json::value::RawValue;

use super::asks::{Asks, limits};
use super::error::{kind, wrong};
use super::members::{Member, Members};
use super::values::{boolean, models, payment, present, string, text_of, whole, wishes};
use super::{HeadError, Layout, Limit, RequestHead};
use crate::openai::read::{members, span_of};
use crate::openai::splice::Edit;
use crate::protocol::Operation;
use crate::routing::AffinityKey;

/// The members that were met and are read.
pub(super) struct Found<'a> {
    reads: Members,
    values: [Option<&'a RawValue>; Member::COUNT],
    duplicate: Option<&'static str>,
    market: Vec<Range<usize>>,
    kept_one: bool,
    /// The end of the member before, its comma included as long as every member so far is to be removed.
    cursor: usize,
}

impl<'a> Found<'a> {
    pub(super) const fn new(reads: Members) -> Self {
        Self {
            reads,
            values: [None; Member::COUNT],
            duplicate: None,
            market: Vec::new(),
            kept_one: false,
            cursor: 0,
        }
    }

    pub(super) fn take(&mut self, text: &str, first: usize, key: &str, value: &'a RawValue) {
        let Some(member) = Member::of(key).filter(|member| self.reads.contains(*member)) else {
            return self.step(text, first, value, false);
        };
        if let Some(slot) = self.values.get_mut(member as usize)
            && slot.replace(value).is_some()
            && !member.is_harmless()
        {
            self.duplicate = Some(member.name());
        }
        self.step(text, first, value, member.is_market());
    }

    /// The value of a member, `null` included.
    pub(super) fn get(&self, member: Member) -> Option<&'a RawValue> {
        self.values.get(member as usize).copied().flatten()
    }

    /// The value of a member that must be there.
    pub(super) fn required(&self, member: Member) -> Result<&'a RawValue, HeadError> {
        let field = member.name();
        self.get(member).ok_or(HeadError::Missing { field })
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
        operation: &Operation,
        text: &str,
        first_member: usize,
    ) -> Result<RequestHead, HeadError> {
        if let Some(field) = self.duplicate {
            return Err(HeadError::Duplicate { field });
        }
        let mut models = models(self.get(Member::Models))?;
        let (named, model_at) = self.model(operation, text, first_member, !models.is_empty())?;
        let names_model = named.is_some();
        let model = match named {
            Some(model) => model,
            None if models.is_empty() => String::new(),
            None => models.remove(0),
        };
        models.retain(|other| *other != model);
        let asks = Asks::read(operation, &self)?;
        let limits = limits(&self).map(|value| Limit {
            at: span_of(text, value),
            value: whole(value.get()),
        });
        let limits = limits.collect();
        let (provider, preferences) = wishes(self.get(Member::Provider))?;
        let options = self.get(Member::StreamOptions);
        let (include_usage, edit) = if asks.generation().is_some() {
            stream_options(text, first_member, options)?
        } else {
            (false, None)
        };
        let together = [Member::SessionId, Member::PromptCacheKey, Member::User];
        Ok(RequestHead {
            model,
            models,
            stream: boolean("stream", self.get(Member::Stream))?.unwrap_or(false),
            include_usage,
            payment: payment(self.get(Member::Payment))?,
            provider,
            preferences,
            affinity: AffinityKey::first_of(together.map(|member| text_of(self.get(member)?))),
            names_session: [Member::SessionId, Member::PromptCacheKey]
                .iter()
                .any(|member| {
                    self.get(*member)
                        .and_then(text_of)
                        .is_some_and(|text| !text.is_empty())
                }),
            asks,
            layout: Layout {
                len: text.len(),
                first_member,
                is_form: false,
                model: model_at,
                names_model,
                messages: self.get(Member::Messages).map(|value| span_of(text, value)),
                stream_options: options.map(|value| span_of(text, value)),
                include_usage: edit,
                limits,
                market: self.market,
            },
        })
    }

    /// The model's name and its place; it may be missing where there is a list, and of images, since OpenAI
    /// has a default there.
    fn model(
        &self,
        operation: &Operation,
        text: &str,
        first_member: usize,
        has_list: bool,
    ) -> Result<(Option<String>, Range<usize>), HeadError> {
        let value = self.get(Member::Model);
        let has_default = has_list || matches!(operation, Operation::ImagesGenerations);
        if has_default && present(value).is_none() {
            let at = value.map_or(first_member..first_member, |null| span_of(text, null));
            return Ok((None, at));
        }
        let value = self.required(Member::Model)?;
        let name = string("model", "a model name", Some(value))?.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| wrong("model", "a model name", value))?;
        Ok((Some(name), span_of(text, value)))
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

/// Whether the consumer wants the usage chunk, and how to ask for it where he does not.
fn stream_options(
    text: &str,
    first_member: usize,
    value: Option<&RawValue>,
) -> Result<(bool, Option<Edit>), HeadError> {
    const ON: &str = "\"include_usage\":true";
    const FIELD: &str = "stream_options.include_usage";
    let Some(value) = value else {
        let member = format!("\"stream_options\":{{{ON}}},");
        return Ok((false, Some(Edit::insert(first_member, member))));
    };
    let at = span_of(text, value);
    if value.get() == "null" {
        let with = format!("{{{ON}}}");
        return Ok((false, Some(Edit { at, with })));
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
    let Some(member) = include else {
        let comma = if empty { "" } else { "," };
        let edit = Edit::insert(at.start + 1, format!("{ON}{comma}"));
        return Ok((false, Some(edit)));
    };
    let edit = Edit {
        at: span_of(text, member),
        with: "true".to_owned(),
    };
    let asked = boolean(FIELD, Some(member))?.unwrap_or(false);
    Ok((asked, Some(edit)))
}
