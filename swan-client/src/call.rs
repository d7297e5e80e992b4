//! One logical call: its attempts, its deadline, its idempotency key.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout_at};

use crate::answer::Opened;
use crate::builder::value;
use crate::client::Inner;
use crate::error::Error;
use crate::options::CallOptions;
use crate::transport::Body;
use crate::watched::CENTURY;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Whether the hub goes on (`finish`) or stops (`cancel`) when the consumer hangs up.
const HANG_UP: HeaderName = HeaderName::from_static("x-swan-hang-up");

/// What a call sends.
pub(crate) struct Payload {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Bytes,
}

impl Payload {
    pub(crate) fn json<T: Serialize>(body: &T) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body).map_err(|error| Error::Config {
            field: "request",
            reason: error.to_string(),
        })?;
        Ok(Self {
            content_type: HeaderValue::from_static("application/json"),
            bytes: bytes.into(),
        })
    }
}

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
        payload: Payload,
        options: &CallOptions,
        accept: &'static str,
    ) -> Result<Self, Error> {
        let mut call = Self::question(client, path, payload, options, accept)?;
        call.with_key(options.idempotency_key.as_deref())?;
        Ok(call)
    }

    /// A POST that buys nothing, so that it needs no key.
    pub(crate) fn question(
        client: &'a Inner,
        path: &str,
        payload: Payload,
        options: &CallOptions,
        accept: &'static str,
    ) -> Result<Self, Error> {
        let mut call = Self::new(client, Method::POST, path, payload.bytes, options, accept)?;
        call.headers.insert(CONTENT_TYPE, payload.content_type);
        Ok(call)
    }

    /// A request of somebody else, with these headers in the place of the client's own, save its key.
    pub(crate) fn forward(
        client: &'a Inner,
        method: Method,
        target: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Self, Error> {
        let mut own = client.headers.clone();
        if headers.contains_key(USER_AGENT) {
            own.remove(USER_AGENT);
        }
        let key = headers.remove(IDEMPOTENCY_KEY);
        for name in own.keys() {
            headers.remove(name);
        }
        headers.extend(own);
        let buys = matches!(method, Method::POST | Method::PATCH);
        let mut call = Self {
            client,
            method,
            url: format!("{}{target}", client.base_url),
            headers,
            body,
            timeout: client.timeout,
            repeatable: true,
        };
        match key {
            Some(key) => {
                call.headers.insert(IDEMPOTENCY_KEY, key);
            }
            None if buys => call.with_key(None)?,
            None => {}
        }
        Ok(call)
    }

    /// Gives the call its idempotency key, a fresh one unless the caller has one.
    fn with_key(&mut self, own: Option<&str>) -> Result<(), Error> {
        let key = match own {
            Some(key) => Some(key.to_owned()),
            // Nobody can come back with a key that nobody knows, so a call that is dropped has the work stopped.
            None => {
                let cancel = HeaderValue::from_static("cancel");
                self.headers.entry(HANG_UP).or_insert(cancel);
                fresh_key()
            }
        };
        // A system without randomness cannot make keys, and such a call is sent once at most.
        self.repeatable = key.is_some();
        if let Some(key) = key {
            let key = value("idempotency_key", &key)?;
            self.headers.insert(IDEMPOTENCY_KEY, key);
        }
        Ok(())
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
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
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
        let read = &read;
        self.repeat(
            |started, attempt| async move { read(self.open(started, attempt).await?).await },
        )
        .await
    }

    /// Makes attempts until one succeeds, or no retry is left.
    pub(crate) async fn repeat<T, F, R>(&self, once: R) -> Result<T, Error>
    where
        R: Fn(Instant, u32) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let started = Instant::now();
        let deadline = started + self.timeout.min(CENTURY);
        self.client.retry.budget.deposit();
        let mut attempt = 1;
        loop {
            let error = match timeout_at(deadline, once(started, attempt)).await {
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

    /// Sends the request once.
    pub(crate) async fn send(&self) -> Result<http::Response<Body>, Error> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        *request.uri_mut() = self.url.parse().map_err(|_| Error::Config {
            field: "url",
            reason: "not a URL".to_owned(),
        })?;
        let answer = self.client.transport.send(request).await;
        answer.map_err(|error| Error::from_transport(error, None))
    }
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
