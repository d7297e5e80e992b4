//! What comes back of one request: the head, then the answer or the error that it announces.

use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::response::Parts;
use serde::de::DeserializeOwned;
use swan_core::openai::{
    ChatResponse, CompletionResponse, EmbeddingResponse, ErrorBody, ImageResponse, Transcript,
    Usage,
};
use tokio::time::Instant;

use crate::body::{read_error, read_whole};
use crate::call::Call;
use crate::error::{ApiError, Error};
use crate::metadata::Metadata;
use crate::reply::Reply;
use crate::retry::{retry_after, should_retry};
use crate::transport::Body;

/// An answer whose head has come, and was good.
pub(crate) struct Opened {
    pub(crate) metadata: Metadata,
    pub(crate) content_type: String,
    pub(crate) body: Body,
}

impl Call<'_> {
    /// Sends the request once, and returns when the head of a good answer is there.
    pub(crate) async fn open(&self, started: Instant, attempt: u32) -> Result<Opened, Error> {
        let (head, body) = self.send().await?.into_parts();
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        if head.status.is_success() {
            let metadata = Metadata::read(head.headers, started.elapsed(), attempt);
            return Ok(Opened {
                metadata,
                content_type,
                body,
            });
        }
        let text = read_error(body).await;
        Err(refused(head, &text, started, attempt))
    }
}

/// The error that an answer is.
pub(crate) fn refused(head: Parts, text: &[u8], started: Instant, attempt: u32) -> Error {
    let after = retry_after(&head.headers, SystemTime::now());
    let verdict = should_retry(&head.headers);
    let metadata = Metadata::read(head.headers, started.elapsed(), attempt);
    let mut error = ApiError::new(head.status.as_u16(), ErrorBody::read(text), metadata);
    error.retry_after = after;
    error.should_retry = verdict;
    if error.body.message.is_empty() {
        error.body.message = head.status.canonical_reason().unwrap_or("error").to_owned();
    }
    Error::Api(Box::new(error))
}

/// Reads a whole JSON answer.
pub(crate) async fn read_json<T: DeserializeOwned>(opened: Opened) -> Result<Reply<T>, Error> {
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
    Ok(Reply::new(content, metadata))
}

/// An answer that tells what it used.
pub(crate) trait Metered: DeserializeOwned {
    fn usage(&self) -> Option<&Usage>;
}

macro_rules! metered {
    ($($answer:ty),*) => { $(
        impl Metered for $answer {
            fn usage(&self) -> Option<&Usage> {
                self.usage.as_ref()
            }
        }
    )* };
}

metered!(
    ChatResponse,
    CompletionResponse,
    EmbeddingResponse,
    ImageResponse,
    Transcript
);

/// Reads a whole JSON answer whose cost may stand in its usage.
pub(crate) async fn read_metered<T: Metered>(opened: Opened) -> Result<Reply<T>, Error> {
    let (answer, mut metadata) = read_json::<T>(opened).await?.into_parts();
    let told = || answer.usage()?.amount();
    metadata.cost = metadata.cost.or_else(told);
    Ok(Reply::new(answer, metadata))
}

/// The error in a body that has one in place of an answer.
pub(crate) fn error_inside(json: &[u8]) -> Option<ErrorBody> {
    let facts = swan_core::openai::ChunkFacts::read(json)?;
    facts.error.filter(|_| facts.choices == 0)?;
    Some(ErrorBody::read(json))
}
