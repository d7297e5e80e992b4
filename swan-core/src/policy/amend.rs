//! Changes the text of a policy document in place, so that what it says about its numbers stays beside them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

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
pub struct PolicyChange {
    /// The dotted path of the value.
    pub key: String,
    /// What it becomes, of the same kind as before.
    pub value: PolicyValue,
}

impl PolicyChange {
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
    /// use swan_core::{PolicyChange, Policy, PolicyVersion};
    ///
    /// let version = PolicyVersion::new("swan-2.0.1").unwrap();
    /// let policy = Policy::swan_2_0();
    /// let amended = policy.amended(version, &[PolicyChange::new("payment.swan_discount_bps", 2_500)])?;
    /// assert_eq!(amended.swan_discount().to_string(), "25%");
    /// assert_ne!(amended.stamp(), policy.stamp());
    /// # Ok::<(), swan_core::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the version is the old one, when there is no change or one key changes twice, when a key does not
    /// exist or gets a value of another kind, and when what comes out is no valid policy.
    pub fn amended(
        &self,
        version: PolicyVersion,
        changes: &[PolicyChange],
    ) -> Result<Self, PolicyError> {
        if version == *self.version() {
            let rule = "an amended policy has a version of its own";
            return Err(PolicyError::invalid("version", version, rule));
        }
        if changes.is_empty() || changes.len() > Self::CHANGES_MAX {
            let rule = format!("an amendment makes 1 to {} changes", Self::CHANGES_MAX);
            return Err(PolicyError::invalid("changes", changes.len(), rule));
        }
        let text = self.to_toml();
        let document = read::parse(text)?;
        let mut edits = Vec::with_capacity(changes.len() + 1);
        for change in changes {
            let path = key::parse(&change.key)?;
            if path == ["version"] {
                let rule = "the version is given beside the changes";
                return Err(PolicyError::invalid("version", &change.value, rule));
            }
            edits.push(edit(text, document.get_ref(), change, &path)?);
        }
        let version = PolicyChange::new("version", version.as_str());
        edits.push(edit(
            text,
            document.get_ref(),
            &version,
            &["version".to_owned()],
        )?);
        Self::from_toml(&edited(text, edits)?)
    }
}

/// What is written instead of a place of the text, and for which change.
struct Edit<'a> {
    place: Range<usize>,
    instead: String,
    change: &'a PolicyChange,
}

/// Where a change stands in the document and how it is written there.
fn edit<'a>(
    text: &str,
    document: &DeTable<'_>,
    change: &'a PolicyChange,
    path: &[String],
) -> Result<Edit<'a>, PolicyError> {
    let refused = |rule: &str| PolicyError::invalid(&change.key, &change.value, rule);
    let (first, rest) = path
        .split_first()
        .ok_or_else(|| refused("a key is named"))?;
    let Some(mut value) = document.get(first.as_str()) else {
        return Err(refused("there is no such key"));
    };
    for (segment, left) in rest.iter().zip((0..rest.len()).rev()) {
        match key::step(value, segment) {
            Some(inner) => value = inner,
            None if left == 0 && is_section(text, value) => {
                let end = end_of_line(text, value.span().end);
                return Ok(Edit {
                    place: end..end,
                    instead: format!("\n{} = {}", key::quoted(segment), change.value),
                    change,
                });
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
    Ok(Edit {
        place: value.span(),
        instead: change.value.to_string(),
        change,
    })
}

fn end_of_line(text: &str, from: usize) -> usize {
    let after = text.get(from..).unwrap_or_default();
    from + after.find('\n').unwrap_or(after.len())
}

/// The document with all edits made; two that meet would undo each other, whatever names their keys go by.
fn edited(text: &str, mut edits: Vec<Edit<'_>>) -> Result<String, PolicyError> {
    edits.sort_by_key(|edit| (edit.place.start, edit.place.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for Edit {
        place,
        instead,
        change,
    } in edits
    {
        let Some(kept) = text.get(done..place.start) else {
            let rule = "a key changes once in one amendment";
            return Err(PolicyError::invalid(&change.key, &change.value, rule));
        };
        out.push_str(kept);
        out.push_str(&instead);
        done = place.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Ok(out)
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
