//! All that can be found wrong in one reading, so that a document is mended in one go.

use super::{Policy, PolicyError, key};

impl Policy {
    /// The most findings that [`Policy::findings`] answers with.
    pub const FINDINGS_MAX: usize = 20;

    /// Everything that keeps `text` from being a policy, the first as [`Policy::from_toml`] answers it; empty if it is one.
    ///
    /// Each further finding is what reading says once the one before is mended as a built-in policy has it. A finding that
    /// cannot be mended so ends the list.
    #[must_use]
    pub fn findings(text: &str) -> Vec<PolicyError> {
        let mut found = Vec::new();
        let mut next = Self::from_toml(text).err();
        let mut mended: Option<toml::Table> = toml::from_str(text).ok();
        while let Some(error) = next.take() {
            let is_known = found
                .iter()
                .any(|known: &PolicyError| known.key() == error.key());
            if is_known || found.len() == Self::FINDINGS_MAX {
                break;
            }
            if let (Some(document), Some(at)) = (&mut mended, error.key())
                && mend(document, at, matches!(error, PolicyError::Unknown { .. }))
            {
                next = Self::from_toml(&document.to_string()).err();
            }
            // Lines of what was mended are not the document's.
            let line = error.place(text).map(|(line, _)| line);
            found.push(match (error, line) {
                (PolicyError::Unknown { key, nearest, .. }, Some(line)) => {
                    PolicyError::Unknown { key, line, nearest }
                }
                (error, _) => error,
            });
        }
        found
    }
}

/// Takes out what means nothing, and puts in what a built-in policy says.
fn mend(document: &mut toml::Table, at: &str, is_unknown: bool) -> bool {
    let Ok(path) = key::parse(at) else {
        return false;
    };
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    let known = [Policy::SWAN_2_0_TOML, Policy::SWAN_1_0_TOML]
        .into_iter()
        .find_map(|text| value_at(&toml::from_str(text).ok()?, &path).cloned());
    let Some(section) = section_at(document, above) else {
        return false;
    };
    match known {
        _ if is_unknown => section.remove(last).is_some(),
        Some(known) => {
            let known_before = section.insert(last.clone(), known.clone());
            known_before.as_ref() != Some(&known)
        }
        None => false,
    }
}

fn value_at<'a>(document: &'a toml::Table, path: &[String]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(document.get(first)?, |value, segment| {
            value.get(segment).or_else(|| value.get(place(segment)?))
        })
}

fn section_at<'a>(document: &'a mut toml::Table, path: &[String]) -> Option<&'a mut toml::Table> {
    let mut section = document;
    let mut segments = path.iter();
    while let Some(segment) = segments.next() {
        let mut value = section.get_mut(segment)?;
        while let toml::Value::Array(list) = value {
            value = list.get_mut(place(segments.next()?)?)?;
        }
        section = value.as_table_mut()?;
    }
    Some(section)
}

fn place(segment: &str) -> Option<usize> {
    segment.parse::<usize>().ok()?.checked_sub(1)
}
