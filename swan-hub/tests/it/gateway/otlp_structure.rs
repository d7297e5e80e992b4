//! What OTLP publishes of its messages, as far as traces have them: each member, its type in JSON, and nothing else.

use serde_json::{Map, Value};

/// What a member is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// 16 or 8 bytes in hexadecimal digits, not all of them zero.
    Id(usize),
    /// A number of 64 bits, which is a string in JSON.
    Long,
    /// A number of 32 bits.
    Int,
    /// One of an enumeration, which is its number in JSON, up to this one.
    Enum(u64),
    /// `AnyValue`.
    Any,
    One(Message),
    Many(Message),
}

/// A message: its members, those that must be there first, and how many of them that are.
type Message = (&'static str, usize, fn() -> &'static [(&'static str, Kind)]);

const EXPORT: Message = ("ExportTraceServiceRequest", 1, || {
    &[("resourceSpans", Kind::Many(RESOURCE_SPANS))]
});
const RESOURCE_SPANS: Message = ("ResourceSpans", 2, || {
    &[
        ("resource", Kind::One(RESOURCE)),
        ("scopeSpans", Kind::Many(SCOPE_SPANS)),
        ("schemaUrl", Kind::Text),
    ]
});
const RESOURCE: Message = ("Resource", 1, || {
    &[
        ("attributes", Kind::Many(KEY_VALUE)),
        ("droppedAttributesCount", Kind::Int),
    ]
});
const SCOPE_SPANS: Message = ("ScopeSpans", 2, || {
    &[
        ("scope", Kind::One(SCOPE)),
        ("spans", Kind::Many(SPAN)),
        ("schemaUrl", Kind::Text),
    ]
});
const SCOPE: Message = ("InstrumentationScope", 1, || {
    &[
        ("name", Kind::Text),
        ("version", Kind::Text),
        ("attributes", Kind::Many(KEY_VALUE)),
        ("droppedAttributesCount", Kind::Int),
    ]
});
const SPAN: Message = ("Span", 6, || {
    &[
        ("traceId", Kind::Id(16)),
        ("spanId", Kind::Id(8)),
        ("name", Kind::Text),
        ("kind", Kind::Enum(5)),
        ("startTimeUnixNano", Kind::Long),
        ("endTimeUnixNano", Kind::Long),
        ("parentSpanId", Kind::Id(8)),
        ("traceState", Kind::Text),
        ("flags", Kind::Int),
        ("attributes", Kind::Many(KEY_VALUE)),
        ("droppedAttributesCount", Kind::Int),
        ("droppedEventsCount", Kind::Int),
        ("droppedLinksCount", Kind::Int),
        ("status", Kind::One(STATUS)),
    ]
});
const STATUS: Message = ("Status", 0, || {
    &[("message", Kind::Text), ("code", Kind::Enum(2))]
});
const KEY_VALUE: Message = ("KeyValue", 2, || {
    &[("key", Kind::Text), ("value", Kind::Any)]
});
/// Fails unless `body` is an export of traces to the letter.
pub(crate) fn assert_export(body: &Value) {
    message(body, EXPORT);
}

fn message(value: &Value, (name, required, members): Message) {
    let object: &Map<String, Value> = value
        .as_object()
        .unwrap_or_else(|| panic!("{name}: {value}"));
    for (member, _) in &members()[..required] {
        assert!(
            object.contains_key(*member),
            "{name} without {member}: {value}"
        );
    }
    for (member, value) in object {
        let known = members().iter().find(|(known, _)| known == member);
        let (_, kind) = known.unwrap_or_else(|| panic!("{name} has no member {member}"));
        self::member(value, *kind, &format!("{name}.{member}"));
    }
}

fn any_value(value: &Value) {
    let object = value.as_object().unwrap();
    assert_eq!(object.len(), 1, "one of its kinds: {object:?}");
    for (kind, value) in object {
        match kind.as_str() {
            "stringValue" => assert!(value.is_string(), "{value}"),
            "boolValue" => assert!(value.is_boolean(), "{value}"),
            "intValue" => drop(value.as_str().unwrap().parse::<i64>().unwrap()),
            other => panic!("a value of the kind {other}"),
        }
    }
}

fn member(value: &Value, kind: Kind, name: &str) {
    let text = || {
        value
            .as_str()
            .unwrap_or_else(|| panic!("{name} is no text: {value}"))
    };
    match kind {
        Kind::Text => drop(text().to_owned()),
        Kind::Id(bytes) => {
            let (text, digits) = (text(), "0123456789abcdefABCDEF");
            assert_eq!(text.len(), 2 * bytes, "{name}: {text}");
            assert!(
                text.chars().all(|one| digits.contains(one)),
                "{name}: {text}"
            );
            assert!(text.chars().any(|one| one != '0'), "{name}: {text}");
        }
        Kind::Long => drop(text().parse::<u64>().unwrap()),
        Kind::Int => assert!(
            value
                .as_u64()
                .is_some_and(|value| u32::try_from(value).is_ok()),
            "{name}: {value}"
        ),
        Kind::Enum(last) => assert!(
            value.as_u64().is_some_and(|value| value <= last),
            "{name}: {value}"
        ),
        Kind::Any => any_value(value),
        Kind::One(inner) => message(value, inner),
        Kind::Many(inner) => {
            let list = value
                .as_array()
                .unwrap_or_else(|| panic!("{name} is no list: {value}"));
            list.iter().for_each(|value| message(value, inner));
        }
    }
}
