//! What stands in a query, and how times and percentages are written.

use std::borrow::Cow;

use swan_core::Timestamp;

/// The first value of `name` in a query; `%2F` may stand for a slash, the one character of a value here that clients encode.
pub(super) fn get<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    Some(match value.contains('%') {
        true => Cow::Owned(value.replace("%2F", "/").replace("%2f", "/")),
        false => Cow::Borrowed(value),
    })
}

/// A time as ISO 8601 writes it, in UTC.
pub(crate) fn iso(at: Timestamp) -> String {
    let in_day = at.as_millis() % (24 * 3_600_000);
    let (secs, millis) = (in_day / 1_000, in_day % 1_000);
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    format!(
        "{}T{hours:02}:{minutes:02}:{secs:02}.{millis:03}Z",
        at.day()
    )
}

/// Hundredths of a percent as a percentage.
pub(super) fn percent(points: u16) -> String {
    match points % 100 {
        0 => (points / 100).to_string(),
        rest => format!("{}.{rest:02}", points / 100),
    }
}

#[cfg(test)]
mod tests {
    use swan_core::Timestamp;

    use super::{get, iso, percent};

    #[test]
    fn queries_times_and_percentages() {
        let query = Some("a=1&operation=chat%2Fcompletions&a=2");
        assert_eq!(get(query, "a").as_deref(), Some("1"));
        assert_eq!(get(query, "operation").as_deref(), Some("chat/completions"));
        assert_eq!(get(query, "b"), None);
        assert_eq!(get(None, "a"), None);
        let at = Timestamp::from_millis(1_800_000_000_123);
        assert_eq!(iso(at), "2027-01-15T08:00:00.123Z");
        assert_eq!(
            (percent(2_000), percent(1_667)),
            ("20".into(), "16.67".into())
        );
    }
}
