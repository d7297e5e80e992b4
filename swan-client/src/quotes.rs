//! What calls would cost.

use swan_core::openai::{
    ChatRequest, CompletionRequest, CostQuote, EmbeddingRequest, ImageRequest,
};

use crate::answer::read_json;
use crate::call::{Call, Payload};
use crate::error::Error;
use crate::options::call_handle;
use crate::reply::Reply;
use crate::transcriptions::TranscriptionRequest;
use crate::{chat, completions, embeddings, images, transcriptions};

call_handle! {
    /// What calls would cost on a Swan hub, by the arithmetic of the bill. Nothing is bought or put on hold.
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client) -> Result<(), swan_client::Error> {
    /// use swan_client::{Currency, openai::{ChatRequest, Message}};
    ///
    /// let request = ChatRequest::new("qwen3-8b", vec![Message::user("hello")]).with_max_tokens(200);
    /// let quote = client.quotes().with_payment(Currency::Swan).chat(&request).await?;
    /// println!("{:?} at most, about {:?}", quote.worst.cost, quote.expected.cost);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Quotes;
}

impl Quotes {
    /// Of a chat completion; a stream costs the same.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows; what the call itself would be refused for, its
    /// quote is refused for.
    pub async fn chat(&self, request: &ChatRequest) -> Result<Reply<CostQuote>, Error> {
        let payload = chat::payload(request, false, &self.options)?;
        self.ask("chat/completions", payload).await
    }

    /// Of a text completion.
    ///
    /// # Errors
    /// As [`Quotes::chat`].
    pub async fn completion(&self, request: &CompletionRequest) -> Result<Reply<CostQuote>, Error> {
        let payload = completions::payload(request, false, &self.options)?;
        self.ask("completions", payload).await
    }

    /// Of vectors.
    ///
    /// # Errors
    /// As [`Quotes::chat`].
    pub async fn embedding(&self, request: &EmbeddingRequest) -> Result<Reply<CostQuote>, Error> {
        let payload = embeddings::payload(request, &self.options)?;
        self.ask("embeddings", payload).await
    }

    /// Of images.
    ///
    /// # Errors
    /// As [`Quotes::chat`].
    pub async fn image(&self, request: &ImageRequest) -> Result<Reply<CostQuote>, Error> {
        let payload = images::payload(request, &self.options)?;
        self.ask("images/generations", payload).await
    }

    /// Of the text of a recording, whose length the hub measures; the whole recording goes there for that.
    ///
    /// # Errors
    /// As [`Quotes::chat`].
    pub async fn transcription(
        &self,
        request: &TranscriptionRequest,
    ) -> Result<Reply<CostQuote>, Error> {
        let payload = transcriptions::payload(request, &[], &self.options)?;
        self.ask("audio/transcriptions", payload).await
    }

    async fn ask(&self, operation: &str, payload: Payload) -> Result<Reply<CostQuote>, Error> {
        let path = format!("/quote?operation={operation}");
        let accept = "application/json";
        let call = Call::question(&self.client.0, &path, payload, &self.options, accept)?;
        call.run(read_json).await
    }
}
