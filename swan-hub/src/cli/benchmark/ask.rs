//! One request to a server, timed as the hub times a provider.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::BodyExt as _;
use serde_json::Value;
use swan_core::benchmark::Timing;

use super::BenchmarkError;
use crate::external::client::{HttpClient, client};
use crate::external::connect::Dial;
use crate::segments::Segments;

/// How long an answer may take in all, as for a consumer's stream.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The most of an answer that is read.
const LONGEST: usize = 4 * 1024 * 1024;

pub(super) struct Server {
    client: HttpClient,
    uri: Uri,
    url: String,
    key: Option<HeaderValue>,
}

/// What a server answered.
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) timing: Timing,
}

impl Server {
    pub(super) fn new(url: &str, key_env: Option<&str>) -> Result<Self, BenchmarkError> {
        let wrong = |reason: String| BenchmarkError::Address {
            url: url.to_owned(),
            reason,
        };
        let whole = format!("{}/chat/completions", url.trim_end_matches('/'));
        let uri: Uri = whole
            .parse()
            .map_err(|_| wrong("it is no address".to_owned()))?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => {
                return Err(wrong(
                    "it begins with neither http:// nor https://".to_owned(),
                ));
            }
        };
        let key = match key_env {
            None => None,
            Some(name) => {
                let missing = || BenchmarkError::NoKey {
                    name: name.to_owned(),
                };
                let key = std::env::var(name).map_err(|_| missing())?;
                let mut value = HeaderValue::try_from(format!("Bearer {}", key.trim()))
                    .map_err(|_| wrong("the key cannot stand in a header".to_owned()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let dial = Dial {
            https: is_https,
            within: CONNECT_WITHIN,
            idle: 1,
            ca_file: None,
            allow_private: true,
        };
        let client = client(&dial).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            client,
            uri,
            url: url.to_owned(),
            key,
        })
    }

    /// The answer, or in words what the server did instead.
    pub(super) async fn ask(&self, body: Vec<u8>) -> Result<Result<Reply, String>, BenchmarkError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.uri)
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let request = request.body(Segments::new(vec![Bytes::from(body)]));
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let began = Instant::now();
        let answering = self.client.request(request);
        let response = match tokio::time::timeout(ANSWER_WITHIN, answering).await {
            Ok(Ok(response)) => response,
            // A server that is not there at all is no sample of anything.
            Ok(Err(error)) if error.is_connect() => {
                return Err(BenchmarkError::Connect {
                    url: self.url.clone(),
                    reason: format!("{error:?}"),
                });
            }
            Ok(Err(error)) => return Ok(Err(format!("no answer: {error}"))),
            Err(_) => return Ok(Err("no answer within ten minutes".to_owned())),
        };
        let status = response.status();
        let mut reading = Reading::default();
        let mut body = response.into_body();
        loop {
            let left = ANSWER_WITHIN.saturating_sub(began.elapsed());
            match tokio::time::timeout(left, body.frame()).await {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        reading.add(data, began);
                    }
                }
                Ok(Some(Err(error))) => return Ok(Err(format!("the answer broke off: {error}"))),
                Err(_) => return Ok(Err("no end of the answer within ten minutes".to_owned())),
            }
            if reading.bytes.len() > LONGEST {
                return Ok(Err("an answer of more than 4 MiB".to_owned()));
            }
        }
        if !status.is_success() {
            return Ok(Err(format!("status {}", status.as_u16())));
        }
        Ok(reading.finish(began))
    }
}

/// An answer that is being read: whole, or as events.
#[derive(Default)]
struct Reading {
    bytes: Vec<u8>,
    seen: usize,
    text: String,
    has_events: bool,
    first_content_ms: Option<u64>,
}

impl Reading {
    fn add(&mut self, data: &[u8], began: Instant) {
        self.bytes.extend_from_slice(data);
        while let Some(line) = self.line() {
            let Some(event) = line.strip_prefix("data:") else {
                continue;
            };
            self.has_events = true;
            let Ok(event) = serde_json::from_str::<Value>(event.trim()) else {
                continue;
            };
            let delta = |field: &str| event.pointer(&format!("/choices/0/delta/{field}"));
            let content = delta("content").and_then(Value::as_str).unwrap_or_default();
            let thoughts = ["reasoning_content", "reasoning"];
            let is_thinking = thoughts.iter().any(|field| {
                delta(field)
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty())
            });
            if !content.is_empty() || is_thinking {
                self.first_content_ms.get_or_insert_with(|| millis(began));
            }
            self.text.push_str(content);
        }
    }

    /// The next whole line.
    fn line(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.seen..)?;
        let end = memchr::memchr(b'\n', rest)?;
        let line = String::from_utf8_lossy(rest.get(..end)?)
            .trim_end()
            .to_owned();
        self.seen += end + 1;
        Some(line)
    }

    fn finish(self, began: Instant) -> Result<Reply, String> {
        let timing = Timing {
            first_content_ms: self.first_content_ms,
            whole_ms: Some(millis(began)),
        };
        if self.has_events {
            let text = self.text;
            return Ok(Reply { text, timing });
        }
        let answer: Value = serde_json::from_slice(&self.bytes)
            .map_err(|error| format!("the answer is no JSON: {error}"))?;
        let text = answer
            .pointer("/choices/0/message/content")
            .and_then(Value::as_str);
        let text = text.ok_or("the answer has no content")?.to_owned();
        Ok(Reply { text, timing })
    }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
