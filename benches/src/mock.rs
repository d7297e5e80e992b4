//! A model server that answers at once: a 500-byte completion, a stream of 20 chunks of 150 bytes, or an embedding of 1,024
//! numbers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use memchr::memmem;

use crate::{Failure, Listener};

const COMPLETION_BYTES: usize = 500;
const CHUNK_BYTES: usize = 150;
const CHUNKS: usize = 20;
const DIMENSIONS: usize = 1024;

/// What the mock answers with.
#[derive(Debug, Clone, clap::Args)]
#[non_exhaustive]
pub struct MockArgs {
    /// The model it claims to serve.
    #[arg(long, default_value = "Qwen3-8B")]
    pub model: String,
    /// The model whose embeddings it claims to give.
    #[arg(long, default_value = "BAAI/bge-large-en-v1.5")]
    pub embedding_model: String,
}

#[derive(Debug)]
struct Answers {
    models: Bytes,
    completion: Bytes,
    embedding: Bytes,
    chunks: Vec<Bytes>,
    usage: Bytes,
    done: Bytes,
}

/// Serves until the socket fails.
///
/// # Errors
/// When the socket cannot accept any more.
pub async fn serve_mock(listener: Listener, args: MockArgs) -> Result<(), Failure> {
    let answers = Arc::new(Answers::new(&args));
    listener
        .serve(move |request| answer(Arc::clone(&answers), request))
        .await
}

type MockBody = UnsyncBoxBody<Bytes, Infallible>;

async fn answer(answers: Arc<Answers>, request: Request<Incoming>) -> Response<MockBody> {
    let path = (
        request.method() == Method::POST,
        request.uri().path().to_owned(),
    );
    let Ok(body) = request.into_body().collect().await else {
        return whole(StatusCode::BAD_REQUEST, Bytes::from_static(b"{}"));
    };
    let body = body.to_bytes();
    match (path.0, path.1.as_str()) {
        (true, "/v1/chat/completions") if asks(&body, b"\"stream\"") => streamed(answers, &body),
        (true, "/v1/chat/completions") => whole(StatusCode::OK, answers.completion.clone()),
        (true, "/v1/embeddings") => whole(StatusCode::OK, answers.embedding.clone()),
        (false, "/v1/models") => whole(StatusCode::OK, answers.models.clone()),
        (false, "/health") => whole(StatusCode::OK, Bytes::from_static(b"{\"status\":\"ok\"}")),
        _ => whole(
            StatusCode::NOT_FOUND,
            Bytes::from_static(b"{\"error\":{\"message\":\"no such route\",\"code\":404}}"),
        ),
    }
}

/// What follows a field's name and colon; a real parser here would only add to what is not measured.
fn value<'a>(body: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(body, field)?;
    let rest = body
        .get(at + field.len()..)?
        .trim_ascii_start()
        .strip_prefix(b":")?;
    Some(rest.trim_ascii_start())
}

fn asks(body: &[u8], field: &[u8]) -> bool {
    value(body, field).is_some_and(|value| value.starts_with(b"true"))
}

/// Milliseconds between the chunks; at 0 each chunk is written on its own, as fast as the socket takes it.
fn pace(body: &[u8]) -> Duration {
    let digits = value(body, b"\"pace_ms\"").unwrap_or_default();
    let millis = digits.iter().take_while(|byte| byte.is_ascii_digit());
    Duration::from_millis(millis.fold(0, |sum, digit| {
        (sum * 10 + u64::from(digit - b'0')) % 100_000
    }))
}

fn whole(status: StatusCode, body: Bytes) -> Response<MockBody> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

fn streamed(answers: Arc<Answers>, body: &[u8]) -> Response<MockBody> {
    let usage = asks(body, b"\"include_usage\"");
    let body = StreamBody::new(frames(answers, usage, pace(body))).boxed_unsync();
    let mut response = Response::new(body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/event-stream"),
    );
    response
}

fn frames(
    answers: Arc<Answers>,
    usage: bool,
    pace: Duration,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    stream::unfold(0_usize, move |index| {
        let answers = Arc::clone(&answers);
        async move {
            let chunk = match index.checked_sub(answers.chunks.len()) {
                None => answers.chunks.get(index)?.clone(),
                Some(0) if usage => answers.usage.clone(),
                Some(0) => answers.done.clone(),
                Some(1) if usage => answers.done.clone(),
                Some(_) => return None,
            };
            if index > 0 && index < answers.chunks.len() {
                if pace.is_zero() {
                    // The server flushes when the body is not ready: each chunk is a write of its own, as a real model's are.
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(pace).await;
                }
            }
            Some((Ok(Frame::data(chunk)), index + 1))
        }
    })
}

