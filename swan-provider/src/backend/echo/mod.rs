//! A model that needs no GPU, for trying things out.

mod answer;
mod prompt;
#[cfg(test)]
mod tests;

use super::{Backend, BackendError, BackendModel, Call, Discovery, Engine, Reply};
use answer::Answer;
use async_trait::async_trait;
use prompt::Prompt;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use swan_core::protocol::Operation;

/// A built-in chat model that says plainly what it is and repeats what it was told.
///
/// It speaks correct OpenAI chat completions, whole and streamed, with usage, `max_tokens` and `stop`, so that
/// everything around a model can be tried on a machine without one. One token is one word with its space.
#[derive(Debug)]
pub struct EchoBackend {
    model: String,
    delay: Duration,
    served: AtomicU64,
}

impl EchoBackend {
    /// The name of its model unless said otherwise.
    pub const MODEL: &'static str = "swan/echo";

    /// An echo under its usual name, answering at once.
    #[must_use]
    pub fn new() -> Self {
        let model = Self::MODEL.to_owned();
        Self {
            model,
            delay: Duration::ZERO,
            served: AtomicU64::new(0),
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
        let model = BackendModel::new(&self.model).with_context_length(32_768);
        Ok(Discovery::new(Engine::Echo, vec![model]))
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        if call.operation != Operation::ChatCompletions {
            return Err(BackendError::Unsupported {
                backend: self.label().to_owned(),
                operation: call.operation.as_str().to_owned(),
            });
        }
        if call.model != self.model {
            let message = format!("the model {} does not exist here", call.model);
            return Ok(Self::refusal(404, "model_not_found", &message));
        }
        let prompt = match Prompt::parse(&call.body) {
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
