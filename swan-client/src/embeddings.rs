//! Embeddings.

use swan_core::openai::{EmbeddingRequest, EmbeddingResponse};

use crate::answer::{Opened, read_metered};
use crate::call::{Call, Payload};
use crate::error::Error;
use crate::options::{CallOptions, call_handle};
use crate::reply::Reply;

call_handle! {
    /// Texts as vectors.
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client) -> Result<(), swan_client::Error> {
    /// use swan_client::openai::EmbeddingRequest;
    ///
    /// let reply = client.embeddings().create(&EmbeddingRequest::new("bge-m3", ["one", "two"])).await?;
    /// let vectors: Vec<&[f32]> = reply.data.iter().map(|item| &item.embedding[..]).collect();
    /// # Ok(())
    /// # }
    /// ```
    pub struct Embeddings;
}

impl Embeddings {
    /// Asks for the vectors, in base64 unless the request says otherwise: a third of the bytes, and the same numbers.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows; [`Error::Decode`] when something in the answer
    /// is no vector.
    pub async fn create(
        &self,
        request: &EmbeddingRequest,
    ) -> Result<Reply<EmbeddingResponse>, Error> {
        let payload = payload(request, &self.options)?;
        let (path, accept) = ("/embeddings", "application/json");
        let call = Call::post(&self.client.0, path, payload, &self.options, accept)?;
        call.run(read).await
    }
}

async fn read(opened: Opened) -> Result<Reply<EmbeddingResponse>, Error> {
    let reply = read_metered::<EmbeddingResponse>(opened).await?;
    let mut items = reply.data.iter();
    match items.find(|item| item.embedding.is_empty()) {
        None => Ok(reply),
        // An empty vector would go into somebody's index without a word.
        Some(item) => Err(Error::Decode {
            reason: format!("item {} holds no vector", item.index),
            request_id: reply.metadata().request_id.clone(),
        }),
    }
}

pub(crate) fn payload(request: &EmbeddingRequest, options: &CallOptions) -> Result<Payload, Error> {
    let mut request = request.clone();
    let format = &mut request.encoding_format;
    format.get_or_insert_with(|| "base64".to_owned());
    options.write_into(&mut request.extra)?;
    Payload::json(&request)
}
