//! A backend of one's own: a model that runs inside this program, here one that answers with the words in reverse.
//!
//! ```sh
//! cargo run --bin provider_custom                                      # checks the backend against the suite
//! SWAN_PROVIDER_KEY=sk-prov-... cargo run --bin provider_custom        # and then serves it
//! ```
//!
//! `SWAN_HUB` names another hub than `ws://127.0.0.1:8081`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{env, process::ExitCode};
use swan_core::protocol::Operation;
use swan_provider::{
    Backend, BackendError, BackendModel, Call, Discovery, Engine, Provider, Reply, conformance,
};

const MODEL: &str = "example/reverser-1b";

#[derive(Debug)]
struct Reverser;

#[async_trait]
impl Backend for Reverser {
    fn label(&self) -> &'static str {
        "the reverser in this program"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        let model = BackendModel::new(MODEL).with_context_length(4096);
        Ok(Discovery::new(Engine::Unknown, vec![model]))
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        if call.operation != Operation::ChatCompletions {
            return Err(BackendError::Unsupported {
                backend: self.label().to_owned(),
                operation: call.operation.to_string(),
            });
        }
        let Some(prompt) = last_prompt(&call.body) else {
            let error = json!({"error": {"message": "no prompt", "type": "invalid_request_error"}});
            return Ok(Reply::json(400, error.to_string()));
        };
        let words: Vec<String> = prompt
            .split_whitespace()
            .rev()
            .map(|w| format!("{w} "))
            .collect();
        let usage = json!({"prompt_tokens": words.len(), "completion_tokens": words.len(),
                           "total_tokens": 2 * words.len()});
        if call.stream {
            return Ok(streamed(words, usage));
        }
        let answer = json!({
            "id": "reversed", "object": "chat.completion", "created": 0, "model": MODEL, "usage": usage,
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": words.concat()}}],
        });
        Ok(Reply::json(200, answer.to_string()))
    }
}

fn last_prompt(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let last = body.get("messages")?.as_array()?.last()?;
    Some(last.get("content")?.as_str()?.to_owned())
}

/// One chunk a word; the work would stop here when the stream is dropped.
fn streamed(words: Vec<String>, usage: Value) -> Reply {
    let chunk = |choices: Value, usage: Value| {
        json!({"id": "reversed", "object": "chat.completion.chunk", "created": 0, "model": MODEL,
               "choices": choices, "usage": usage})
    };
    let mut chunks: Vec<Value> = words
        .into_iter()
        .map(|w| {
            chunk(
                json!([{"index": 0, "delta": {"content": w}, "finish_reason": null}]),
                Value::Null,
            )
        })
        .collect();
    chunks.push(chunk(
        json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
        Value::Null,
    ));
    chunks.push(chunk(json!([]), usage));
    let events = chunks.into_iter().map(|chunk| format!("data: {chunk}\n\n"));
    let events = events.chain(["data: [DONE]\n\n".to_owned()]);
    Reply::events(stream::iter(events).map(|event| Ok(Bytes::from(event))))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if let Err(violation) = conformance::check(&Reverser).await {
        eprintln!("the backend does not conform: {violation}");
        return ExitCode::FAILURE;
    }
    println!("the backend conforms");
    let Ok(key) = env::var("SWAN_PROVIDER_KEY") else {
        println!("set SWAN_PROVIDER_KEY to serve it");
        return ExitCode::SUCCESS;
    };
    let hub = env::var("SWAN_HUB").unwrap_or_else(|_| "ws://127.0.0.1:8081".to_owned());
    let provider = Provider::builder(&hub, &key).with_backend(Reverser).build();
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    let outcome = match provider {
        Ok(provider) => provider.run(stop).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
