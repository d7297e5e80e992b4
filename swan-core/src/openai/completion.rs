//! Text completions: the older API, in which a text is continued.

use super::input::Input;
use super::open::open_struct;
use super::request::{Stop, StreamOptions};
use super::response::{FinishReason, Usage};

open_struct! {
    /// A request for the continuation of one or more texts.
    ///
    /// Parameters that this type does not name go into `extra`.
    ///
    /// ```
    /// use swan_core::openai::CompletionRequest;
    ///
    /// let request = CompletionRequest::new("qwen", "Once upon a time").with_max_tokens(64);
    /// assert_eq!(
    ///     serde_json::to_string(&request)?,
    ///     r#"{"model":"qwen","prompt":"Once upon a time","max_tokens":64}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct CompletionRequest {
        /// The model's name.
        model as "model": String,
        /// What is to be continued; each text of several for itself.
        prompt as "prompt": Input,
        /// What comes after the continuation.
        suffix as "suffix": Option<String>,
        /// Whether the answer comes as a stream of chunks.
        stream as "stream": Option<bool>,
        /// What a stream carries besides text.
        stream_options as "stream_options": Option<StreamOptions>,
        /// The most tokens to generate for each text; a server that is not told takes 16.
        max_tokens as "max_tokens": Option<u64>,
        /// Randomness, from 0 to 2.
        temperature as "temperature": Option<f64>,
        /// Share of the probability mass to draw from.
        top_p as "top_p": Option<f64>,
        /// How many continuations of each text.
        n as "n": Option<u64>,
        /// How many are generated for that, and paid.
        best_of as "best_of": Option<u64>,
        /// Whether the answer repeats the text.
        echo as "echo": Option<bool>,
        /// Texts at which generation stops.
        stop as "stop": Option<Stop>,
        /// Seed for repeatable answers.
        seed as "seed": Option<i64>,
        /// An opaque name of the end user.
        user as "user": Option<String>,
    }
}

open_struct! {
    /// An answer, whole or one chunk of it: both have the same shape.
    pub struct CompletionResponse {
        /// The server's name for this answer.
        id as "id": String,
        /// `text_completion`; some servers leave it out.
        object as "object": Option<String>,
        /// Unix seconds; some servers leave it out.
        created as "created": Option<u64>,
        /// The model that answered.
        model as "model": String,
        /// The continuations; empty in a chunk that only tells usage.
        choices as "choices": Vec<CompletionChoice>,
        /// The tokens used; of a stream in its last chunk, when the request asked for it.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// One continuation, or what is new in it.
    pub struct CompletionChoice {
        /// Its number, from 0.
        index as "index": u64,
        /// The text.
        text as "text": String,
        /// Why it ended; of a stream in its last piece.
        finish_reason as "finish_reason": Option<FinishReason>,
    }
}

impl CompletionRequest {
    /// A request with these two and nothing else.
    #[must_use]
    pub fn new(model: impl Into<String>, prompt: impl Into<Input>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            ..Self::default()
        }
    }

    /// Bounds the length of each continuation in tokens, and so what it can cost.
    #[must_use]
    pub fn with_max_tokens(self, tokens: u64) -> Self {
        Self {
            max_tokens: Some(tokens),
            ..self
        }
    }

    /// Asks that a stream ends with a chunk of usage, and on a Swan hub of cost.
    #[must_use]
    pub fn with_usage_in_stream(mut self) -> Self {
        self.stream_options.get_or_insert_default().include_usage = Some(true);
        self
    }
}

impl CompletionResponse {
    /// The text of the first continuation.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        Some(&self.choices.first()?.text)
    }
}
