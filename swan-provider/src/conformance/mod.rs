//! What any [`Backend`] must do, as a suite that anyone can run against their own.
//!
//! ```
//! # async fn check() -> Result<(), swan_provider::conformance::Violation> {
//! use swan_provider::{EchoBackend, conformance};
//!
//! conformance::check(&EchoBackend::new()).await
//! # }
//! ```
//!
//! It needs at least one chat model that is ready to answer, and runs some twenty small completions. The suite may
//! grow in any release: it is not covered by the promise of a stable interface.

mod requests;
mod stream;

use crate::backend::{Backend, Call};
use futures::{StreamExt, future::join_all};
use requests::Chat;
use serde_json::Value;
use std::time::Duration;
use stream::read_events;
use swan_core::protocol::Operation;
use thiserror::Error;
use tokio::time;

/// For one completion of a small model on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer that the suite reads.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// The first thing that a backend did not do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{rule}: {found}")]
#[non_exhaustive]
pub struct Violation {
    /// What is asked of every backend.
    pub rule: &'static str,
    /// What this one did.
    pub found: String,
}

impl Violation {
    #[expect(clippy::needless_pass_by_value, reason = "handed over by `map_err`")]
    fn new(rule: &'static str, found: impl ToString) -> Self {
        Self {
            rule,
            found: found.to_string(),
        }
    }
}

/// Runs all rules against the first model that the backend lists.
///
/// # Errors
/// The first rule that is broken.
pub async fn check(backend: &dyn Backend) -> Result<(), Violation> {
    let model = lists_models(backend).await?;
    answers_whole(backend, &model).await?;
    streams(backend, &model).await?;
    bears_unknown_fields(backend, &model).await?;
    refuses_what_is_no_request(backend, &model).await?;
    has_no_made_up_operations(backend, &model).await?;
    serves_side_by_side(backend, &model).await?;
    stops_when_dropped(backend, &model).await
}

/// A backend lists at least one model, each with a usable name; the first is returned.
///
/// # Errors
/// When it does not.
pub async fn lists_models(backend: &dyn Backend) -> Result<String, Violation> {
    let rule = "a backend lists its models within seconds";
    let told = time::timeout(Duration::from_secs(20), backend.discover()).await;
    let told = told
        .map_err(|e| Violation::new(rule, e))?
        .map_err(|e| Violation::new(rule, e))?;
    if let Some(bad) = told
        .models
        .iter()
        .find(|m| m.id.is_empty() || m.id.len() > 200)
    {
        return Err(Violation::new(
            "a model's name has 1 to 200 bytes",
            format!("{:?}", bad.id),
        ));
    }
    if backend.label().is_empty() {
        return Err(Violation::new(
            "a backend says what it is",
            "an empty label",
        ));
    }
    let first = told.models.into_iter().next();
    first
        .map(|model| model.id)
        .ok_or_else(|| Violation::new(rule, "no model"))
}

/// A completion that is not streamed is one JSON object with a choice and its usage.
///
/// # Errors
/// When it is not.
pub async fn answers_whole(backend: &dyn Backend, model: &str) -> Result<(), Violation> {
    let rule = "a whole completion is a JSON object with a choice and usage";
    let answer = whole(backend, &Chat::new(model), rule).await?;
    let content = answer
        .pointer("/choices/0/message")
        .is_some_and(Value::is_object);
    let counted = answer
        .pointer("/usage/completion_tokens")
        .is_some_and(Value::is_u64);
    if content && counted {
        Ok(())
    } else {
        Err(Violation::new(rule, answer))
    }
}

/// A stream is server-sent events: chunks, a reason for the end, usage when it was asked for, `[DONE]`.
///
/// # Errors
/// When it is not.
pub async fn streams(backend: &dyn Backend, model: &str) -> Result<(), Violation> {
    let rule = "a stream is made of chunks, ends with a reason, usage if asked for, and [DONE]";
    let chat = Chat::new(model).streamed();
    let reply = start(backend, &chat, rule).await?;
    if reply.status != 200 || !reply.is_event_stream() {
        return Err(Violation::new(rule, format!("{reply:?}")));
    }
    let read = time::timeout(PATIENCE, read_events(reply, ANSWER_MAX)).await;
    let events = read
        .map_err(|e| Violation::new(rule, e))?
        .map_err(|e| Violation::new(rule, e))?;
    let all = |path: &str| {
        events
            .chunks
            .iter()
            .filter_map(|c| c.pointer(path).cloned())
            .collect()
    };
    let reasons: Vec<Value> = all("/choices/0/finish_reason");
    let usages: Vec<Value> = all("/usage/completion_tokens");
    let ended = reasons.iter().any(Value::is_string);
    let counted = usages.iter().any(Value::is_u64);
    if events.done && ended && counted {
        return Ok(());
    }
    let found = format!("done {}, reason {ended}, usage {counted}", events.done);
    Err(Violation::new(rule, found))
}

