use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Policy, key};

/// One value in which two policies differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a difference is a key and what stands there before and after"
)]
pub struct PolicyDifference {
    /// The dotted path of the value; entries of lists go by their `id` or `name` where they have one, and count from 1 otherwise.
    pub key: String,
    /// What the first policy says, as TOML; `None` if it says nothing.
    pub before: Option<String>,
    /// What the second policy says, as TOML; `None` if it says nothing.
    pub after: Option<String>,
}

impl Policy {
    /// Where `other` says something else than this policy, sorted by key; empty exactly if their hashes are equal.
    ///
    /// Entries with a name are compared with the entry of that name, so that a model put first shows as one addition.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Vec<PolicyDifference> {
        let mut found = Vec::new();
        tables(&mut found, "", self.source(), other.source());
        found
    }
}

type Entries<'a> = BTreeMap<String, &'a toml::Value>;

fn tables(found: &mut Vec<PolicyDifference>, at: &str, before: &toml::Table, after: &toml::Table) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in keys {
        let at = key::below(at, &key::quoted(name));
        match (before.get(name), after.get(name)) {
            // A section that only one of them has is told key by key, as readers look for keys.
            (None, Some(toml::Value::Table(new))) if !new.is_empty() => {
                tables(found, &at, &toml::Table::new(), new);
            }
            (Some(toml::Value::Table(old)), None) if !old.is_empty() => {
                tables(found, &at, old, &toml::Table::new());
            }
            (old, new) => values(found, &at, old, new),
        }
    }
}

fn values(
    found: &mut Vec<PolicyDifference>,
    at: &str,
    before: Option<&toml::Value>,
    after: Option<&toml::Value>,
) {
    match (before, after) {
        (Some(toml::Value::Table(old)), Some(toml::Value::Table(new))) => {
            tables(found, at, old, new);
        }
        (Some(toml::Value::Array(old)), Some(toml::Value::Array(new)))
            if has_entries(old) || has_entries(new) =>
        {
            lists(found, at, old, new);
        }
        (old, new) if old == new => {}
        (old, new) => found.push(PolicyDifference {
            key: at.to_owned(),
            before: old.map(toml::Value::to_string),
            after: new.map(toml::Value::to_string),
        }),
    }
}

fn lists(
    found: &mut Vec<PolicyDifference>,
    at: &str,
    before: &[toml::Value],
    after: &[toml::Value],
) {
    let both = named(before).zip(named(after));
    let (old, new) = both.unwrap_or_else(|| (numbered(before), numbered(after)));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let earlier = found.len();
    for name in keys {
        let at = key::below(at, name);
        values(found, &at, old.get(name).copied(), new.get(name).copied());
    }
    // The order of entries counts too: the same entries in another order are another document.
    if earlier == found.len() && before != after {
        let order =
            |list: &[toml::Value]| list.iter().filter_map(name).collect::<Vec<_>>().join(", ");
        found.push(PolicyDifference {
            key: at.to_owned(),
            before: Some(order(before)),
            after: Some(order(after)),
        });
    }
}

fn has_entries(list: &[toml::Value]) -> bool {
    list.iter().any(toml::Value::is_table)
}

/// The entries by their names, if each has one and no two have the same.
fn named(list: &[toml::Value]) -> Option<Entries<'_>> {
    let entries: Entries<'_> = list
        .iter()
        .map(|entry| Some((name(entry)?, entry)))
        .collect::<Option<_>>()?;
    (entries.len() == list.len()).then_some(entries)
}

fn name(entry: &toml::Value) -> Option<String> {
    let text = key::NAMES.iter().find_map(|key| entry.get(*key)?.as_str());
    text.map(key::quoted)
}

fn numbered(list: &[toml::Value]) -> Entries<'_> {
    list.iter()
        .zip(1_u32..)
        .map(|(entry, number)| (number.to_string(), entry))
        .collect()
}
