//! One model at one endpoint: the way that a [`Link`](crate::providers::Link) goes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// How much of a stream is read at once in the beginning, and of a whole answer at least.
const LEAST_ROOM: usize = 2 << 10;
const MOST_ROOM: usize = (64 << 10) - 1;

/// Where requests for one model go.
pub(crate) struct Upstream {
    endpoint: Arc<Endpoint>,
    clock: Arc<dyn Clock>,
    refusals: Refusals,
    /// How large its whole answers were lately, so that one is read at once, and into no more than it takes.
    size: AtomicUsize,
}

impl Upstream {
    pub(super) fn new(endpoint: Arc<Endpoint>, clock: Arc<dyn Clock>) -> Self {
        Self {
            endpoint,
            clock,
            refusals: Refusals::default(),
            size: AtomicUsize::new(0),
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
        let room = match job.streaming {
            true => LEAST_ROOM,
            false => self.room(),
        };
        let conversation = self.endpoint.send(job, room)?;
        let (operation, is_stream) = (job.operation.clone(), job.streaming);
        let upstream = Arc::clone(self);
        Ok(Exchange::new(conversation, upstream, operation, is_stream))
    }

    /// Room for a whole answer such as those that came lately.
    fn room(&self) -> usize {
        let size = self.size.load(Ordering::Relaxed);
        // One byte more, lest a read that fills the buffer has to ask whether that was all.
        (size + 1).next_power_of_two().max(LEAST_ROOM)
    }

    /// Takes note of the size of a whole answer: at once of larger ones, slowly of smaller ones.
    pub(super) fn answered(&self, bytes: usize) {
        let size = self.size.load(Ordering::Relaxed);
        let less = size.saturating_sub(bytes) / 8;
        if bytes > size || less > 0 {
            let size = bytes.max(size - less).min(MOST_ROOM);
            self.size.store(size, Ordering::Relaxed);
        }
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
