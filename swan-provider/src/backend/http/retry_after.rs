//! When a model server wants to be asked again.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// `Retry-After-Ms` as OpenAI and Azure send it, or `Retry-After` in seconds or as a date.
pub(super) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let text = text(RETRY_AFTER.as_str())?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if let Ok(secs) = whole.parse::<u32>() {
        // A part of a second is rounded up.
        let more = u32::from(whole.len() < text.len());
        return Some(Duration::from_secs(u64::from(secs) + u64::from(more)));
    }
    // Both by the server's own clock, so that it may go wrong.
    let at = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_in_every_way_that_it_is_written() {
        for (name, value, secs) in [
            ("retry-after", "7", Some(7)),
            ("retry-after", " 7 ", Some(7)),
            ("retry-after", "0.4", Some(1)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("retry-after-ms", "2000", Some(2)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after", "99999999999", None),
            ("x-other", "7", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            headers.insert(name, value.parse().unwrap());
            let expected = secs.map(Duration::from_secs);
            assert_eq!(read(&headers), expected, "{name}: {value}");
        }
    }
}
