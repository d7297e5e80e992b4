//! The names of a policy's values: dotted paths in which the entries of a list count from 1 or go by their own name.

use toml::Spanned;
use toml::de::DeValue;

use super::PolicyError;

/// Longer paths and names do not occur.
const MAX_BYTES: usize = 300;

/// The keys by which an entry of a list has a name of its own.
pub(super) const NAMES: [&str; 2] = ["id", "name"];

/// The segments of a path such as `model."Qwen/Qwen3-8B".min_vram_gb`.
pub(super) fn parse(key: &str) -> Result<Vec<String>, PolicyError> {
    let mut segments = vec![String::new()];
    let mut is_quoted = false;
    for sign in key.chars() {
        match (sign, segments.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            ('.', _) if !is_quoted => segments.push(String::new()),
            (sign, Some(segment)) => segment.push(sign),
            (_, None) => {}
        }
    }
    if is_quoted || key.len() > MAX_BYTES || segments.iter().any(String::is_empty) {
        let shown: String = key.chars().take(MAX_BYTES).collect();
        let rule =
            "a key is a dotted path such as standing.grace_days or model.\"Qwen/Qwen3-8B\".tier";
        return Err(PolicyError::invalid("key", format!("{shown:?}"), rule));
    }
    Ok(segments)
}

/// A segment as paths and documents write it.
pub(super) fn quoted(segment: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !segment.is_empty() && segment.bytes().all(is_bare) {
        segment.to_owned()
    } else {
        toml::Value::from(segment).to_string()
    }
}

/// One step down: the key of a section, or the entry of a list by number or name.
pub(super) fn step<'a, 'i>(
    value: &'a Spanned<DeValue<'i>>,
    segment: &str,
) -> Option<&'a Spanned<DeValue<'i>>> {
    match value.get_ref() {
        DeValue::Table(table) => table.get(segment),
        DeValue::Array(list) => {
            let by_number = || list.get(segment.parse::<usize>().ok()?.checked_sub(1)?);
            list.iter()
                .find(|entry| name(entry) == Some(segment))
                .or_else(by_number)
        }
        _ => None,
    }
}

fn name<'a>(entry: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    let DeValue::Table(table) = entry.get_ref() else {
        return None;
    };
    NAMES
        .iter()
        .find_map(|key| table.get(*key)?.get_ref().as_str())
}
