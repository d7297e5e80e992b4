//! What the echo reads of a chat request.

use serde::Deserialize;
use serde_json::Value;

/// The fields that matter to the echo; all others are ignored, as a model server ignores what it does not know.
#[derive(Debug)]
pub(super) struct Prompt {
    /// The text of the last message of the user.
    pub(super) text: String,
    /// One per started group of four bytes over all messages.
    pub(super) tokens: u64,
    pub(super) max_tokens: Option<u64>,
    pub(super) stop: Vec<String>,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// Of a text completion: what the answer begins with, which is the prompt where `echo` asks for it.
    pub(super) text_completion: Option<String>,
}

#[derive(Deserialize)]
struct CompletionWire {
    prompt: Value,
    max_tokens: Option<u64>,
    stop: Option<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    n: Option<u64>,
    best_of: Option<u64>,
    echo: Option<bool>,
}

#[derive(Deserialize)]
struct Wire {
    messages: Vec<Message>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    stop: Option<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    n: Option<u64>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Prompt {
    /// Reads a request; the error is what a consumer is told.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        if wire.n.is_some_and(|n| n != 1) {
            return Err("n: the echo model gives exactly one answer".to_owned());
        }
        let texts: Vec<_> = wire
            .messages
            .iter()
            .map(|message| (message.role.as_str(), text_of(message.content.as_ref())))
            .collect();
        let Some((_, last)) = texts.iter().rev().find(|(role, _)| *role == "user") else {
            return Err("messages: at least one message of the role user is needed".to_owned());
        };
        let bytes = texts.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
        Ok(Self {
            text: last.clone(),
            tokens: bytes.div_ceil(4).max(1),
            max_tokens: wire.max_completion_tokens.or(wire.max_tokens),
            stop: stops(wire.stop)?,
            stream: wire.stream == Some(true),
            include_usage: wire.stream_options.and_then(|o| o.include_usage) == Some(true),
            text_completion: None,
        })
    }

    /// Reads a text completion.
    pub(super) fn parse_completion(body: &[u8]) -> Result<Self, String> {
        let wire: CompletionWire = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        if wire.n.max(wire.best_of).is_some_and(|n| n != 1) {
            return Err("n: the echo model gives exactly one answer".to_owned());
        }
        let text = match &wire.prompt {
            Value::String(text) => text.clone(),
            Value::Array(texts) => match texts.as_slice() {
                [Value::String(text)] => text.clone(),
                _ => return Err("prompt: the echo model takes one text".to_owned()),
            },
            _ => return Err("prompt: the echo model takes one text".to_owned()),
        };
        let echoed = if wire.echo == Some(true) {
            text.clone()
        } else {
            String::new()
        };
        Ok(Self {
            tokens: (text.len() as u64).div_ceil(4).max(1),
            text,
            max_tokens: wire.max_tokens.or(Some(16)),
            stop: stops(wire.stop)?,
            stream: wire.stream == Some(true),
            include_usage: wire.stream_options.and_then(|o| o.include_usage) == Some(true),
            text_completion: Some(echoed),
        })
    }
}

/// A content is a string, or a list of parts of which the textual ones count.
fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn stops(stop: Option<Value>) -> Result<Vec<String>, String> {
    let stops = match stop {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![one],
        Some(list) => serde_json::from_value(list).map_err(|e| format!("stop: {e}"))?,
    };
    Ok(stops.into_iter().filter(|stop| !stop.is_empty()).collect())
}
