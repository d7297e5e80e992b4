//! A model that needs no GPU, for trying things out.

mod answer;
mod image;
#[cfg(test)]
mod kinds_tests;
mod prompt;
mod recording;
#[cfg(test)]
mod tests;
mod vectors;

use super::{Backend, BackendError, BackendModel, Call, Discovery, Engine, Reply};
use answer::Answer;
use async_trait::async_trait;
use prompt::Prompt;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use swan_core::Modality;
use swan_core::protocol::Operation;

/// How a request is read; the error is what a consumer is told.
type Read = fn(&[u8]) -> Result<Prompt, String>;

/// A built-in chat model that says plainly what it is and repeats what it was told.
///
/// It speaks correct OpenAI chat and text completions, whole and streamed, with usage, `max_tokens` and `stop`, so that
/// everything around a model can be tried on a machine without one. One token is one word with its space. With
/// [`EchoBackend::of_every_kind`] it also has a model that makes small vectors and one that draws plain squares, each of
/// which follows from the text alone, and one that tells of a recording how many bytes it has.
#[derive(Debug)]
pub struct EchoBackend {
    model: String,
    delay: Duration,
    every_kind: bool,
    served: AtomicU64,
}

impl EchoBackend {
    /// The name of its model unless said otherwise.
    pub const MODEL: &'static str = "swan/echo";
    /// The name of its embedding model.
    pub const EMBEDDING: &'static str = "swan/echo-embedding";
    /// The name of its image model.
    pub const IMAGE: &'static str = "swan/echo-image";
    /// The name of its model for recordings.
    pub const AUDIO: &'static str = "swan/echo-audio";

    /// An echo under its usual name, answering at once.
    #[must_use]
    pub fn new() -> Self {
        let model = Self::MODEL.to_owned();
        Self {
            model,
            delay: Duration::ZERO,
            every_kind: false,
            served: AtomicU64::new(0),
        }
    }

    /// An echo with a model of each kind: chat, embedding, image and audio.
    #[must_use]
    pub fn of_every_kind() -> Self {
        Self {
            every_kind: true,
            ..Self::new()
        }
    }

    /// The same echo under another name.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The same echo, waiting before each token of a stream as a real model would.
    #[must_use]
    pub const fn with_delay(mut self, per_token: Duration) -> Self {
        self.delay = per_token;
        self
    }

    fn refusal(status: u16, code: &str, message: &str) -> Reply {
        let body = serde_json::json!({"error": {
            "message": message, "type": "invalid_request_error", "param": null, "code": code,
        }});
        Reply::json(status, body.to_string())
    }
}

impl Default for EchoBackend {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Backend for EchoBackend {
    fn label(&self) -> &'static str {
        "the built-in echo model"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        let chat = BackendModel::new(&self.model).with_context_length(32_768);
        let mut models = vec![chat.with_modality(Modality::Chat)];
        if self.every_kind {
            models.push(BackendModel::new(Self::EMBEDDING).with_modality(Modality::Embedding));
            models.push(BackendModel::new(Self::IMAGE).with_modality(Modality::Image));
            models.push(BackendModel::new(Self::AUDIO).with_modality(Modality::Audio));
        }
        Ok(Discovery::new(Engine::Echo, models))
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        let (model, read): (&str, Read) = match call.operation {
            Operation::ChatCompletions => (&self.model, Prompt::parse),
            Operation::Completions => (&self.model, Prompt::parse_completion),
            Operation::Embeddings if self.every_kind => return Ok(vectors::answer(&call)),
            Operation::ImagesGenerations if self.every_kind => return Ok(image::answer(&call)),
            Operation::AudioTranscriptions if self.every_kind => {
                return Ok(recording::answer(&call));
            }
            _ => {
                return Err(BackendError::Unsupported {
                    backend: self.label().to_owned(),
                    operation: call.operation.as_str().to_owned(),
                });
            }
        };
        if call.model != model {
            let message = format!("the model {} does not exist here", call.model);
            return Ok(Self::refusal(404, "model_not_found", &message));
        }
        let prompt = match read(&call.body) {
            Ok(prompt) => prompt,
            Err(message) => return Ok(Self::refusal(400, "invalid_request", &message)),
        };
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        let answer = Answer::new(number, &self.model, &prompt);
        if prompt.stream {
            Ok(answer.into_stream(self.delay))
        } else {
            tokio::time::sleep(self.delay.saturating_mul(answer.token_count())).await;
            Ok(answer.into_whole())
        }
    }
}