impl Answers {
    fn new(args: &MockArgs) -> Self {
        let model = &args.model;
        let head =
            r#"{"id":"chatcmpl-mock","object":"chat.completion","created":1700000000,"model":"#;
        let tail = r#"},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":60,"total_tokens":84}}"#;
        let completion = padded(
            &format!(
                r#"{head}"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":""#
            ),
            &format!("\"{tail}"),
            COMPLETION_BYTES,
        );
        let chunk = |finish: &str| {
            let head = format!(
                r#"data: {{"id":"c","object":"chat.completion.chunk","model":"{model}","choices":[{{"index":0,"delta":{{"content":""#
            );
            Bytes::from(padded(
                &head,
                &format!("\"}},\"finish_reason\":{finish}}}]}}\n\n"),
                CHUNK_BYTES,
            ))
        };
        let mut chunks = vec![chunk("null"); CHUNKS - 1];
        chunks.push(chunk("\"stop\""));
        let usage = format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"{model}\",\"choices\":[],\"usage\":{{\"prompt_tokens\":24,\"completion_tokens\":{CHUNKS},\"total_tokens\":44}}}}\n\n"
        );
        let embedder = &args.embedding_model;
        Self {
            models: Bytes::from(format!(
                r#"{{"object":"list","data":[{{"id":"{model}","object":"model","created":1700000000,"owned_by":"mock"}},{{"id":"{embedder}","object":"model","created":1700000000,"owned_by":"mock"}}]}}"#
            )),
            embedding: Bytes::from(embedding(embedder)),
            completion: Bytes::from(completion),
            chunks,
            usage: Bytes::from(usage),
            done: Bytes::from_static(b"data: [DONE]\n\n"),
        }
    }
}

/// An answer with as many numbers as the model has dimensions.
fn embedding(model: &str) -> String {
    let numbers: Vec<String> = (0..DIMENSIONS)
        .map(|at| format!("-0.0{:06}", at * 7919 % 1_000_000))
        .collect();
    format!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{}]}}],"model":"{model}","usage":{{"prompt_tokens":14,"total_tokens":14}}}}"#,
        numbers.join(",")
    )
}

/// `head`, as many letters as it takes, `tail`: `size` bytes, or more when the ends alone are longer.
fn padded(head: &str, tail: &str, size: usize) -> String {
    let room = size.saturating_sub(head.len() + tail.len());
    let words = "swan ".chars().cycle().take(room).collect::<String>();
    format!("{head}{words}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers::new(&MockArgs {
            model: "Qwen3-8B".to_owned(),
            embedding_model: "BAAI/bge-large-en-v1.5".to_owned(),
        })
    }

    #[test]
    fn answers_have_the_sizes_that_the_figures_are_quoted_for() {
        let answers = answers();
        assert_eq!(answers.completion.len(), COMPLETION_BYTES);
        assert!(
            answers
                .chunks
                .iter()
                .all(|chunk| chunk.len() == CHUNK_BYTES),
            "{:?}",
            answers.chunks.last()
        );
        assert_eq!(answers.chunks.len(), CHUNKS);
    }

    #[test]
    fn every_answer_is_json() {
        let answers = answers();
        for body in [&answers.completion, &answers.models, &answers.embedding] {
            serde_json::from_slice::<serde_json::Value>(body).unwrap();
        }
        for event in answers.chunks.iter().chain([&answers.usage]) {
            serde_json::from_slice::<serde_json::Value>(event.strip_prefix(b"data: ").unwrap())
                .unwrap();
        }
    }

    #[test]
    fn a_field_is_found_with_and_without_spaces() {
        assert!(asks(br#"{"stream" : true}"#, b"\"stream\""));
        assert!(asks(br#"{"stream":true}"#, b"\"stream\""));
        assert!(!asks(br#"{"stream":false}"#, b"\"stream\""));
        assert!(!asks(br#"{"stream"}"#, b"\"stream\""));
        assert_eq!(
            pace(br#"{"pace_ms": 20,"stream":true}"#),
            Duration::from_millis(20)
        );
        assert_eq!(pace(br#"{"stream":true}"#), Duration::ZERO);
    }
}
