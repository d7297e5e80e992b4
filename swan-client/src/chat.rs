//! Chat completions.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use swan_core::Currency;
use swan_core::openai::{ChatRequest, ChatResponse};

use crate::call::{Call, read_json};
use crate::client::Client;
use crate::error::Error;
use crate::options::CallOptions;
use crate::reply::Reply;
use crate::stream::ChatStream;

const PATH: &str = "/chat/completions";

/// Chat completions, with the choices that hold for the calls made through this handle.
///
/// ```no_run
/// # async fn run(client: swan_client::Client) -> Result<(), swan_client::Error> {
/// use swan_client::{Currency, openai::{ChatRequest, Message}};
///
/// let request = ChatRequest::new("qwen3-8b", vec![Message::user("hello")]);
/// let reply = client.chat().with_payment(Currency::Swan).with_provider("prov-1f").create(&request).await?;
/// println!("{} for {:?}", reply.text().unwrap_or_default(), reply.metadata().cost);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Chat {
    client: Client,
    options: CallOptions,
}

impl Chat {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            options: CallOptions::default(),
        }
    }

    /// Pays in this currency; SWAN is cheaper.
    #[must_use]
    pub fn with_payment(mut self, currency: Currency) -> Self {
        self.options.payment = Some(currency);
        self
    }

    /// Asks for one provider, by id or name.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.options.provider = Some(provider.into());
        self
    }

    /// Allows or forbids another provider when the one asked for cannot serve.
    #[must_use]
    pub fn with_fallbacks(mut self, allow: bool) -> Self {
        self.options.allow_fallbacks = Some(allow);
        self
    }

    /// Bounds the call in place of the client's own timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Uses this idempotency key in place of a fresh one, so that a call repeated later is still one call. Meant for
    /// one call: another request with the same key is a conflict.
    ///
    /// A hub finishes such a call though it is dropped here, charges it, and keeps its answer for the next call with the key;
    /// to have it stopped, add the header `X-Swan-Hang-Up: cancel`.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// Asks for a whole answer; the request's own `stream` does not count.
    ///
    /// Dropping the future ends the call, and a Swan hub then stops the model server.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn create(&self, request: &ChatRequest) -> Result<Reply<ChatResponse>, Error> {
        let body = body_of(request, false)?;
        let call = Call::post(
            &self.client.0,
            PATH,
            body,
            &self.options,
            "application/json",
        )?;
        let (answer, mut metadata) = call.run(read_json::<ChatResponse>).await?;
        metadata.cost = metadata.cost.or_else(|| answer.usage.as_ref()?.amount());
        Ok(Reply::new(answer, metadata))
    }

    /// Asks for a stream, and waits for its first chunk; until then the call is retried like any other, never after.
    ///
    /// Nothing is read ahead of the consumer. Dropping the stream ends the call. A stream that breaks off before its
    /// end yields an error as its last item, never a silent end.
    ///
    /// # Errors
    /// Any [`Error`] that comes before the first chunk, after the retries that the client's policy allows.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ChatStream, Error> {
        let body = body_of(request, true)?;
        let call = Call::post(
            &self.client.0,
            PATH,
            body,
            &self.options,
            "text/event-stream",
        )?;
        let inner = &self.client.0;
        call.run(|opened| ChatStream::open(opened, inner.idle_timeout, inner.stream_timeout))
            .await
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Chat")
            .field("client", &self.client)
            .field("payment", &self.options.payment)
            .field("provider", &self.options.provider)
            .field("allow_fallbacks", &self.options.allow_fallbacks)
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}

fn body_of(request: &ChatRequest, stream: bool) -> Result<Bytes, Error> {
    let mut request = request.clone();
    request.stream = stream.then_some(true);
    if !stream {
        // OpenAI refuses stream options without a stream.
        request.stream_options = None;
    }
    let body = serde_json::to_vec(&request);
    body.map(Bytes::from).map_err(|error| Error::Config {
        field: "request",
        reason: error.to_string(),
    })
}
