//! Any model server that speaks OpenAI's HTTP API.

mod builder;
mod detect;
mod local;
mod plain;

pub use builder::HttpBackendBuilder;
pub use local::{DiscoveredServer, discover_local};

use super::{Backend, BackendError, Call, Discovery, Reply};
use crate::{clock::wall_time, http_client::cause};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, StatusCode};
use plain::{Plain, Unanswered};
use std::{fmt, time::Duration};
use swan_core::openai::retry_after;

/// How long a question about the server itself may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer to such a question: 4 MiB holds some ten thousand models.
const QUESTION_LIMIT: usize = 4 * 1024 * 1024;
/// What HTTP frames a streamed answer by is bounded by the client; a piece handed on is at most this long.
const PIECE_LIMIT: usize = 64 * 1024;

/// An OpenAI-compatible model server: Ollama, vLLM, SGLang, llama.cpp, TGI, or one that nobody has named yet.
///
/// Cheap to clone; clones share one pool of kept-alive connections. There is no limit on the length of an answer:
/// the caller drops it when it has had enough, which closes the connection, which is what makes a model server stop.
///
/// ```
/// # fn main() -> Result<(), swan_provider::ProviderError> {
/// use swan_provider::HttpBackend;
///
/// let backend = HttpBackend::new("http://127.0.0.1:8080")?;
/// let guarded = HttpBackend::builder("http://10.0.0.7:8000/v1").with_api_key("secret").build()?;
/// # let _ = (backend, guarded);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpBackend {
    client: reqwest::Client,
    /// For requests of consumers, where there is no TLS.
    plain: Option<Plain>,
    /// Scheme, host, port and prefix, without `/v1` and without a slash at the end.
    base: String,
    api_key: Option<String>,
    question_timeout: Duration,
}

impl HttpBackend {
    /// A server at `url`, such as `http://127.0.0.1:8080`; a `/v1` at its end makes no difference.
    ///
    /// # Errors
    /// [`ProviderError::Setting`](crate::ProviderError::Setting) when that is no http or https URL.
    pub fn new(url: &str) -> Result<Self, crate::ProviderError> {
        Self::builder(url).build()
    }

    /// A server with an API key or other wishes.
    #[must_use]
    pub fn builder(url: &str) -> HttpBackendBuilder {
        HttpBackendBuilder::new(url)
    }

    /// The server's address, without `/v1`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    async fn get(&self, path: &str) -> Result<Answer, BackendError> {
        let question = self.authorised(self.client.get(format!("{}{path}", self.base)));
        let ask = async {
            let response = question
                .send()
                .await
                .map_err(|e| self.before_the_head(&e))?;
            let (status, server) = (
                response.status().as_u16(),
                header(response.headers(), "server"),
            );
            let (body, whole) = self.reply(response).read(QUESTION_LIMIT).await?;
            if !whole {
                return Err(self.nonsense(format!("{path} is longer than {QUESTION_LIMIT} bytes")));
            }
            Ok(Answer {
                status,
                server,
                body,
            })
        };
        match tokio::time::timeout(self.question_timeout, ask).await {
            Ok(answer) => answer,
            Err(_) => Err(BackendError::TimedOut {
                backend: self.base.clone(),
                waited_secs: self.question_timeout.as_secs(),
            }),
        }
    }

    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    fn reply(&self, response: reqwest::Response) -> Reply {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response
            .bytes_stream()
            .map_err(|error| cause(&error))
            .flat_map(|piece| stream::iter(Pieces(Some(piece))));
        self.answer(status, &headers, body)
    }

    fn answer(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: impl Stream<Item = Result<Bytes, String>> + Send + 'static,
    ) -> Reply {
        let content_type = header(headers, "content-type");
        let named = |name: &str| headers.get(name)?.to_str().ok();
        let later = retry_after(named, wall_time());
        let backend = self.base.clone();
        let body = body.map_err(move |reason| BackendError::Interrupted {
            backend: backend.clone(),
            reason,
        });
        Reply::new(status.as_u16(), content_type, body).with_retry_after(later)
    }

    async fn execute_plain(&self, plain: &Plain, call: Call) -> Result<Reply, BackendError> {
        let answered = plain.execute(call, self.api_key.as_deref()).await;
        let backend = || self.base.clone();
        let (status, headers, body) = answered.map_err(|error| match error {
            Unanswered::Unreachable(reason) => BackendError::Unreachable {
                backend: backend(),
                reason,
            },
            Unanswered::Interrupted(reason) => BackendError::Interrupted {
                backend: backend(),
                reason,
            },
            Unanswered::BadRequest(reason) => BackendError::BadRequest { reason },
        })?;
        Ok(self.answer(status, &headers, body))
    }

    fn before_the_head(&self, error: &reqwest::Error) -> BackendError {
        let (backend, reason) = (self.base.clone(), cause(error));
        if error.is_connect() {
            BackendError::Unreachable { backend, reason }
        } else if error.is_builder() {
            BackendError::BadRequest { reason }
        } else {
            BackendError::Interrupted { backend, reason }
        }
    }

    fn nonsense(&self, reason: String) -> BackendError {
        BackendError::Nonsense {
            backend: self.base.clone(),
            reason,
        }
    }
}

#[async_trait]
impl Backend for HttpBackend {
    fn label(&self) -> &str {
        &self.base
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        detect::discover(self).await
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        if let Some(plain) = &self.plain {
            return self.execute_plain(plain, call).await;
        }
        let url = format!("{}/v1/{}", self.base, call.operation.as_str());
        let content_type = call.content_type.as_deref().unwrap_or("application/json");
        let accept = if call.stream {
            "text/event-stream"
        } else {
            "*/*"
        };
        let request = self
            .authorised(self.client.post(url))
            .header("content-type", content_type)
            .header("accept", accept)
            .body(call.body);
        let response = request.send().await.map_err(|e| self.before_the_head(&e))?;
        Ok(self.reply(response))
    }
}

impl fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBackend")
            .field("base", &self.base)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// A whole answer to a question about the server.
struct Answer {
    status: u16,
    server: Option<String>,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Option<serde_json::Value> {
        if self.status != 200 {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }
}

/// Cuts a piece so that one large read of the client does not become one large frame.
struct Pieces(Option<Result<Bytes, String>>);

impl Iterator for Pieces {
    type Item = Result<Bytes, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Some(Ok(bytes)) if bytes.len() > PIECE_LIMIT => Some(Ok(bytes.split_to(PIECE_LIMIT))),
            _ => self.0.take(),
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
