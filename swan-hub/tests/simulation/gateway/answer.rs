//! What model servers say, in pieces.

use std::collections::VecDeque;

use bytes::Bytes;
use swan_core::protocol::{Request, StreamEnd};

use super::provider::{Act, Script};

/// What every answer is made of, with the space after it.
pub(crate) const WORD: &str = "words ";

const PROMPT_TOKENS: i128 = 7;
const WORDS: u64 = 4;
/// What a plain answer costs: $0.01 for a million tokens in, $0.03 out.
pub(super) const PRICE: i128 = PROMPT_TOKENS * 10_000 + WORDS as i128 * 30_000;

/// Answers everybody in four words, and says so.
pub(super) struct Plain;

impl Script for Plain {
    fn answer(&self, request: &Request) -> (usize, VecDeque<Act>) {
        let usage = usage(PROMPT_TOKENS, WORDS.into());
        let acts = match request.streaming {
            true => streamed(WORDS, Some(&usage)).collect(),
            false => VecDeque::from(whole(WORDS, Some(&usage))),
        };
        (0, acts)
    }
}

/// A usage object.
pub(crate) fn usage(prompt: i128, completion: i128) -> String {
    let total = prompt + completion;
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total}}}"#
    )
}

/// An answer that is no stream.
pub(crate) fn whole(words: u64, usage: Option<&str>) -> [Act; 3] {
    let content = WORD.repeat(usize::try_from(words).unwrap());
    let usage = usage.map_or_else(String::new, |usage| format!(",\"usage\":{usage}"));
    let body = format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}"}},"finish_reason":"stop"}}]{usage}}}"#
    );
    [
        Act::Head(200, "application/json"),
        Act::Body(body.into(), words),
        Act::Finish(StreamEnd::default()),
    ]
}

/// A stream, word by word.
pub(crate) fn streamed(words: u64, usage: Option<&str>) -> impl Iterator<Item = Act> + use<> {
    let head = Act::Head(200, "text/event-stream");
    let said = (0..words).map(|_| word());
    let stop = Act::Body(Bytes::from_static(STOP.as_bytes()), 0);
    let last = match usage {
        Some(usage) => format!("{CHUNK}[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n").into(),
        None => Bytes::from_static(b"data: [DONE]\n\n"),
    };
    let last = [stop, Act::Body(last, 0), Act::Finish(StreamEnd::default())];
    std::iter::once(head).chain(said).chain(last)
}

/// One word of a stream.
pub(crate) const fn word() -> Act {
    Act::Body(Bytes::from_static(SAID.as_bytes()), 1)
}

const CHUNK: &str =
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":"#;
const SAID: &str = concat!(
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":"#,
    r#"[{"index":0,"delta":{"content":"words "},"finish_reason":null}]}"#,
    "\n\n"
);
const STOP: &str = concat!(
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":"#,
    r#"[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n"
);
