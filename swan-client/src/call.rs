//! One logical call: its attempts, its deadline, its idempotency key.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Method};
use serde::de::DeserializeOwned;
use swan_core::openai::ErrorBody;
use tokio::time::{Instant, sleep, timeout_at};

use crate::body::{read_error, read_whole};
use crate::builder::value;
use crate::client::Inner;
use crate::error::{ApiError, Error};
use crate::metadata::Metadata;
use crate::options::CallOptions;
use crate::retry::{retry_after, should_retry};
use crate::transport::Body;
use crate::watched::CENTURY;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Whether the hub goes on (`finish`) or stops (`cancel`) when the consumer hangs up.
const HANG_UP: HeaderName = HeaderName::from_static("x-swan-hang-up");

/// A call that may take several requests.
pub(crate) struct Call<'a> {
    client: &'a Inner,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
    /// Whether sending it twice is as good as sending it once.
    repeatable: bool,
}

/// An answer whose head has come, and was good.
pub(crate) struct Opened {
    pub(crate) metadata: Metadata,
    pub(crate) content_type: String,
    pub(crate) body: Body,
}

impl<'a> Call<'a> {
    pub(crate) fn get(client: &'a Inner, path: &str, options: &CallOptions) -> Result<Self, Error> {
        Self::new(
            client,
            Method::GET,
            path,
            Bytes::new(),
            options,
            "application/json",
        )
    }

    /// A POST of JSON, with one idempotency key for all its attempts: without it a retry could be charged twice.
    pub(crate) fn post(
        client: &'a Inner,
        path: &str,
        body: Bytes,
        options: &CallOptions,
        accept: &'static str,
    ) -> Result<Self, Error> {
        let mut call = Self::new(client, Method::POST, path, body, options, accept)?;
        call.headers.insert(
            CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        let key = match &options.idempotency_key {
            Some(key) => Some(key.clone()),
            // Nobody can come back with a key that nobody knows, so a call that is dropped has the work stopped.
            None => {
                let cancel = http::HeaderValue::from_static("cancel");
                call.headers.entry(HANG_UP).or_insert(cancel);
                fresh_key()
            }
        };
        // A system without randomness cannot make keys, and such a call is sent once at most.
        call.repeatable = key.is_some();
        if let Some(key) = key {
            call.headers
                .insert(IDEMPOTENCY_KEY, value("idempotency_key", &key)?);
        }
        Ok(call)
    }

    fn new(
        client: &'a Inner,
        method: Method,
        path: &str,
        body: Bytes,
        options: &CallOptions,
        accept: &'static str,
    ) -> Result<Self, Error> {
        let mut headers = client.headers.clone();
        headers.insert(ACCEPT, http::HeaderValue::from_static(accept));
        headers.extend(options.headers()?);
        let timeout = options.timeout.unwrap_or(client.timeout);
        let url = format!("{}{path}", client.base_url);
        Ok(Self {
            client,
            method,
            url,
            headers,
            body,
            timeout,
            repeatable: true,
        })
    }

    /// Sends the call until `read` has got an answer out of it, or no retry is left.
    pub(crate) async fn run<T, F, R>(&self, read: R) -> Result<T, Error>
    where
        R: Fn(Opened) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let started = Instant::now();
        let deadline = started + self.timeout.min(CENTURY);
        self.client.retry.budget.deposit();
        let mut attempt = 1;
        loop {
            let outcome = timeout_at(deadline, async {
                let opened = self.send(started, attempt).await?;
                read(opened).await
            });
            let error = match outcome.await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => {
                    let awaited = "answer";
                    return Err(Error::Timeout {
                        awaited,
                        after: self.timeout,
                        request_id: None,
                    });
                }
            };
            let Some(pause) = self.pause(&error, attempt) else {
                return Err(error);
            };
            // What the deadline would cut short is not begun: the caller learns the real error, and sooner.
            if Instant::now() + pause >= deadline || !self.client.retry.budget.withdraw() {
                return Err(error);
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    fn pause(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let retry = &self.client.retry;
        let again = self.repeatable
            && attempt <= retry.max_retries
            && error.is_retryable()
            && !matches!(error, Error::Timeout { .. });
        again.then(|| retry.pause(attempt, error.retry_after(), random()))?
    }

    async fn send(&self, started: Instant, attempt: u32) -> Result<Opened, Error> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        *request.uri_mut() = self.url.parse().map_err(|_| Error::Config {
            field: "url",
            reason: "not a URL".to_owned(),
        })?;
        let answer = self.client.transport.send(request).await;
        let (head, body) = answer
            .map_err(|error| Error::from_transport(error, None))?
            .into_parts();
        let content_type = head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let after = retry_after(&head.headers, SystemTime::now());
        let verdict = should_retry(&head.headers);
        let metadata = Metadata::read(head.headers, started.elapsed(), attempt);
        if head.status.is_success() {
            return Ok(Opened {
                metadata,
                content_type,
                body,
            });
        }
        let mut error = ApiError::new(
            head.status.as_u16(),
            ErrorBody::read(&read_error(body).await),
            metadata,
        );
        error.retry_after = after;
        error.should_retry = verdict;
        if error.body.message.is_empty() {
            error.body.message = head.status.canonical_reason().unwrap_or("error").to_owned();
        }
        Err(Error::Api(Box::new(error)))
    }
}

/// Reads a whole JSON answer.
pub(crate) async fn read_json<T: DeserializeOwned>(opened: Opened) -> Result<(T, Metadata), Error> {
    let Opened {
        metadata,
        content_type,
        body,
    } = opened;
    let request_id = metadata.request_id.clone();
    let bytes = read_whole(body, request_id.as_deref()).await?;
    // Some gateways answer 200 with an error inside; taken for an answer it would be an empty one.
    if let Some(body) = error_inside(&bytes) {
        return Err(Error::Api(Box::new(ApiError::new(200, body, metadata))));
    }
    let content = serde_json::from_slice(&bytes).map_err(|error| {
        let kind = if content_type.is_empty() {
            "no content type"
        } else {
            content_type.as_str()
        };
        Error::Decode {
            reason: format!("{error} (content type: {kind})"),
            request_id,
        }
    })?;
    Ok((content, metadata))
}

/// The error in a body that has one in place of an answer.
pub(crate) fn error_inside(json: &[u8]) -> Option<ErrorBody> {
    let facts = swan_core::openai::ChunkFacts::read(json)?;
    facts.error.filter(|_| facts.choices == 0)?;
    Some(ErrorBody::read(json))
}

/// A key that no other call has, ever.
fn fresh_key() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("swan-{:032x}", u128::from_be_bytes(bytes)))
}

fn random() -> u64 {
    // Without randomness the longest pause is the safe one.
    getrandom::u64().unwrap_or(u64::MAX)
}