/// A field that nobody knows does no harm: consumers send more than any server reads.
///
/// # Errors
/// When it does.
pub async fn bears_unknown_fields(backend: &dyn Backend, model: &str) -> Result<(), Violation> {
    let rule = "an unknown field of a request does no harm";
    let chat = Chat::new(model).with("swan_unknown_field", serde_json::json!({"a": [1, null]}));
    whole(backend, &chat, rule).await.map(drop)
}

/// What is no request is refused with a status that says so, and nothing breaks.
///
/// # Errors
/// When it is answered as if it were one, or with no status at all.
pub async fn refuses_what_is_no_request(
    backend: &dyn Backend,
    model: &str,
) -> Result<(), Violation> {
    let rule = "what is no request is refused with a status of 400 or more";
    for body in [
        "",
        "{",
        "[]",
        "\u{0}",
        r#"{"model":7}"#,
        r#"{"messages":"none"}"#,
    ] {
        let call = Call::new(Operation::ChatCompletions, model, body);
        let reply = time::timeout(PATIENCE, backend.execute(call)).await;
        let reply = reply.map_err(|e| Violation::new(rule, e))?;
        match reply {
            Ok(reply) if reply.status >= 400 => {}
            // A backend that reads the body itself may refuse it without an answer.
            Err(error) if error.status() == 400 => {}
            other => return Err(Violation::new(rule, format!("{body:?}: {other:?}"))),
        }
    }
    lists_models(backend).await.map(drop)
}

/// An operation that a backend does not have is not answered with a success.
///
/// # Errors
/// When it is.
pub async fn has_no_made_up_operations(
    backend: &dyn Backend,
    model: &str,
) -> Result<(), Violation> {
    let rule = "an operation that does not exist is refused";
    let made_up = Operation::Other("swan/no-such-operation".into());
    let call = Call::new(made_up, model, "{}");
    match time::timeout(PATIENCE, backend.execute(call)).await {
        Ok(Ok(reply)) if reply.is_success() => Err(Violation::new(rule, format!("{reply:?}"))),
        Ok(_) => Ok(()),
        Err(slow) => Err(Violation::new(rule, slow)),
    }
}

/// Several requests at once are all answered.
///
/// # Errors
/// When one is not.
pub async fn serves_side_by_side(backend: &dyn Backend, model: &str) -> Result<(), Violation> {
    let rule = "four requests at once are all answered";
    let chat = Chat::new(model);
    let answers = join_all((0..4).map(|_| whole(backend, &chat, rule))).await;
    answers.into_iter().try_for_each(|answer| answer.map(drop))
}

/// Dropping a stream, or the call before it answered, stops it and harms nothing that comes later.
///
/// That the model server itself stops cannot be seen from here: an implementation's own tests must show it.
///
/// # Errors
/// When the next request is not answered.
pub async fn stops_when_dropped(backend: &dyn Backend, model: &str) -> Result<(), Violation> {
    let rule = "a backend answers after others were dropped";
    let chat = Chat::new(model).streamed().long();
    for _ in 0..4 {
        let mut reply = start(backend, &chat, rule).await?;
        let first = time::timeout(PATIENCE, reply.body.next()).await;
        if !matches!(first, Ok(Some(Ok(_)))) {
            return Err(Violation::new(rule, "a stream without a first piece"));
        }
        drop(reply);
        let call = backend.execute(chat.call());
        let _ = time::timeout(Duration::from_millis(1), call).await;
    }
    whole(backend, &Chat::new(model), rule).await.map(drop)
}

async fn start(
    backend: &dyn Backend,
    chat: &Chat,
    rule: &'static str,
) -> Result<crate::Reply, Violation> {
    let reply = time::timeout(PATIENCE, backend.execute(chat.call())).await;
    reply
        .map_err(|e| Violation::new(rule, e))?
        .map_err(|e| Violation::new(rule, e))
}

async fn whole(backend: &dyn Backend, chat: &Chat, rule: &'static str) -> Result<Value, Violation> {
    let reply = start(backend, chat, rule).await?;
    let shown = format!("{reply:?}");
    if reply.status != 200 || !reply.is_json() {
        return Err(Violation::new(rule, shown));
    }
    let read = time::timeout(PATIENCE, reply.read(ANSWER_MAX)).await;
    let (body, _) = read
        .map_err(|e| Violation::new(rule, e))?
        .map_err(|e| Violation::new(rule, e))?;
    serde_json::from_slice(&body).map_err(|e| Violation::new(rule, e))
}
