//! Sends traces to the receiver: in batches, on a task of its own, waiting longer each time that it does not answer.

use std::error::Error;
use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::time;

use super::otlp::{Attributes, Export, Resource, ResourceSpans, Scope, ScopeSpans, Span};
use super::span::spans;
use super::{Inner, TelemetryError, TelemetryOptions, Trace};
use crate::external::client::{HttpClient, client};
use crate::external::connect::Dial;
use crate::segments::Segments;

/// How long traces gather when they are few.
const EVERY: Duration = Duration::from_secs(1);
/// How long one batch may take.
const WITHIN: Duration = Duration::from_secs(10);
/// The longest pause while the receiver does not answer.
const PAUSE_LAST: Duration = Duration::from_secs(30);
/// The most of an answer that is read, which is for the connection's next use only.
const ANSWER_MAX: usize = 64 << 10;

/// What sends.
#[derive(Debug)]
pub(super) struct Exporter {
    client: HttpClient,
    /// How often in a row the receiver did not answer.
    failures: u32,
}

/// Why a batch did not arrive.
enum Unsent {
    /// It may, another time.
    Later(String),
    /// It never will.
    Refused(StatusCode),
}

impl Exporter {
    pub(super) fn new(options: &TelemetryOptions) -> Result<Self, TelemetryError> {
        let dial = Dial {
            https: options.address.https,
            within: Duration::from_secs(5),
            idle: 1,
            ca_file: None,
            // The operator has named this one, and it is told nothing that an answer could carry back.
            allow_private: true,
        };
        Ok(Self {
            client: client(&dial).map_err(TelemetryError::Tls)?,
            failures: 0,
        })
    }

    fn pause(&self) -> Duration {
        let doubled = EVERY.saturating_mul(1 << self.failures.min(8));
        doubled.min(PAUSE_LAST)
    }

    async fn send(&self, options: &TelemetryOptions, batch: &[Trace]) -> Result<(), Unsent> {
        let spans: Vec<Span> = batch.iter().flat_map(spans).collect();
        let body = encode(options, &spans).map_err(|error| Unsent::Later(error.to_string()))?;
        let mut request = Request::new(Segments::new(vec![Bytes::from(body)]));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = options.uri.clone();
        *request.headers_mut() = options.headers.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("swan-hub/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let exchange = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| Unsent::Later(cause(&error)))?;
            let status = answer.status();
            let _ = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
            match status.as_u16() {
                200..=299 => Ok(()),
                429 | 502..=504 => Err(Unsent::Later(status.to_string())),
                _ => Err(Unsent::Refused(status)),
            }
        };
        let late = |_| Err(Unsent::Later("it does not answer".to_owned()));
        time::timeout(WITHIN, exchange).await.unwrap_or_else(late)
    }
}

impl Inner {
    /// Sends what has gathered. Batches that may arrive later go back, as far as there is room.
    pub(super) async fn export(&self) {
        let mut exporter = self.exporter.lock().await;
        loop {
            let mut batch = Taken::new(self);
            if batch.traces.is_empty() {
                return;
            }
            match exporter.send(&self.options, &batch.traces).await {
                Ok(()) => {
                    self.sent(batch.ended());
                    if exporter.failures > 0 {
                        exporter.failures = 0;
                        tracing::info!(target: "swan_hub::telemetry", "traces arrive again");
                    }
                }
                Err(Unsent::Refused(status)) => {
                    self.lose(batch.ended());
                    tracing::warn!(target: "swan_hub::telemetry", %status, "traces were refused");
                }
                Err(Unsent::Later(error)) => {
                    if exporter.failures == 0 {
                        tracing::warn!(target: "swan_hub::telemetry", %error, "traces do not arrive; they wait as long as there is room");
                    }
                    exporter.failures = exporter.failures.saturating_add(1);
                    return;
                }
            }
        }
    }
}

/// A batch on its way, which goes back into the queue when it did not get there: also when the wait for it is given up.
struct Taken<'a> {
    inner: &'a Inner,
    traces: Vec<Trace>,
}

impl<'a> Taken<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self {
            inner,
            traces: inner.take(),
        }
    }

    /// Nobody needs it any more; how many it was.
    fn ended(&mut self) -> usize {
        std::mem::take(&mut self.traces).len()
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.traces.is_empty() {
            self.inner.give_back(std::mem::take(&mut self.traces));
        }
    }
}

/// Sends as long as somebody may bring traces.
pub(super) async fn run(telemetry: Weak<Inner>) {
    loop {
        let Some((ready, pause)) = telemetry.upgrade().map(|inner| {
            let failing = inner.exporter.try_lock().ok();
            let pause = failing.as_ref().map_or(EVERY, |exporter| exporter.pause());
            (std::sync::Arc::clone(&inner.ready), pause)
        }) else {
            return;
        };
        if pause > EVERY {
            time::sleep(pause).await;
        } else {
            let _ = time::timeout(EVERY, ready.notified()).await;
        }
        match telemetry.upgrade() {
            Some(inner) => inner.export().await,
            None => return,
        }
    }
}

fn encode(options: &TelemetryOptions, spans: &[Span]) -> serde_json::Result<Vec<u8>> {
    let mut resource = Attributes::default();
    resource.text("service.name", options.service.clone());
    resource.text("service.version", env!("CARGO_PKG_VERSION"));
    serde_json::to_vec(&Export {
        resource_spans: [ResourceSpans {
            resource: Resource {
                attributes: resource.0,
            },
            scope_spans: [ScopeSpans {
                scope: Scope {
                    name: "swan-hub",
                    version: env!("CARGO_PKG_VERSION"),
                },
                spans,
            }],
        }],
    })
}

/// The innermost cause, which never holds a header.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
