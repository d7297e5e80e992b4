//! Changes to single members of a body whose other bytes stay as they are, and where they are.

use std::ops::Range;

use bytes::Bytes;

use super::head::{Limit, RequestHead};

/// One replacement of a range of a body.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) with: String,
}

impl Edit {
    pub(super) fn insert(at: usize, with: String) -> Self {
        Self { at: at..at, with }
    }
}

/// Applies edits that do not overlap; the kept ranges share the memory of `body`.
///
/// Edits that do not fit the body are a sign of a body other than the one that was read; it is then left as it is.
pub(super) fn splice(body: &Bytes, mut edits: Vec<Edit>) -> Vec<Bytes> {
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut segments = Vec::with_capacity(edits.len() * 2 + 1);
    let mut from = 0;
    for edit in edits {
        if edit.at.start < from || edit.at.end > body.len() || edit.at.start > edit.at.end {
            return vec![body.clone()];
        }
        if edit.at.start > from {
            segments.push(body.slice(from..edit.at.start));
        }
        if !edit.with.is_empty() {
            segments.push(Bytes::from(edit.with));
        }
        from = edit.at.end;
    }
    if from < body.len() {
        segments.push(body.slice(from..));
    }
    segments
}

/// What a hub changes in a request on its way to a model server.
///
/// Everything else, unknown members and number spellings included, is passed on byte for byte.
///
/// ```
/// use bytes::Bytes;
/// use swan_core::openai::{RequestHead, Rewrite};
///
/// let body = Bytes::from_static(br#"{"model":"qwen","messages":[],"seed":18446744073709551617}"#);
/// let head = RequestHead::chat(&body)?;
/// let sent = Rewrite::new().with_model("Qwen/Qwen3-8B").with_max_tokens(512).apply(&body, &head).concat();
/// assert_eq!(
///     sent,
///     br#"{"max_tokens":512,"model":"Qwen/Qwen3-8B","messages":[],"seed":18446744073709551617}"#
/// );
/// # Ok::<(), swan_core::openai::HeadError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rewrite<'a> {
    model: Option<&'a str>,
    include_usage: bool,
    max_tokens: Option<u64>,
    without_market_fields: bool,
}

impl<'a> Rewrite<'a> {
    /// Changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the model as the provider knows it.
    #[must_use]
    pub fn with_model(self, model: &'a str) -> Self {
        Self {
            model: Some(model),
            ..self
        }
    }

    /// Asks for a usage chunk at the end of a stream; no effect on a request that does not stream.
    #[must_use]
    pub fn with_include_usage(self) -> Self {
        Self {
            include_usage: true,
            ..self
        }
    }

    /// Bounds the answer: lowers a higher limit of the request, and sets one where the request has none.
    #[must_use]
    pub fn with_max_tokens(self, limit: u64) -> Self {
        Self {
            max_tokens: Some(limit),
            ..self
        }
    }

    /// Removes what only a hub understands (`models`, `payment` and `provider`), since strict model servers refuse unknown members.
    #[must_use]
    pub fn without_market_fields(self) -> Self {
        Self {
            without_market_fields: true,
            ..self
        }
    }

    /// The body in segments whose concatenation is the changed body; unchanged ranges share the memory of `body`.
    ///
    /// `head` must have been parsed from this `body`; a body of another length comes back unchanged.
    #[must_use]
    pub fn apply(&self, body: &Bytes, head: &RequestHead) -> Vec<Bytes> {
        let layout = &head.layout;
        if layout.len != body.len() {
            return vec![body.clone()];
        }
        let mut edits = Vec::new();
        if let Some(model) = self.model
            && (model != head.model || !layout.names_model)
        {
            let at = layout.model.clone();
            let with = match layout.is_form {
                true => model.to_owned(),
                false => quoted(model),
            };
            edits.push(match at.is_empty() {
                true => Edit::insert(at.start, format!("\"model\":{with},")),
                false => Edit { at, with },
            });
        }
        if self.include_usage && head.stream && !head.include_usage {
            edits.extend(layout.include_usage.clone());
        }
        if let Some(limit) = self.max_tokens {
            limit_edits(limit, layout.first_member, &layout.limits, &mut edits);
        }
        if self.without_market_fields {
            edits.extend(layout.market.iter().map(|at| Edit {
                at: at.clone(),
                with: String::new(),
            }));
        }
        splice(body, edits)
    }
}

fn limit_edits(limit: u64, first_member: usize, limits: &[Limit], edits: &mut Vec<Edit>) {
    if limits.iter().all(|member| member.value.is_none()) {
        // A second member of that name would leave the choice to the server's parser, so a null is replaced.
        edits.push(match limits.first() {
            Some(null) => Edit {
                at: null.at.clone(),
                with: limit.to_string(),
            },
            None => Edit::insert(first_member, format!("\"max_tokens\":{limit},")),
        });
        return;
    }
    let higher = limits
        .iter()
        .filter(|member| member.value.is_some_and(|value| value > limit));
    edits.extend(higher.map(|member| Edit {
        at: member.at.clone(),
        with: limit.to_string(),
    }));
}

/// The body segments of a streaming request with `stream_options.include_usage` forced on.
///
/// The hub bills by usage, so it always asks; it hides the extra chunk from a consumer who did not
/// ([`super::is_usage_only_chunk`]). A request that does not stream comes back as it is.
#[must_use]
pub fn with_include_usage(body: &Bytes, head: &RequestHead) -> Vec<Bytes> {
    Rewrite::new().with_include_usage().apply(body, head)
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
