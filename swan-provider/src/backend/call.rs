//! What a backend is asked to do.

use super::{BackendError, RequestBody};
use bytes::Bytes;
use swan_core::protocol::Operation;

/// One request to a backend, in OpenAI's wire format.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// Which route of the API.
    pub operation: Operation,
    /// The model, by the name that the backend knows; the body names the same one.
    pub model: String,
    /// Whether the answer is asked for as server-sent events.
    pub stream: bool,
    /// The body's content type; JSON unless said otherwise.
    pub content_type: Option<String>,
    /// The body as it came from the consumer, except for the model's name.
    pub body: Bytes,
}

impl Call {
    /// A call whose body is used as it is.
    #[must_use]
    pub fn new(operation: Operation, model: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let (model, body) = (model.into(), body.into());
        Self {
            operation,
            model,
            stream: false,
            content_type: None,
            body,
        }
    }

    /// A chat completion; `stream` is read from the body.
    ///
    /// # Errors
    /// When the body is no JSON object.
    pub fn chat(model: impl Into<String>, body: impl Into<Bytes>) -> Result<Self, BackendError> {
        let body = body.into();
        let stream = RequestBody::parse(&body)?.get("stream") == Some("true");
        Ok(Self {
            stream,
            ..Self::new(Operation::ChatCompletions, model, body)
        })
    }

    /// The same call with its answer streamed or not; the body must say the same.
    #[must_use]
    pub const fn with_stream(mut self, stream: bool) -> Self {
        self.stream = stream;
        self
    }

    /// The same call with a content type other than JSON.
    #[must_use]
    pub fn with_content_type(mut self, content_type: Option<String>) -> Self {
        self.content_type = content_type;
        self
    }
}
