//! What consumers ask, and what the answers may be.

use http::StatusCode;
use memchr::memmem;

use super::verdict::pico;
use crate::Failure;
use crate::market::{EMBEDDER, MODEL};

/// Requests that every hub refuses: path, key (or none for a wrong one), content type, body, status.
pub(super) const NONSENSE: [(&str, bool, &str, &str, u16); 7] = [
    ("/v1/chat/completions", true, "application/json", "{", 400),
    ("/v1/chat/completions", false, "application/json", "{}", 401),
    ("/v1/nothing", true, "application/json", "{}", 404),
    ("/v1/chat/completions", true, "text/plain", "hello", 415),
    (
        "/v1/chat/completions",
        true,
        "application/json",
        r#"{"model":"no-such-model","messages":[{"role":"user","content":"x"}]}"#,
        404,
    ),
    (
        "/v1/chat/completions",
        true,
        "application/json",
        r#"{"model":"Qwen3-8B","messages":[{"role":"user","content":"x"}],"max_tokens":"many"}"#,
        400,
    ),
    (
        "/v1/embeddings",
        true,
        "application/json",
        r#"{"model":"BAAI/bge-large-en-v1.5"}"#,
        400,
    ),
];

pub(crate) fn completion(stream: Option<u64>) -> (&'static str, String) {
    let stream = stream.map_or_else(String::new, |pace| {
        format!(r#","stream":true,"stream_options":{{"include_usage":true}},"pace_ms":{pace}"#)
    });
    let body = format!(
        r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"How far do swans fly?"}}],"max_tokens":128{stream}}}"#
    );
    ("/v1/chat/completions", body)
}

pub(super) fn embedding() -> (&'static str, String) {
    let body = format!(r#"{{"model":"{EMBEDDER}","input":"How far do swans fly?"}}"#);
    ("/v1/embeddings", body)
}

/// On a bad day these are right, with a body that says why.
pub(super) fn may_fail(status: StatusCode, body: &[u8]) -> Result<(), Failure> {
    let right = matches!(status.as_u16(), 429 | 502 | 503 | 504);
    if right && memmem::find(body, b"\"error\"").is_some() {
        return Ok(());
    }
    Err(format!("{status}: {}", String::from_utf8_lossy(body)).into())
}

/// The cost in the usage chunk, which comes last.
pub(crate) fn cost_of(text: &[u8]) -> Option<i128> {
    let mark = b"\"cost\":\"";
    let at = memmem::rfind(text, mark)? + mark.len();
    let rest = text.get(at..)?;
    let end = memchr::memchr(b'"', rest)?;
    pico(std::str::from_utf8(rest.get(..end)?).ok()?)
}
