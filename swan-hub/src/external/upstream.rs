//! One model at one endpoint: the way that a [`Link`](crate::providers::Link) goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use swan_core::openai::retry_after;
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
        let header = |name: &str| headers.get(name)?.to_str().ok();
        retry_after(header, self.clock.now()).or(is_busy.then_some(REST))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upstream").field(&self.endpoint).finish()
    }
}
