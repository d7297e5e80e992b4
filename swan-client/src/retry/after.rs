//! What a server says about retries.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// The wait that the server asks for: `retry-after-ms` before `retry-after`, as seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let after = text("retry-after")?;
    match after.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        // A date that has passed means: now.
        Err(_) => Some(
            httpdate::parse_http_date(after)
                .ok()?
                .duration_since(now)
                .unwrap_or_default(),
        ),
    }
}

/// The server's own verdict (`x-should-retry`).
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use http::HeaderMap;
    use std::time::{Duration, SystemTime};

    #[test]
    fn waits_in_every_spelling() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (name, value, millis) in [
            ("retry-after", "3", Some(3_000)),
            ("retry-after", "0.25", Some(250)),
            ("retry-after-ms", "1500", Some(1_500)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("retry-after", "-5", None),
            ("retry-after", "inf", None),
            ("retry-after", "whenever", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(
                retry_after(&headers, now),
                millis.map(Duration::from_millis),
                "{value}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }

    #[test]
    fn milliseconds_win() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "9".parse().unwrap());
        headers.insert("retry-after-ms", "40".parse().unwrap());
        assert_eq!(
            retry_after(&headers, SystemTime::now()),
            Some(Duration::from_millis(40))
        );
    }
}
