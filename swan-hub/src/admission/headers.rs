//! What an answer says of the limits that are left.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use swan_core::Timestamp;

use super::allowance::Access;
use super::bucket::Level;
use super::free::FreeLeft;
use crate::header_text::HeaderText;

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
pub(crate) fn write(
    headers: &mut HeaderMap,
    text: &mut HeaderText,
    access: &Access,
    now: Timestamp,
) {
    let tightest = |level: fn(&super::Allowance) -> Option<Level>| {
        let levels = access.parties().filter_map(|(_, own)| level(own));
        levels.min_by_key(|level| level.remaining)
    };
    if let Some(level) = tightest(super::Allowance::requests) {
        requests(headers, text, level, now);
    }
    if let Some(level) = tightest(super::Allowance::tokens) {
        put(headers, text, TOKENS, level);
    }
}

/// The same of a route that reads records, by the rate of those.
pub(crate) fn write_reads(headers: &mut HeaderMap, access: &Access, now: Timestamp) {
    if let Some((_, own)) = access.reader() {
        requests(headers, &mut HeaderText::new(), own.reads(), now);
    }
}

/// The same of a free request, by the rates of the free tier: requests of the minute and tokens of the day.
pub(crate) fn write_free(
    headers: &mut HeaderMap,
    text: &mut HeaderText,
    left: &FreeLeft,
    now: Timestamp,
) {
    requests(headers, text, left.requests, now);
    put(headers, text, TOKENS, left.tokens);
}

fn requests(headers: &mut HeaderMap, text: &mut HeaderText, level: Level, now: Timestamp) {
    let full_at = now.as_millis().saturating_add(level.full_in / 1_000_000);
    insert(headers, LIMIT, text.number(level.limit));
    insert(headers, REMAINING, text.number(level.remaining));
    insert(headers, RESET, text.number(full_at.div_ceil(1_000)));
    put(headers, text, REQUESTS, level);
}

fn put(headers: &mut HeaderMap, text: &mut HeaderText, names: [HeaderName; 3], level: Level) {
    let [limit, remaining, reset] = names;
    let full_in = Length(level.full_in.div_ceil(1_000_000));
    insert(headers, limit, text.number(level.limit));
    insert(headers, remaining, text.number(level.remaining));
    insert(headers, reset, text.of(&full_in));
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// Milliseconds as OpenAI writes them: `0s`, `20ms`, `1.5s`, `6m0s`, `1h0m2.25s`.
struct Length(u64);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0;
        if (1..1_000).contains(&millis) {
            return write!(f, "{millis}ms");
        }
        let (secs, rest) = (millis / 1_000, millis % 1_000);
        if secs >= 3_600 {
            write!(f, "{}h", secs / 3_600)?;
        }
        if secs >= 60 {
            write!(f, "{}m", secs / 60 % 60)?;
        }
        write!(f, "{}", secs % 60)?;
        match rest {
            0 => {}
            _ if rest % 100 == 0 => write!(f, ".{}", rest / 100)?,
            _ if rest % 10 == 0 => write!(f, ".{:02}", rest / 10)?,
            _ => write!(f, ".{rest:03}")?,
        }
        f.write_str("s")
    }
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
            (1_050, "1.05s"),
            (8_007, "8.007s"),
            (360_000, "6m0s"),
            (3_602_250, "1h0m2.25s"),
        ] {
            assert_eq!(Length(millis).to_string(), text);
        }
    }
}
