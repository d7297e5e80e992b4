//! The shapes of OTLP in JSON, as far as traces need them: ids in hexadecimal digits, 64-bit numbers in strings.

use std::borrow::Cow;

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export<'a> {
    pub(super) resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceSpans<'a> {
    pub(super) resource: Resource,
    pub(super) scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Debug, Serialize)]
pub(super) struct Resource {
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Debug, Serialize)]
pub(super) struct ScopeSpans<'a> {
    pub(super) scope: Scope,
    pub(super) spans: &'a [Span],
}

#[derive(Debug, Serialize)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_span_id: Option<String>,
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) start_time_unix_nano: String,
    pub(super) end_time_unix_nano: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) status: Status,
}

/// `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT`.
pub(super) const SERVER: u8 = 2;
pub(super) const CLIENT: u8 = 3;

#[derive(Debug, Serialize)]
pub(super) struct Status {
    /// `STATUS_CODE_UNSET` is 0, `STATUS_CODE_ERROR` is 2.
    pub(super) code: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct Attribute {
    pub(super) key: &'static str,
    pub(super) value: Value,
}

#[derive(Debug, Serialize)]
pub(super) enum Value {
    #[serde(rename = "stringValue")]
    Text(Cow<'static, str>),
    #[serde(rename = "intValue")]
    Number(String),
    #[serde(rename = "boolValue")]
    Flag(bool),
}

/// The attributes of one span.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) Vec<Attribute>);

impl Attributes {
    pub(super) fn text(&mut self, key: &'static str, text: impl Into<Cow<'static, str>>) {
        let value = Value::Text(text.into());
        self.0.push(Attribute { key, value });
    }

    pub(super) fn number(&mut self, key: &'static str, number: &impl ToString) {
        let value = Value::Number(number.to_string());
        self.0.push(Attribute { key, value });
    }

    pub(super) fn flag(&mut self, key: &'static str, flag: bool) {
        let value = Value::Flag(flag);
        self.0.push(Attribute { key, value });
    }
}
