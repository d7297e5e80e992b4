//! What an answer says of the limits that are left.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};
use swan_core::Timestamp;

use super::allowance::Access;
use super::bucket::Level;
use super::free::FreeLeft;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// Says what is left of each rate, of key or account, whichever has less. Nothing is said of what is not limited.
///
/// `X-RateLimit-Limit`, `-Remaining` and `-Reset` count requests, `-Reset` being the Unix time in seconds at which all of
/// them are there again; the others are OpenAI's.
pub(crate) fn write(headers: &mut HeaderMap, access: &Access, now: Timestamp) {
    let tightest = |level: fn(&super::Allowance) -> Option<Level>| {
        let levels = access.parties().filter_map(|(_, own)| level(own));
        levels.min_by_key(|level| level.remaining)
    };
    if let Some(level) = tightest(super::Allowance::requests) {
        requests(headers, level, now);
    }
    if let Some(level) = tightest(super::Allowance::tokens) {
        put(headers, TOKENS, level);
    }
}

/// The same of a route that reads records, by the rate of those.
pub(crate) fn write_reads(headers: &mut HeaderMap, access: &Access, now: Timestamp) {
    if let Some((_, own)) = access.reader() {
        requests(headers, own.reads(), now);
    }
}

/// The same of a free request, by the rates of the free tier: requests of the minute and tokens of the day.
pub(crate) fn write_free(headers: &mut HeaderMap, left: &FreeLeft, now: Timestamp) {
    requests(headers, left.requests, now);
    put(headers, TOKENS, left.tokens);
}

fn requests(headers: &mut HeaderMap, level: Level, now: Timestamp) {
    headers.insert(LIMIT, HeaderValue::from(level.limit));
    headers.insert(REMAINING, HeaderValue::from(level.remaining));
    let full_at = now.as_millis().saturating_add(level.full_in / 1_000_000);
    headers.insert(RESET, HeaderValue::from(full_at.div_ceil(1_000)));
    put(headers, REQUESTS, level);
}

fn put(headers: &mut HeaderMap, names: [HeaderName; 3], level: Level) {
    let [limit, remaining, reset] = names;
    headers.insert(limit, HeaderValue::from(level.limit));
    headers.insert(remaining, HeaderValue::from(level.remaining));
    if let Ok(value) = HeaderValue::try_from(duration(level.full_in.div_ceil(1_000_000))) {
        headers.insert(reset, value);
    }
}

/// Milliseconds as OpenAI writes them: `0s`, `20ms`, `1.5s`, `6m0s`, `1h0m2.25s`.
fn duration(millis: u64) -> String {
    let mut out = String::new();
    if millis > 0 && millis < 1_000 {
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "{millis}ms");
        return out;
    }
    let (secs, rest) = (millis / 1_000, millis % 1_000);
    if secs >= 3_600 {
        let _ = write!(out, "{}h", secs / 3_600);
    }
    if secs >= 60 {
        let _ = write!(out, "{}m", secs / 60 % 60);
    }
    let _ = write!(out, "{}", secs % 60);
    if rest > 0 {
        let digits = format!(".{rest:03}");
        out.push_str(digits.trim_end_matches('0'));
    }
    out.push('s');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_openais() {
        for (millis, text) in [
            (0, "0s"),
            (20, "20ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (8_007, "8.007s"),
            (360_000, "6m0s"),
            (3_602_250, "1h0m2.25s"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }
}
