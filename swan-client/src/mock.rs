//! A transport without a network, for tests of apps (feature `mock`).
//!
//! Answers are given first in, first out; requests are recorded. Time in the answers is tokio's, so a test with a
//! paused clock takes none.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use swan_client::mock::{MockAnswer, MockTransport};
//! use swan_client::{Client, openai::{ChatRequest, Message}};
//!
//! let mock = MockTransport::new();
//! mock.push(MockAnswer::json(200, r#"{"choices":[{"message":{"content":"hello"}}]}"#));
//! let client = Client::builder("http://mock", "sk-test").with_transport(mock.clone()).build()?;
//!
//! let request = ChatRequest::new("any", vec![Message::user("hi")]);
//! assert_eq!(client.chat().create(&request).await?.text(), Some("hello"));
//! assert_eq!(mock.requests()[0].uri(), "http://mock/v1/chat/completions");
//! # Ok::<(), swan_client::Error>(()) }).unwrap();
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::transport::{Body, HttpTransport, TransportError, TransportErrorKind};

/// A transport that answers from a queue. Clones share the queue and the record.
#[derive(Debug, Clone, Default)]
pub struct MockTransport(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<MockAnswer>,
    requests: Vec<http::Request<Bytes>>,
}

/// One answer, in the steps in which it arrives.
#[derive(Debug, Clone)]
pub struct MockAnswer {
    status: StatusCode,
    headers: HeaderMap,
    before_head: Vec<Step>,
    body: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Bytes(Bytes),
    Wait(Duration),
    Fail(TransportErrorKind),
    Hang,
}

impl MockTransport {
    /// A transport without answers; a request that finds none fails as one without a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer at the end of the queue.
    pub fn push(&self, answer: MockAnswer) {
        self.state().answers.push_back(answer);
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.state().requests.clone()
    }

    /// How many answers are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.state().answers.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another test thread leaves both lists whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MockAnswer {
    /// An answer of this status with an empty body; a status that is none becomes 500.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            before_head: Vec::new(),
            body: Vec::new(),
        }
    }

    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status)
            .with_header("content-type", "application/json")
            .then(body)
    }

    /// A stream of these events, each the text of a `data:` line; `[DONE]` is yours to add.
    #[must_use]
    pub fn stream(events: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let start = Self::new(200).with_header("content-type", "text/event-stream");
        let line = |event: &str| format!("data: {event}\n\n");
        events
            .into_iter()
            .fold(start, |answer, event| answer.then(line(event.as_ref())))
    }

    /// No connection.
    #[must_use]
    pub fn no_connection() -> Self {
        let mut answer = Self::new(200);
        answer
            .before_head
            .push(Step::Fail(TransportErrorKind::Connect));
        answer
    }

    /// A connection that breaks before the head of the answer.
    #[must_use]
    pub fn broken() -> Self {
        let mut answer = Self::new(200);
        answer
            .before_head
            .push(Step::Fail(TransportErrorKind::Interrupted));
        answer
    }

    /// No answer, ever.
    #[must_use]
    pub fn silent() -> Self {
        let mut answer = Self::new(200);
        answer.before_head.push(Step::Hang);
        answer
    }

    /// Sets a header; one that HTTP cannot carry is left out.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Waits before the head of the answer.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.before_head.push(Step::Wait(wait));
        self
    }

    /// Continues the body with these bytes.
    #[must_use]
    pub fn then(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body.push(Step::Bytes(bytes.into()));
        self
    }

    /// Continues the body after a pause.
    #[must_use]
    pub fn then_wait(mut self, wait: Duration) -> Self {
        self.body.push(Step::Wait(wait));
        self
    }

    /// Breaks the connection at this point of the body.
    #[must_use]
    pub fn then_break(mut self) -> Self {
        self.body.push(Step::Fail(TransportErrorKind::Interrupted));
        self
    }

    /// Sends nothing more from this point of the body, and does not end it.
    #[must_use]
    pub fn then_hang(mut self) -> Self {
        self.body.push(Step::Hang);
        self
    }
}

impl Step {
    async fn take(self) -> Option<Result<Bytes, TransportError>> {
        match self {
            Self::Bytes(bytes) => Some(Ok(bytes)),
            Self::Wait(wait) => {
                tokio::time::sleep(wait).await;
                None
            }
            Self::Fail(kind) => Some(Err(TransportError::new(kind, "mock"))),
            Self::Hang => std::future::pending().await,
        }
    }
}

#[async_trait]
impl HttpTransport for MockTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let answer = {
            let mut state = self.state();
            state.requests.push(request);
            state.answers.pop_front()
        };
        let none_left =
            || TransportError::new(TransportErrorKind::Connect, "the mock has no answer left");
        let answer = answer.ok_or_else(none_left)?;
        for step in answer.before_head {
            step.take().await.transpose()?;
        }
        let body = stream::iter(answer.body)
            .then(Step::take)
            .filter_map(std::future::ready);
        let mut head = http::Response::new(Body::new(body));
        *head.status_mut() = answer.status;
        *head.headers_mut() = answer.headers;
        Ok(head)
    }
}
