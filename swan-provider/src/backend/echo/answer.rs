//! The echo's answer in both of OpenAI's shapes.

use super::{Prompt, Reply};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One answer, cut into tokens.
#[derive(Debug)]
pub(super) struct Answer {
    id: String,
    created: u64,
    model: String,
    tokens: Vec<String>,
    finish_reason: &'static str,
    prompt_tokens: u64,
    include_usage: bool,
    text_completion: Option<String>,
}

impl Answer {
    pub(super) fn new(number: u64, model: &str, prompt: &Prompt) -> Self {
        let text = format!(
            "This is the built-in echo model of Swan, not a language model. You said: {}",
            prompt.text
        );
        let end = prompt
            .stop
            .iter()
            .filter_map(|stop| text.find(stop.as_str()))
            .min();
        let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        let mut tokens: Vec<_> = text
            .split_inclusive(char::is_whitespace)
            .map(str::to_owned)
            .collect();
        let mut finish_reason = "stop";
        let allowed = prompt
            .max_tokens
            .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        if tokens.len() > allowed {
            tokens.truncate(allowed);
            finish_reason = "length";
        }
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| now.as_secs());
        Self {
            id: format!("chatcmpl-echo-{created}-{number}"),
            created,
            model: model.to_owned(),
            tokens,
            finish_reason,
            prompt_tokens: prompt.tokens,
            include_usage: prompt.include_usage,
            text_completion: prompt.text_completion.clone(),
        }
    }

    /// The `object` of an answer, whole or in chunks.
    const fn object(&self, whole: bool) -> &'static str {
        match (&self.text_completion, whole) {
            (Some(_), _) => "text_completion",
            (None, true) => "chat.completion",
            (None, false) => "chat.completion.chunk",
        }
    }

    pub(super) fn token_count(&self) -> u32 {
        u32::try_from(self.tokens.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn into_whole(self) -> Reply {
        let text = self.tokens.concat();
        let (field, content) = match &self.text_completion {
            Some(echoed) => ("text", json!(format!("{echoed}{text}"))),
            None => ("message", json!({"role": "assistant", "content": text})),
        };
        let choice = json!({
            "index": 0, field: content, "logprobs": null, "finish_reason": self.finish_reason,
        });
        let body = json!({
            "id": self.id, "object": self.object(true), "created": self.created, "model": self.model,
            "choices": [choice], "usage": self.usage(),
        });
        Reply::json(200, body.to_string())
    }

    /// Role first, then a chunk per token, the reason for the end, usage if it was asked for, and the end marker.
    pub(super) fn into_stream(self, delay: Duration) -> Reply {
        let events = stream::unfold((self, Step::Role), move |(answer, step)| async move {
            let (event, next) = match step {
                Step::Role => (answer.opening(), Step::Token(0)),
                Step::Token(i) => match answer.tokens.get(i) {
                    Some(token) => {
                        pause(delay).await;
                        (answer.chunk(Some(token), None), Step::Token(i + 1))
                    }
                    None => (
                        answer.chunk(None, Some(answer.finish_reason)),
                        answer.after_the_reason(),
                    ),
                },
                Step::Usage => (answer.event(&json!([]), Some(answer.usage())), Step::Done),
                Step::Done => (Bytes::from_static(b"data: [DONE]\n\n"), Step::End),
                Step::End => return None,
            };
            Some((Ok(event), (answer, next)))
        });
        Reply::events(events)
    }

    fn after_the_reason(&self) -> Step {
        if self.include_usage {
            Step::Usage
        } else {
            Step::Done
        }
    }

    /// The role of a message, or what is echoed of a text.
    fn opening(&self) -> Bytes {
        if let Some(echoed) = &self.text_completion {
            return self.chunk(Some(echoed), None);
        }
        let delta = json!({"role": "assistant", "content": ""});
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": null});
        self.event(&json!([choice]), None)
    }

    fn chunk(&self, text: Option<&str>, finish_reason: Option<&str>) -> Bytes {
        let choice = if self.text_completion.is_some() {
            let text = text.unwrap_or_default();
            json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish_reason})
        } else {
            let delta = text.map_or_else(|| json!({}), |text| json!({"content": text}));
            json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason})
        };
        self.event(&json!([choice]), None)
    }

    fn event(&self, choices: &Value, usage: Option<Value>) -> Bytes {
        let mut chunk = json!({
            "id": self.id, "object": self.object(false), "created": self.created,
            "model": self.model, "choices": choices,
        });
        if let (Some(usage), Some(chunk)) = (usage, chunk.as_object_mut()) {
            chunk.insert("usage".to_owned(), usage);
        }
        format!("data: {chunk}\n\n").into()
    }

    fn usage(&self) -> Value {
        let completion = self.tokens.len() as u64;
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
        })
    }
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug)]
enum Step {
    Role,
    Token(usize),
    Usage,
    Done,
    End,
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}
