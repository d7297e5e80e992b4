//! From text to the shape of a policy document; what is wrong with the shape is told by key, value and rule.

use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::document::Document;
use super::{PolicyError, key};

/// A policy of every model in the world would be smaller.
const MAX_BYTES: usize = 1 << 20;

/// The document's values and the document by its sections.
pub(super) fn read(text: &str) -> Result<(toml::Table, Document), PolicyError> {
    if text.len() > MAX_BYTES {
        return Err(PolicyError::TooLarge {
            bytes: text.len(),
            most: MAX_BYTES,
        });
    }
    let root = parse(text)?;
    // Before anything turns a number into a float, so that none is ever computed with.
    only_whole_values(text, "", root.get_ref())?;
    let misread = |error: toml::de::Error| misread(text, root.get_ref(), &error);
    let source = toml::Table::deserialize(Deserializer::from(root.clone())).map_err(misread)?;
    let document = Document::deserialize(Deserializer::from(root.clone())).map_err(misread)?;
    Ok((source, document))
}

/// The document with the place of each value.
pub(super) fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, PolicyError> {
    DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let (line, column) = place(text, start);
        PolicyError::Unreadable {
            line,
            column,
            message: error.message().to_owned(),
        }
    })
}

/// Line and column of a byte, both counted from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Money, shares and dates are text or whole numbers, so a float or a date of TOML is a mistake wherever it stands.
fn only_whole_values(text: &str, at: &str, table: &DeTable<'_>) -> Result<(), PolicyError> {
    table.iter().try_for_each(|(name, value)| {
        let at = key::below(at, &key::quoted(name.get_ref()));
        whole_value(text, &at, value)
    })
}

fn whole_value(text: &str, at: &str, value: &Spanned<DeValue<'_>>) -> Result<(), PolicyError> {
    let refused = |rule: &str| Err(PolicyError::invalid(at, written(text, &value.span()), rule));
    match value.get_ref() {
        DeValue::Table(table) => only_whole_values(text, at, table),
        DeValue::Array(list) => list.iter().zip(1_usize..).try_for_each(|(value, number)| {
            whole_value(text, &key::below(at, &number.to_string()), value)
        }),
        DeValue::Float(_) => refused("numbers are whole; money, prices and rates are text"),
        DeValue::Datetime(_) => refused("dates are text, such as \"2026-04-10\""),
        DeValue::Integer(number) => {
            let digits: String = number
                .as_str()
                .chars()
                .filter(|sign| *sign != '_')
                .collect();
            match i64::from_str_radix(&digits, number.radix()) {
                Ok(_) => Ok(()),
                Err(_) => refused("no number is that large"),
            }
        }
        DeValue::String(_) | DeValue::Boolean(_) => Ok(()),
    }
}

fn written<'a>(text: &'a str, span: &Range<usize>) -> &'a str {
    text.get(span.clone()).unwrap_or_default()
}

/// Says by key, value and rule what the reader says about a place in the text.
fn misread(text: &str, root: &DeTable<'_>, error: &toml::de::Error) -> PolicyError {
    let span = error.span().unwrap_or_default();
    let told = error.message();
    let at = path(root, &span).unwrap_or_default();
    if let Some(name) = quoted(told, "missing field `") {
        return PolicyError::missing(&key::below(&at, name));
    }
    if let Some(name) = quoted(told, "unknown field `") {
        let known: Vec<&str> = told
            .split_once("expected")
            .map(|(_, list)| list.split('`').skip(1).step_by(2).collect())
            .unwrap_or_default();
        let (line, _) = place(text, span.start);
        return PolicyError::unknown(at, line, key::nearest(name, &known));
    }
    PolicyError::invalid(at, written(text, &span), rule(told))
}

/// The name behind `start`, which ends with its backtick.
fn quoted<'a>(told: &'a str, start: &str) -> Option<&'a str> {
    told.strip_prefix(start)?.split('`').next()
}

/// The reader's expectation in the words of the other rules.
fn rule(told: &str) -> String {
    let Some((_, expected)) = told.rsplit_once("expected ") else {
        return told.to_owned();
    };
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "it is a whole number, not below zero".to_owned(),
        "a string" => "it is text, in quotes".to_owned(),
        "a boolean" => "it is true or false".to_owned(),
        "a sequence" => "it is a list".to_owned(),
        other if other.starts_with("struct ") => "it is a section with keys".to_owned(),
        other => format!("it is {}", other.replace('`', "")),
    }
}

/// The key at a place of the text: of the value or name that stands exactly there.
fn path(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(name, value)| {
        let segment = key::quoted(name.get_ref());
        if name.span() == *span || value.span() == *span {
            return Some(segment);
        }
        path_in(value, span).map(|inner| key::below(&segment, &inner))
    })
}

fn path_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    match value.get_ref() {
        DeValue::Table(table) => path(table, span),
        DeValue::Array(list) => list.iter().zip(1_usize..).find_map(|(entry, number)| {
            let segment = number.to_string();
            if entry.span() == *span {
                return Some(segment);
            }
            path_in(entry, span).map(|inner| key::below(&segment, &inner))
        }),
        _ => None,
    }
}

/// Where the value of a key stands, or the innermost section around it that exists.
pub(super) fn place_of(text: &str, key: &str) -> Option<(usize, usize)> {
    let root = DeTable::parse(text).ok()?;
    let mut segments = key::parse(key).ok()?.into_iter();
    let (name, mut value) = root.get_ref().get_key_value(segments.next()?.as_str())?;
    let mut at = name.span().start;
    for segment in segments {
        let Some(inner) = key::step(value, &segment) else {
            break;
        };
        at = match value.get_ref() {
            DeValue::Table(table) => table.get_key_value(segment.as_str())?.0.span().start,
            _ => inner.span().start,
        };
        value = inner;
    }
    Some(place(text, at))
}
