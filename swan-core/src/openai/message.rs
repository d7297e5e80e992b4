//! One message of a conversation, in a request or as an answer.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::json::Json;
use super::open::{open_enum, open_struct};

open_enum! {
    /// Who speaks.
    #[derive(Default)]
    pub enum Role {
        /// Instructions for the model.
        System = "system",
        /// The newer name of `system`.
        Developer = "developer",
        /// The person or program that asks.
        User = "user",
        /// The model.
        #[default]
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
    }
}

/// What a message says: plain text, or parts (text, images, audio).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Parts, each with all its members.
    Parts(Vec<ContentPart>),
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not derived: serde's untagged enums buffer parsed values and so refuse the exact text inside of parts.
        let json = Json::deserialize(deserializer)?;
        let content = match json.read() {
            Ok(text) => Ok(Self::Text(text)),
            Err(_) => json.read().map(Self::Parts),
        };
        content.map_err(D::Error::custom)
    }
}

open_struct! {
    /// A part of a message; members other than these stand in `extra`.
    pub struct ContentPart {
        /// `text`, `image_url`, `input_audio` and so on.
        kind as "type": String,
        /// The text of a text part.
        text as "text": Option<String>,
    }
}

open_struct! {
    /// A message of the conversation.
    ///
    /// ```
    /// use swan_core::openai::{Message, Role};
    ///
    /// let message = Message::user("Why is the sky blue?");
    /// assert_eq!((message.role.clone(), message.text()), (Role::User, Some("Why is the sky blue?")));
    /// ```
    pub struct Message {
        /// Who speaks.
        role as "role": Role,
        /// What is said; absent when the model only calls tools.
        content as "content": Option<Content>,
        /// What a reasoning model thought before it answered (vLLM, SGLang, llama.cpp, DeepSeek).
        reasoning_content as "reasoning_content": Option<String>,
        /// Why the model declines.
        refusal as "refusal": Option<String>,
        /// The speaker's name.
        name as "name": Option<String>,
        /// The tools that the model wants called.
        tool_calls as "tool_calls": Option<Vec<ToolCall>>,
        /// Which call a tool message answers.
        tool_call_id as "tool_call_id": Option<String>,
    }
}

open_struct! {
    /// A tool call, or in a stream a piece of one.
    pub struct ToolCall {
        /// Which call of the answer this piece belongs to; only in streams.
        index as "index": Option<u64>,
        /// The call's id; in a stream only in its first piece.
        id as "id": Option<String>,
        /// `function`.
        kind as "type": Option<String>,
        /// The function and its arguments.
        function as "function": Option<FunctionCall>,
    }
}

open_struct! {
    /// A function to call.
    pub struct FunctionCall {
        /// Its name; in a stream only in the first piece.
        name as "name": Option<String>,
        /// Its arguments as JSON text, in a stream a piece of that text.
        arguments as "arguments": Option<String>,
    }
}

impl Message {
    /// A message of `role` that says `text`.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: Some(Content::Text(text.into())),
            ..Self::default()
        }
    }

    /// Instructions for the model.
    #[must_use]
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, text)
    }

    /// A question.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, text)
    }

    /// An earlier answer of the model.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, text)
    }

    /// The result of the tool call `call_id`.
    #[must_use]
    pub fn tool(call_id: impl Into<String>, result: impl Into<String>) -> Self {
        Self {
            tool_call_id: Some(call_id.into()),
            ..Self::new(Role::Tool, result)
        }
    }

    /// A message made of parts.
    #[must_use]
    pub fn parts(role: Role, parts: Vec<ContentPart>) -> Self {
        Self {
            role,
            content: Some(Content::Parts(parts)),
            ..Self::default()
        }
    }

    /// The message's text: all of it, or its first text part.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.content.as_ref()? {
            Content::Text(text) => Some(text),
            Content::Parts(parts) => parts.iter().find_map(|part| part.text.as_deref()),
        }
    }
}

impl ContentPart {
    /// A text part.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: "text".to_owned(),
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Any other part: its type, and the member of the same name that describes it.
    ///
    /// ```
    /// use swan_core::openai::{ContentPart, Json};
    ///
    /// let part = ContentPart::other("image_url", Json::new(&[("url", "https://example.org/a.png")])?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn other(kind: impl Into<String>, description: Json) -> Self {
        let mut part = Self {
            kind: kind.into(),
            ..Self::default()
        };
        part.extra.insert(part.kind.clone(), description);
        part
    }
}
