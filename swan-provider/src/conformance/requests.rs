//! The requests of the suite.

use crate::backend::Call;
use serde_json::{Map, Value, json};
use swan_core::protocol::Operation;

/// A small chat request.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    model: String,
    stream: bool,
    fields: Map<String, Value>,
}

impl Chat {
    pub(super) fn new(model: &str) -> Self {
        let chat = Self {
            model: model.to_owned(),
            stream: false,
            fields: Map::new(),
        };
        chat.with("model", json!(model))
            .with(
                "messages",
                json!([{"role": "user", "content": "Say hello to the test."}]),
            )
            .with("max_tokens", json!(16))
    }

    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// Streamed, with usage at the end.
    pub(super) fn streamed(mut self) -> Self {
        self.stream = true;
        self.with("stream", json!(true))
            .with("stream_options", json!({"include_usage": true}))
    }

    /// With an answer long enough to be interrupted.
    pub(super) fn long(self) -> Self {
        let prompt = "Count from one to one hundred. ".repeat(8);
        self.with("messages", json!([{"role": "user", "content": prompt}]))
            .with("max_tokens", json!(256))
    }

    pub(super) fn call(&self) -> Call {
        let body = Value::Object(self.fields.clone()).to_string();
        Call::new(Operation::ChatCompletions, &self.model, body).with_stream(self.stream)
    }
}
