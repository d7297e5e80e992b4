//! What a key is for, in the words that stand beside it in a built-in document.

use toml::de::{DeTable, DeValue};

use super::Policy;

/// The comment at `key` of a built-in policy, the default's first.
pub(super) fn of(key: &str) -> Option<String> {
    [Policy::SWAN_2_0_TOML, Policy::SWAN_1_0_TOML]
        .into_iter()
        .find_map(|text| comment(text, key))
}

fn comment(text: &str, key: &str) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let mut segments = key.split('.');
    let (mut name, mut value) = root.get_ref().get_key_value(segments.next()?)?;
    for segment in segments {
        let table = match value.get_ref() {
            DeValue::Table(table) => table,
            // Every entry of a list has the keys that the first has.
            DeValue::Array(list) => match list.iter().next()?.get_ref() {
                DeValue::Table(table) if segment.parse::<usize>().is_err() => table,
                _ => continue,
            },
            _ => return None,
        };
        (name, value) = table.get_key_value(segment)?;
    }
    let header = text
        .get(..name.span().start)?
        .rfind('\n')
        .map_or(0, |end| end + 1);
    above(text.get(..header)?).or_else(|| below(text.get(header..)?))
}

/// The block of comment lines that ends right here.
fn above(text: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().rev().map_while(comment_line).collect();
    lines.reverse();
    joined(&lines)
}

/// The block of comment lines right below a header.
fn below(text: &str) -> Option<String> {
    let mut lines = text.lines();
    if !lines.next()?.starts_with('[') {
        return None;
    }
    joined(&lines.map_while(comment_line).collect::<Vec<_>>())
}

fn comment_line(line: &str) -> Option<&str> {
    line.strip_prefix('#').map(str::trim)
}

fn joined(lines: &[&str]) -> Option<String> {
    (!lines.is_empty()).then(|| lines.join(" "))
}
