//! Chat completions.

use swan_core::openai::{ChatRequest, ChatResponse};

use crate::answer::read_metered;
use crate::call::{Call, Payload};
use crate::error::Error;
use crate::options::{CallOptions, call_handle};
use crate::reply::Reply;
use crate::stream::ChatStream;

const PATH: &str = "/chat/completions";

call_handle! {
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
    pub struct Chat;
}

impl Chat {
    /// Asks for a whole answer; the request's own `stream` does not count.
    ///
    /// Dropping the future ends the call, and a Swan hub then stops the model server.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn create(&self, request: &ChatRequest) -> Result<Reply<ChatResponse>, Error> {
        let payload = payload(request, false, &self.options)?;
        let accept = "application/json";
        let call = Call::post(&self.client.0, PATH, payload, &self.options, accept)?;
        call.run(read_metered).await
    }

    /// Asks for a stream, and waits for its first chunk; until then the call is retried like any other, never after.
    ///
    /// Nothing is read ahead of the consumer. Dropping the stream ends the call. A stream that breaks off before its
    /// end yields an error as its last item, never a silent end.
    ///
    /// # Errors
    /// Any [`Error`] that comes before the first chunk, after the retries that the client's policy allows.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ChatStream, Error> {
        let payload = payload(request, true, &self.options)?;
        let accept = "text/event-stream";
        let call = Call::post(&self.client.0, PATH, payload, &self.options, accept)?;
        let inner = &self.client.0;
        call.run(|opened| ChatStream::open(opened, inner.idle_timeout, inner.stream_timeout))
            .await
    }
}

pub(crate) fn payload(
    request: &ChatRequest,
    stream: bool,
    options: &CallOptions,
) -> Result<Payload, Error> {
    let mut request = request.clone();
    request.stream = stream.then_some(true);
    if !stream {
        // OpenAI refuses stream options without a stream.
        request.stream_options = None;
    }
    options.write_into(&mut request.extra)?;
    Payload::json(&request)
}
