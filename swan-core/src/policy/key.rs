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

/// The key of `segment` inside of `at`.
pub(super) fn below(at: &str, segment: &str) -> String {
    if at.is_empty() {
        segment.to_owned()
    } else {
        format!("{at}.{segment}")
    }
}

/// The known key that is most like `name`, if one is like it at all.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = name.chars().count() / 3 + 1;
    known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many signs must be put in, left out or changed to turn one text into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // Names longer than keys ever are need no distance.
    let from = from.chars().take(MAX_BYTES);
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (sign, number) in from.zip(1..) {
        let mut diagonal = number - 1;
        let mut left = number;
        let mut next = Vec::with_capacity(row.len());
        next.push(number);
        for (above, wanted) in row.iter().skip(1).zip(&to) {
            let changed = diagonal + usize::from(sign != *wanted);
            left = changed.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
