//! Answers, whole and in chunks.

use super::message::{Message, Role, ToolCall};
use super::open::{open_enum, open_struct};
use crate::Amount;

open_enum! {
    /// Why generation ended.
    pub enum FinishReason {
        /// The model was done, or met a stop text.
        Stop = "stop",
        /// The limit of tokens was reached.
        Length = "length",
        /// The model wants tools called.
        ToolCalls = "tool_calls",
        /// A filter removed content.
        ContentFilter = "content_filter",
        /// The older form of `tool_calls`.
        FunctionCall = "function_call",
    }
}

open_struct! {
    /// A whole answer.
    pub struct ChatResponse {
        /// The server's name for this answer.
        id as "id": String,
        /// `chat.completion`; some servers leave it out.
        object as "object": Option<String>,
        /// Unix seconds; some servers leave it out.
        created as "created": Option<u64>,
        /// The model that answered.
        model as "model": String,
        /// The answers, one unless the request's `n` asked for more.
        choices as "choices": Vec<Choice>,
        /// The tokens used.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// One of the answers.
    pub struct Choice {
        /// Its number, from 0.
        index as "index": u64,
        /// The answer.
        message as "message": Message,
        /// Why it ended.
        finish_reason as "finish_reason": Option<FinishReason>,
    }
}

open_struct! {
    /// One chunk of a streamed answer.
    pub struct ChatChunk {
        /// The server's name for this answer.
        id as "id": String,
        /// `chat.completion.chunk`; some servers leave it out.
        object as "object": Option<String>,
        /// Unix seconds; some servers leave it out.
        created as "created": Option<u64>,
        /// The model that answers.
        model as "model": String,
        /// What is new; empty in a chunk that only tells usage.
        choices as "choices": Vec<ChunkChoice>,
        /// The tokens used, in the last chunk when the request asked for it.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// What is new in one of the answers.
    pub struct ChunkChoice {
        /// The answer's number, from 0.
        index as "index": u64,
        /// The new piece.
        delta as "delta": Delta,
        /// Why the answer ended, in its last piece.
        finish_reason as "finish_reason": Option<FinishReason>,
    }
}

open_struct! {
    /// A piece of an answer.
    pub struct Delta {
        /// Who speaks, in the first piece.
        role as "role": Option<Role>,
        /// New text.
        content as "content": Option<String>,
        /// New text of the model's reasoning.
        reasoning_content as "reasoning_content": Option<String>,
        /// New text of a refusal.
        refusal as "refusal": Option<String>,
        /// Pieces of tool calls.
        tool_calls as "tool_calls": Option<Vec<ToolCall>>,
    }
}

open_struct! {
    /// Tokens that an answer used, and on a Swan hub what it cost.
    pub struct Usage {
        /// Tokens of the prompt, cached ones included.
        prompt_tokens as "prompt_tokens": u64,
        /// Tokens generated, reasoning included.
        completion_tokens as "completion_tokens": u64,
        /// The sum of both.
        total_tokens as "total_tokens": u64,
        /// More about the prompt's tokens.
        prompt_tokens_details as "prompt_tokens_details": Option<PromptTokensDetails>,
        /// More about the generated tokens.
        completion_tokens_details as "completion_tokens_details": Option<CompletionTokensDetails>,
        /// The charge as an exact decimal, see [`Usage::amount`].
        cost as "cost": Option<String>,
    }
}

open_struct! {
    /// More about the prompt's tokens.
    pub struct PromptTokensDetails {
        /// Tokens found in a prompt cache.
        cached_tokens as "cached_tokens": Option<u64>,
    }
}

open_struct! {
    /// More about the generated tokens.
    pub struct CompletionTokensDetails {
        /// Tokens spent on reasoning.
        reasoning_tokens as "reasoning_tokens": Option<u64>,
    }
}

impl ChatResponse {
    /// The text of the first answer.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.choices.first()?.message.text()
    }
}

impl ChatChunk {
    /// The new text of the first answer.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.choices.first()?.delta.content.as_deref()
    }
}

impl Usage {
    /// The charge, exact; also from routers that write it as a number.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        let number = || self.extra.get("cost").map(super::json::Json::as_str);
        self.cost.as_deref().or_else(number)?.parse().ok()
    }
}
