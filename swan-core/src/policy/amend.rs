//! Changes the text of a policy document in place, so that what it says about its numbers stays beside them.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeValue;

use super::{Policy, PolicyError, PolicyValue, PolicyVersion, key, read};

/// One value of a policy that is to become another; what a proposal of governance is made of.
///
/// The key is the dotted path that errors name: `standing.grace_days`. Entries of lists count from 1 (`model.3.min_vram_gb`)
/// or are named by their `id` or `name` in quotes (`model."Qwen/Qwen3-8B".min_vram_gb`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever proposes builds it; a change is a key and a value"
)]
pub struct Change {
    /// The dotted path of the value.
    pub key: String,
    /// What it becomes, of the same kind as before.
    pub value: PolicyValue,
}

impl Change {
    /// The change of `key` to `value`.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<PolicyValue>) -> Self {
        let (key, value) = (key.into(), value.into());
        Self { key, value }
    }
}

impl Policy {
    /// The most changes that one amendment makes.
    pub const CHANGES_MAX: usize = 100;

    /// The same policy with `changes`, as a new version; all of it is checked again, and comments stay where they are.
    ///
    /// A key that may be left out and is not there yet is added to its section.
    ///
    /// ```
    /// use swan_core::{Change, Policy, PolicyVersion};
    ///
    /// let version = PolicyVersion::new("swan-2.0.1").unwrap();
    /// let policy = Policy::swan_2_0();
    /// let amended = policy.amended(version, &[Change::new("payment.swan_discount_bps", 2_500)])?;
    /// assert_eq!(amended.swan_discount().to_string(), "25%");
    /// assert_ne!(amended.stamp(), policy.stamp());
    /// # Ok::<(), swan_core::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the version is the old one, when there is no change or one key changes twice, when a key does not
    /// exist or gets a value of another kind, and when what comes out is no valid policy.
    pub fn amended(&self, version: PolicyVersion, changes: &[Change]) -> Result<Self, PolicyError> {
        if version == *self.version() {
            let rule = "an amended policy has a version of its own";
            return Err(PolicyError::invalid("version", version, rule));
        }
        if changes.is_empty() || changes.len() > Self::CHANGES_MAX {
            let rule = format!("an amendment makes 1 to {} changes", Self::CHANGES_MAX);
            return Err(PolicyError::invalid("changes", changes.len(), rule));
        }
        let mut text = self.to_toml().to_owned();
        let mut seen = BTreeSet::new();
        for change in changes {
            let path = key::parse(&change.key)?;
            if path == ["version"] {
                let rule = "the version is given beside the changes";
                return Err(PolicyError::invalid("version", &change.value, rule));
            }
            text = set(&text, change, &path)?;
            if !seen.insert(path) {
                let rule = "a key changes once in one amendment";
                return Err(PolicyError::invalid(&change.key, &change.value, rule));
            }
        }
        let version = Change::new("version", version.as_str());
        Self::from_toml(&set(&text, &version, &["version".to_owned()])?)
    }
}

/// The document with one value set.
fn set(text: &str, change: &Change, path: &[String]) -> Result<String, PolicyError> {
    let document = read::parse(text)?;
    let refused = |rule: &str| PolicyError::invalid(&change.key, &change.value, rule);
    let (first, rest) = path
        .split_first()
        .ok_or_else(|| refused("a key is named"))?;
    let Some(mut value) = document.get_ref().get(first.as_str()) else {
        return Err(refused("there is no such key"));
    };
    for (segment, left) in rest.iter().zip((0..rest.len()).rev()) {
        match key::step(value, segment) {
            Some(inner) => value = inner,
            None if left == 0 && is_section(text, value) => {
                return Ok(added(text, &value.span(), segment, &change.value));
            }
            None => return Err(refused("there is no such key")),
        }
    }
    let (found, given) = (kind(value.get_ref()), change.value.kind());
    if found != given {
        return Err(refused(&format!("it is {found}, not {given}")));
    }
    if !is_written_inline(text, value) {
        return Err(refused("a section or a list of entries changes key by key"));
    }
    Ok(spliced(text, &value.span(), &change.value.to_string()))
}

/// The document with one more key right below the header of its section.
fn added(text: &str, header: &Range<usize>, name: &str, value: &PolicyValue) -> String {
    let after = text.get(header.end..).unwrap_or_default();
    let line_end = header.end + after.find('\n').unwrap_or(after.len());
    let line = format!("\n{} = {value}", key::quoted(name));
    spliced(text, &(line_end..line_end), &line)
}

fn spliced(text: &str, place: &Range<usize>, instead: &str) -> String {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    format!("{before}{instead}{after}")
}

/// Whether the value is a table below a `[header]` of its own.
fn is_section(text: &str, value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_)) && starts_with(text, &value.span(), '[')
}

/// Whether the whole value stands where its span says; sections and lists of `[[entries]]` stand in several places.
fn is_written_inline(text: &str, value: &Spanned<DeValue<'_>>) -> bool {
    match value.get_ref() {
        DeValue::Table(_) => starts_with(text, &value.span(), '{'),
        DeValue::Array(list) => list.iter().all(|entry| is_written_inline(text, entry)),
        _ => true,
    }
}

fn starts_with(text: &str, span: &Range<usize>, sign: char) -> bool {
    text.get(span.clone())
        .is_some_and(|span| span.starts_with(sign))
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Boolean(_) => "true or false",
        DeValue::Integer(_) => "a whole number",
        DeValue::String(_) => "text",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
        DeValue::Float(_) => "a fraction",
        DeValue::Datetime(_) => "a date",
    }
}
