//! Text completions.

use swan_core::openai::{CompletionRequest, CompletionResponse};

use crate::answer::read_metered;
use crate::call::{Call, Payload};
use crate::error::Error;
use crate::options::{CallOptions, call_handle};
use crate::reply::Reply;
use crate::stream::CompletionStream;

const PATH: &str = "/completions";

call_handle! {
    /// Text completions: the older API, in which a text is continued.
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client) -> Result<(), swan_client::Error> {
    /// use swan_client::openai::CompletionRequest;
    ///
    /// let request = CompletionRequest::new("qwen3-8b", "Once upon a time").with_max_tokens(64);
    /// println!("{}", client.completions().create(&request).await?.text().unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub struct Completions;
}

impl Completions {
    /// Asks for a whole answer; the request's own `stream` does not count.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn create(
        &self,
        request: &CompletionRequest,
    ) -> Result<Reply<CompletionResponse>, Error> {
        let payload = payload(request, false, &self.options)?;
        let accept = "application/json";
        let call = Call::post(&self.client.0, PATH, payload, &self.options, accept)?;
        call.run(read_metered).await
    }

    /// Asks for a stream, which keeps what [`Chat::stream`](crate::Chat::stream) promises.
    ///
    /// # Errors
    /// Any [`Error`] that comes before the first chunk, after the retries that the client's policy allows.
    pub async fn stream(&self, request: &CompletionRequest) -> Result<CompletionStream, Error> {
        let payload = payload(request, true, &self.options)?;
        let accept = "text/event-stream";
        let call = Call::post(&self.client.0, PATH, payload, &self.options, accept)?;
        let inner = &self.client.0;
        call.run(|opened| CompletionStream::open(opened, inner.idle_timeout, inner.stream_timeout))
            .await
    }
}

pub(crate) fn payload(
    request: &CompletionRequest,
    stream: bool,
    options: &CallOptions,
) -> Result<Payload, Error> {
    let mut request = request.clone();
    request.stream = stream.then_some(true);
    if !stream {
        request.stream_options = None;
    }
    options.write_into(&mut request.extra)?;
    Payload::json(&request)
}
