//! One model at one endpoint: the way that a [`Link`](crate::providers::Link) goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use swan_core::protocol::Operation;
use swan_core::{Clock, Timestamp};

use super::endpoint::Endpoint;
use super::exchange::Exchange;
use super::refusals::Refusals;
use crate::providers::{AttemptError, Job};

/// How long a model rests after a 429 that does not say how long.
const REST: Duration = Duration::from_secs(1);

/// Where requests for one model go.
pub(crate) struct Upstream {
    endpoint: Arc<Endpoint>,
    clock: Arc<dyn Clock>,
    refusals: Refusals,
}

impl Upstream {
    pub(super) fn new(endpoint: Arc<Endpoint>, clock: Arc<dyn Clock>) -> Self {
        Self {
            endpoint,
            clock,
            refusals: Refusals::default(),
        }
    }

    /// Takes one of the places that the endpoint's models share.
    pub(crate) fn try_enter(&self) -> bool {
        self.endpoint.pace().try_enter()
    }

    /// Gives it back.
    pub(crate) fn leave(&self) {
        self.endpoint.pace().leave();
    }

    /// Whether a request of so many tokens would be refused over there, as far as the hub can know.
    pub(crate) fn is_limited(&self, tokens: u64, now: Timestamp) -> bool {
        self.endpoint.pace().would_exceed(tokens, now)
    }

    /// Counts a request of so many tokens against the account's minute.
    pub(super) fn try_count(&self, tokens: u64) -> bool {
        self.endpoint.pace().try_count(tokens, self.clock.now())
    }

    /// Sends `job`; what goes wrong comes with the answer.
    ///
    /// # Errors
    /// [`AttemptError::Malformed`] when the request is none that HTTP can carry.
    pub(crate) fn dispatch(self: &Arc<Self>, job: &mut Job) -> Result<Exchange, AttemptError> {
        let response = self.endpoint.send(job)?;
        let operation = job.operation.clone();
        Ok(Exchange::new(response, Arc::clone(self), operation))
    }

    /// A failure as it may be told.
    pub(crate) fn discreet(&self, error: AttemptError) -> AttemptError {
        self.endpoint.secrets().hide_in(error)
    }

    /// Words about a failure as they may be told.
    pub(crate) fn discreet_words(&self, words: String) -> String {
        self.endpoint.secrets().hide(words)
    }

    /// Whether the endpoint has refused this operation of the model lately.
    pub(super) fn refuses(&self, operation: &Operation, now: Timestamp) -> bool {
        self.refusals.refuses(operation, now)
    }

    /// Takes note of the status of an answer.
    pub(super) fn heard(&self, operation: &Operation, status: StatusCode) {
        self.refusals.heard(operation, status, self.clock.now());
    }

    /// How long a refusal with this head wants the endpoint to be left alone.
    pub(super) fn rest(&self, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        let is_busy = status == StatusCode::TOO_MANY_REQUESTS;
        if !is_busy && status != StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        asked_rest(headers, self.clock.now()).or(is_busy.then_some(REST))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upstream").field(&self.endpoint).finish()
    }
}

/// `Retry-After-Ms` as OpenAI and Azure send it, or `Retry-After` in seconds or as a date.
fn asked_rest(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let text = text(header::RETRY_AFTER.as_str())?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if let Ok(secs) = whole.parse::<u32>() {
        // A part of a second is rounded up.
        let more = u32::from(whole.len() < text.len());
        return Some(Duration::from_secs(u64::from(secs) + u64::from(more)));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(since.saturating_sub(Duration::from_millis(now.as_millis())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_read_in_every_way_that_it_is_written() {
        let now = Timestamp::from_millis(784_111_777_000);
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
            headers.insert(name, value.parse().expect("a value"));
            let rest = asked_rest(&headers, now);
            assert_eq!(rest, secs.map(Duration::from_secs), "{name}: {value}");
        }
    }
}
