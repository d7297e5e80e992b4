//! A chat request as an app writes it.

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::message::Message;
use super::open::open_struct;

open_struct! {
    /// A request for a chat completion.
    ///
    /// Parameters that this type does not name go into `extra`, see [`ChatRequest::with`].
    ///
    /// ```
    /// use swan_core::openai::{ChatRequest, Message};
    ///
    /// let request = ChatRequest::new("qwen", vec![Message::user("hello")])
    ///     .with_max_tokens(64)
    ///     .with("top_k", &40)?;
    /// assert_eq!(
    ///     serde_json::to_string(&request)?,
    ///     r#"{"model":"qwen","messages":[{"role":"user","content":"hello"}],"max_tokens":64,"top_k":40}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct ChatRequest {
        /// The model's name.
        model as "model": String,
        /// The conversation so far.
        messages as "messages": Vec<Message>,
        /// Whether the answer comes as a stream of chunks.
        stream as "stream": Option<bool>,
        /// What a stream carries besides content.
        stream_options as "stream_options": Option<StreamOptions>,
        /// The most tokens to generate.
        max_tokens as "max_tokens": Option<u64>,
        /// The newer name of `max_tokens`.
        max_completion_tokens as "max_completion_tokens": Option<u64>,
        /// Randomness, from 0 to 2.
        temperature as "temperature": Option<f64>,
        /// Share of the probability mass to draw from.
        top_p as "top_p": Option<f64>,
        /// How many answers to generate.
        n as "n": Option<u64>,
        /// Texts at which generation stops.
        stop as "stop": Option<Stop>,
        /// Seed for repeatable answers.
        seed as "seed": Option<i64>,
        /// The tools that the model may call.
        tools as "tools": Option<Vec<Tool>>,
        /// Which tool must be called: `auto`, `none`, `required`, or an object that names one.
        tool_choice as "tool_choice": Option<Json>,
        /// The form of the answer, such as a JSON schema.
        response_format as "response_format": Option<Json>,
        /// An opaque name of the end user.
        user as "user": Option<String>,
    }
}

open_struct! {
    /// What a stream carries besides content.
    pub struct StreamOptions {
        /// Whether a last chunk tells the usage of the whole answer.
        include_usage as "include_usage": Option<bool>,
    }
}

open_struct! {
    /// A tool that the model may call.
    pub struct Tool {
        /// `function`.
        kind as "type": String,
        /// The function.
        function as "function": Option<Function>,
    }
}

open_struct! {
    /// A function that the model may call.
    pub struct Function {
        /// Its name.
        name as "name": String,
        /// What it does, for the model.
        description as "description": Option<String>,
        /// Its parameters as JSON schema.
        parameters as "parameters": Option<Json>,
    }
}

/// Texts at which generation stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Stop {
    /// One text.
    One(String),
    /// Up to four texts.
    Many(Vec<String>),
}

impl ChatRequest {
    /// A request with these two and nothing else.
    #[must_use]
    pub fn new(model: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            model: model.into(),
            messages,
            ..Self::default()
        }
    }

    /// Bounds the answer's length in tokens, and so what it can cost.
    #[must_use]
    pub fn with_max_tokens(self, tokens: u64) -> Self {
        Self {
            max_tokens: Some(tokens),
            ..self
        }
    }

    /// Sets the randomness, from 0 to 2.
    #[must_use]
    pub fn with_temperature(self, temperature: f64) -> Self {
        Self {
            temperature: Some(temperature),
            ..self
        }
    }

    /// Offers tools to the model.
    #[must_use]
    pub fn with_tools(self, tools: Vec<Tool>) -> Self {
        Self {
            tools: Some(tools),
            ..self
        }
    }

    /// Asks that a stream ends with a chunk of usage, and on a Swan hub of cost.
    #[must_use]
    pub fn with_usage_in_stream(mut self) -> Self {
        self.stream_options.get_or_insert_default().include_usage = Some(true);
        self
    }

    /// Sets a parameter that this type does not name, such as `top_k` or `chat_template_kwargs`.
    ///
    /// # Errors
    /// When `value` cannot be JSON.
    pub fn with<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, serde_json::Error> {
        self.extra.insert(name, Json::new(value)?);
        Ok(self)
    }
}

impl Tool {
    /// A function with its parameters as JSON schema.
    #[must_use]
    pub fn function(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Json,
    ) -> Self {
        let function = Function {
            name: name.into(),
            description: Some(description.into()),
            parameters: Some(parameters),
            ..Function::default()
        };
        Self {
            kind: "function".to_owned(),
            function: Some(function),
            ..Self::default()
        }
    }
}
