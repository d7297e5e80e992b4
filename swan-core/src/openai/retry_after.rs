//! When a server wants to be asked again.

use crate::time::Timestamp;
use std::time::{Duration, UNIX_EPOCH};

/// Longer than this is no wait that a server can mean, so it counts as not said.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// The wait that the headers of an answer ask for: `Retry-After-Ms`, as OpenAI and Azure send it, before
/// `Retry-After` in seconds (whole or not) or as a date (RFC 9110, section 10.2.3).
///
/// `header` gives the value of a header by its name in lower case. A date is compared with the answer's own `Date`
/// where there is one, since that server's clock may be wrong, and with `now` otherwise; one that has passed means at once.
///
/// ```
/// use std::time::Duration;
/// use swan_core::{Timestamp, openai::retry_after};
///
/// let headers = [("retry-after", "2.5"), ("content-type", "text/plain")];
/// let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1);
/// assert_eq!(retry_after(header, Timestamp::from_millis(0)), Some(Duration::from_millis(2_500)));
/// ```
pub fn retry_after<'a>(
    header: impl Fn(&str) -> Option<&'a str>,
    now: Timestamp,
) -> Option<Duration> {
    let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
    let text = |name| header(name).map(str::trim);
    let millis = text("retry-after-ms")
        .and_then(seconds)
        .map(|wait| wait / 1_000);
    let wait = millis.or_else(|| {
        let after = text("retry-after")?;
        let until = || Some(date(after)?.since(text("date").and_then(date).unwrap_or(now)));
        seconds(after).or_else(until)
    })?;
    (wait <= LONGEST).then_some(wait)
}

fn date(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text).ok()?;
    Some(Timestamp::EPOCH.after(at.duration_since(UNIX_EPOCH).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 6 November 1994, 08:49:37.
    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn asked(headers: &[(&str, &str)]) -> Option<u128> {
        let header = |name: &str| headers.iter().find(|(given, _)| *given == name);
        retry_after(|name| header(name).map(|(_, value)| *value), NOW).map(|wait| wait.as_millis())
    }

    #[test]
    fn it_is_read_in_every_way_that_it_is_written() {
        for (name, value, millis) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", " 7 ", Some(7_000)),
            ("retry-after", "0.25", Some(250)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("retry-after-ms", "1500", Some(1_500)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after", "inf", None),
            ("retry-after", "NaN", None),
            ("retry-after", "99999999999", None),
            ("retry-after-ms", "99999999999999", None),
            ("x-other", "7", None),
        ] {
            assert_eq!(asked(&[(name, value)]), millis, "{name}: {value}");
        }
    }

    #[test]
    fn milliseconds_win_where_they_can_be_read() {
        let seconds = ("retry-after", "9");
        assert_eq!(asked(&[seconds, ("retry-after-ms", "40")]), Some(40));
        assert_eq!(asked(&[seconds, ("retry-after-ms", "soon")]), Some(9_000));
    }

    #[test]
    fn a_date_is_compared_with_the_servers_own_clock() {
        let at = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        let behind = ("date", "Sun, 06 Nov 1994 08:50:00 GMT");
        assert_eq!(asked(&[at, behind]), Some(7_000));
        assert_eq!(asked(&[at, ("date", "today")]), Some(30_000));
    }
}
