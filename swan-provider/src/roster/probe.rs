//! A real completion, the only proof that a model is served.
//!
//! A list of models proves nothing: servers go on listing models that fail each request (public-swan.md 4.1).

use crate::{
    backend::{Backend, Call, Reply},
    models_file::Category,
};
use serde_json::{Value, json};
use std::time::Duration;
use swan_core::protocol::Operation;
use tokio::time;

/// The largest answer to a probe that is read.
const ANSWER_MAX: usize = 1024 * 1024;

/// What a model said to a question of our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) text: String,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
}

/// Lets a model do a little of what it is for; the error is for the operator.
pub(crate) async fn probe(
    backend: &dyn Backend,
    model: &str,
    category: Category,
    limit: Duration,
) -> Result<(), String> {
    match category {
        Category::TextGeneration => ask(backend, model, "Reply with the word OK.", 8, limit)
            .await
            .map(drop),
        Category::Embedding => {
            let body = json!({"model": model, "input": "OK"});
            let answer = run(backend, Operation::Embeddings, model, &body, limit).await?;
            let some = answer
                .get("data")
                .and_then(Value::as_array)
                .is_some_and(|d| !d.is_empty());
            some.then_some(())
                .ok_or_else(|| "its answer holds no embedding".to_owned())
        }
        // A picture or a transcript costs too much for a question every half minute.
        Category::Image | Category::Audio => {
            let listed = time::timeout(limit, backend.discover()).await;
            listed
                .map_err(|_| too_slow(limit))?
                .map(drop)
                .map_err(|e| e.to_string())
        }
    }
}

/// Asks a chat model one question at temperature 0.
pub(crate) async fn ask(
    backend: &dyn Backend,
    model: &str,
    question: &str,
    max_tokens: u32,
    limit: Duration,
) -> Result<Completion, String> {
    let body = json!({
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": false,
    });
    let answer = run(backend, Operation::ChatCompletions, model, &body, limit).await?;
    // Content may be null or empty, as with a model that is still thinking after so few tokens.
    let message = answer
        .pointer("/choices/0/message")
        .ok_or_else(|| "its answer holds no choice".to_owned())?;
    let tokens = |field: &str| answer.pointer(field).and_then(Value::as_u64).unwrap_or(0);
    Ok(Completion {
        text: message
            .get("content")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        tokens_in: tokens("/usage/prompt_tokens"),
        tokens_out: tokens("/usage/completion_tokens"),
    })
}

async fn run(
    backend: &dyn Backend,
    operation: Operation,
    model: &str,
    body: &Value,
    limit: Duration,
) -> Result<Value, String> {
    let call = Call::new(operation, model, body.to_string());
    let answer = async {
        let reply = backend.execute(call).await.map_err(|e| e.to_string())?;
        read(reply).await
    };
    time::timeout(limit, answer)
        .await
        .map_err(|_| too_slow(limit))?
}

async fn read(reply: Reply) -> Result<Value, String> {
    let (status, ok) = (reply.status, reply.is_success());
    let (body, whole) = reply.read(ANSWER_MAX).await.map_err(|e| e.to_string())?;
    if !ok {
        return Err(format!(
            "it answers {status}: {}",
            crate::jobs::error_words(&body)
        ));
    }
    match serde_json::from_slice(&body) {
        Ok(answer) if whole => Ok(answer),
        _ => Err("its answer is not JSON".to_owned()),
    }
}

fn too_slow(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}
