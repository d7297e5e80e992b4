//! What model servers say and consumers ask, as tests need it again and again.

use super::MODEL;

/// A whole answer with this text and usage.
pub(crate) fn completion(text: &str, prompt: u64, completion: u64) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{}}}}}"#,
        prompt + completion
    )
}

/// The SSE of one chunk with this text.
pub(crate) fn delta(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The SSE that ends a stream without usage.
pub(crate) const STOP: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// The SSE of a usage chunk.
pub(crate) fn usage(prompt: u64, completion: u64) -> String {
    format!(
        "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{}}}}}\n\n",
        prompt + completion
    )
}

/// The SSE that says that nothing follows.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// A request for [`MODEL`] with these further members.
pub(crate) fn ask(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"hi"}}]{comma}{more}}}"#)
}
