//! What a server says about retries.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use swan_core::{Timestamp, openai};

/// The wait that the server asks for.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let now = Timestamp::from_millis(u64::try_from(now.as_millis()).ok()?);
    openai::retry_after(|name| headers.get(name)?.to_str().ok(), now)
}

/// The server's own verdict (`x-should-retry`).
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}
