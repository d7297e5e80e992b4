//! Traces for OpenTelemetry: one span a request and one an attempt, made of the record that the request leaves.
//!
//! Beside the stages, like everything that watches: a request reads one header when it comes and pushes its record when it
//! ends, if it is sampled. All the rest happens to batches, on a task of its own.

mod context;
mod export;
mod options;
mod otlp;
mod span;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::HeaderMap;
use parking_lot::Mutex;
use swan_core::{ProviderId, RequestId};
use tokio::sync::Notify;

pub(crate) use context::TRACEPARENT;
pub use context::TraceContext;
use export::Exporter;
pub use options::{TelemetryError, TelemetryOptions};

use crate::events::RequestRecord;
use crate::external::Endpoints;

/// How many traces may wait; the oldest go when more come.
const QUEUE: usize = 4_096;
/// How many go at once.
const BATCH: usize = 512;
/// How long a hub that ends waits for its last traces to arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The traces of a hub. When it is gone, so is the task that sends.
#[derive(Debug)]
pub(crate) struct Telemetry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: TelemetryOptions,
    queue: Mutex<VecDeque<Trace>>,
    /// A batch is full.
    ready: Arc<Notify>,
    /// Batches follow each other.
    exporter: tokio::sync::Mutex<Exporter>,
    sent: AtomicU64,
    lost: AtomicU64,
}

/// A request that has ended, and what its spans need beside its record.
#[derive(Debug)]
struct Trace {
    record: RequestRecord,
    context: TraceContext,
    servers: Vec<Server>,
}

/// Where an endpoint of the hub is.
#[derive(Debug)]
struct Server {
    endpoint: ProviderId,
    host: String,
    port: u16,
}

impl Telemetry {
    /// Starts the task that sends.
    pub(crate) fn start(options: TelemetryOptions) -> Result<Self, TelemetryError> {
        let inner = Arc::new(Inner {
            exporter: Exporter::new(&options)?.into(),
            options,
            queue: Mutex::default(),
            ready: Arc::default(),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        tokio::spawn(export::run(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// The place of a request that has come with these headers.
    pub(crate) fn begin(&self, request: RequestId, headers: &HeaderMap) -> TraceContext {
        TraceContext::of(request, headers, |trace| self.0.options.samples(trace))
    }

    /// A request has ended. Those that nobody samples cost one comparison; strangers leave no trace.
    pub(crate) fn push(&self, record: &RequestRecord, endpoints: &Endpoints) {
        let sampled = record.trace.filter(TraceContext::is_sampled);
        let Some(context) = sampled.filter(|_| record.account.is_some()) else {
            return;
        };
        let dialled = record.attempts.iter().filter(|one| span::is_dialled(one));
        let server = |endpoint| {
            let (host, port) = endpoints.server(endpoint)?;
            Some(Server {
                endpoint,
                host,
                port,
            })
        };
        let trace = Trace {
            servers: dialled.filter_map(|one| server(one.provider)).collect(),
            record: record.clone(),
            context,
        };
        self.0.push(trace);
    }

    /// Sends what waits, as far as that does not take long.
    pub(crate) async fn flush(&self) {
        let _ = tokio::time::timeout(LAST_WORDS, self.0.export()).await;
    }

    /// Traces that have arrived, and traces that were dropped, since the hub was started.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.0.sent.load(Relaxed), self.0.lost.load(Relaxed))
    }
}

impl Inner {
    fn push(&self, trace: Trace) {
        let mut queue = self.queue.lock();
        let oldest = match queue.len() >= QUEUE {
            true => queue.pop_front(),
            false => None,
        };
        queue.push_back(trace);
        let is_batch = queue.len().is_multiple_of(BATCH);
        drop(queue);
        if oldest.is_some() {
            self.lose(1);
        } else if is_batch {
            self.ready.notify_one();
        }
    }

    fn take(&self) -> Vec<Trace> {
        let mut queue = self.queue.lock();
        let count = queue.len().min(BATCH);
        queue.drain(..count).collect()
    }

    /// Puts a batch back before all others; its oldest traces go where there is no room.
    fn give_back(&self, batch: Vec<Trace>) {
        let mut queue = self.queue.lock();
        let room = QUEUE.saturating_sub(queue.len());
        let lost = batch.len().saturating_sub(room);
        for trace in batch.into_iter().skip(lost).rev() {
            queue.push_front(trace);
        }
        drop(queue);
        self.lose(lost);
    }

    fn sent(&self, count: usize) {
        self.sent.fetch_add(count as u64, Relaxed);
    }

    fn lose(&self, count: usize) {
        self.lost.fetch_add(count as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(number: u128) -> Trace {
        let request = RequestId::from_u128(number);
        Trace {
            record: RequestRecord::of(request),
            context: TraceContext::of(request, &HeaderMap::new(), |_| true),
            servers: Vec::new(),
        }
    }

    fn first(batch: &[Trace]) -> Option<u128> {
        batch.first().map(|trace| trace.record.request.as_u128())
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_the_oldest_goes() {
        let options = TelemetryOptions::new("http://127.0.0.1:9").unwrap();
        let telemetry = Telemetry::start(options).unwrap();
        let inner = &telemetry.0;
        (1..=QUEUE as u128).for_each(|number| inner.push(trace(number)));
        let batch = inner.take();
        assert_eq!((batch.len(), first(&batch)), (BATCH, Some(1)));
        assert_eq!(telemetry.counts(), (0, 0));
        // Before the batch comes back, there is room for two of it only.
        (1..=BATCH as u128 - 2).for_each(|number| inner.push(trace(10_000 + number)));
        inner.give_back(batch);
        assert_eq!(telemetry.counts(), (0, BATCH as u64 - 2));
        assert_eq!(inner.queue.lock().len(), QUEUE);
        assert_eq!(first(&inner.take()), Some(BATCH as u128 - 1));
        (1..=BATCH as u128 + 1).for_each(|number| inner.push(trace(20_000 + number)));
        assert_eq!(telemetry.counts(), (0, BATCH as u64 - 1));
    }
}
