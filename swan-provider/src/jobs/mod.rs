//! One request: from the hub's frame to the model server and back, within its limits.

mod pipe;
mod tail;

pub(crate) use pipe::{Inlet, Outlet, pipe};
pub(crate) use tail::Tail;

use crate::{
    backend::{BackendError, Call, Reply, RequestBody},
    roster::{Replica, Slot},
    signing::Witness,
};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use swan_core::openai::{RequestHead, Rewrite};
use swan_core::protocol::{Dialect, Failure, Operation, Request, StreamEnd};
use swan_core::receipt::SignedStatement;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{self, Instant},
};

/// Bounds of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobLimits {
    /// For a whole answer when the hub sets no deadline (DESIGN section 11).
    pub(crate) whole: Duration,
    /// For a streamed answer when the hub sets no deadline.
    pub(crate) streamed: Duration,
    /// Between two pieces of an answer, while the hub takes them.
    pub(crate) idle: Duration,
    /// Of one answer; a model server that never ends must not run for ever.
    pub(crate) answer_bytes: u64,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            whole: Duration::from_secs(600),
            streamed: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            answer_bytes: 64 * 1024 * 1024,
        }
    }
}

/// How much of an error page of a model server is read.
const ERROR_MAX: usize = 16 * 1024;

/// What a job hands to the connection, through a [`pipe()`].
#[derive(Debug)]
pub(crate) enum Output {
    Head {
        status: u16,
        content_type: Option<String>,
        retry_after: Option<Duration>,
    },
    Body(Bytes),
    Finish(StreamEnd, Option<Box<SignedStatement>>),
    Fail(Failure),
}

/// The places that a request takes here. They are free as soon as its job ends or the hub takes it back, whichever is
/// first: a job that is stopped lets go only in its own time, and the hub's next request may come right behind the cancel.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Mutex<Option<(Slot, OwnedSemaphorePermit)>>>);

impl Places {
    pub(crate) fn new(slot: Slot, total: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Mutex::new(Some((slot, total)))))
    }

    pub(crate) fn free(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// One request on its way; dropping it stops the model server.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) call: Call,
    pub(crate) replica: Arc<Replica>,
    pub(crate) places: Places,
    pub(crate) deadline: Instant,
    pub(crate) limits: JobLimits,
    /// Whether the hub wants the token counts apart from the stream (v1).
    pub(crate) wants_tokens: bool,
    /// There where the hub wants a statement about the answer.
    pub(crate) witness: Option<Box<Witness>>,
    pub(crate) outputs: Inlet,
    pub(crate) nudge: mpsc::Sender<()>,
}

/// The other side has gone: nobody wants the rest.
struct Unwanted;

impl Job {
    /// Runs the request to its end.
    pub(crate) async fn run(mut self) {
        let outcome = match time::timeout_at(self.deadline, self.serve()).await {
            Ok(outcome) => outcome,
            Err(_) => Ok(Output::Fail(Failure::provider(
                504,
                "the request took too long",
            ))),
        };
        // Places are free again before the hub hears of it and sends the next request.
        self.places.free();
        if let Ok(last) = outcome {
            let _ = self.outputs.send(last).await;
        }
    }

    async fn serve(&mut self) -> Result<Output, Unwanted> {
        let reply = match self.replica.backend().execute(self.call.clone()).await {
            Ok(reply) => reply,
            Err(error) => {
                self.on_backend_error(&error);
                return Ok(failed(&error));
            }
        };
        if !reply.is_success() {
            return self.pass_refusal(reply).await;
        }
        if let Some(wrong) = unusable(&self.call, &reply) {
            return Ok(Output::Fail(Failure::provider(502, wrong)));
        }
        self.relay(reply).await
    }

    async fn relay(&mut self, mut reply: Reply) -> Result<Output, Unwanted> {
        let content_type = reply.content_type.take();
        self.send(Output::Head {
            status: reply.status,
            content_type,
            retry_after: None,
        })
        .await?;
        let mut sent = 0_u64;
        let mut tail = self.wants_tokens.then(Tail::default);
        loop {
            let piece = match time::timeout(self.limits.idle, reply.body.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => {
                    self.on_backend_error(&error);
                    return Ok(failed(&error));
                }
                Ok(None) if sent == 0 => {
                    return Ok(fail(502, "the model server answered without a word"));
                }
                Ok(None) => break,
                Err(_) => return Ok(fail(504, "the model server went silent")),
            };
            sent = sent.saturating_add(piece.len() as u64);
            if sent > self.limits.answer_bytes {
                return Ok(fail(502, "the model server's answer is too long"));
            }
            if let Some(tail) = &mut tail {
                tail.push(&piece);
            }
            if !piece.is_empty() {
                if let Some(witness) = &mut self.witness {
                    witness.saw(&piece);
                }
                self.send(Output::Body(piece)).await?;
            }
        }
        if self.replica.on_success() {
            let _ = self.nudge.try_send(());
        }
        let end = tail.map(|tail| tail.usage()).unwrap_or_default();
        let signed = self.witness.take().map(|witness| Box::new(witness.sign()));
        Ok(Output::Finish(end, signed))
    }

    /// A refusal that is about the request goes to the hub as it is; anything else would mislead the consumer.
    async fn pass_refusal(&self, reply: Reply) -> Result<Output, Unwanted> {
        let (status, is_json) = (reply.status, reply.is_json());
        let (content_type, retry_after) = (reply.content_type.clone(), reply.retry_after);
        let body = reply
            .read(ERROR_MAX)
            .await
            .map(|(body, _)| body)
            .unwrap_or_default();
        match status {
            // The consumer's key is not at fault when the model server refuses this provider's.
            401 | 403 => Ok(fail(
                502,
                "the model server refuses this provider's api_key",
            )),
            400..=599 if is_json && serde_json::from_slice::<Value>(&body).is_ok() => {
                self.send(Output::Head {
                    status,
                    content_type,
                    retry_after,
                })
                .await?;
                self.send(Output::Body(body)).await?;
                Ok(Output::Finish(StreamEnd::default(), None))
            }
            400..=599 => {
                let failure = Failure::provider(status, error_words(&body));
                Ok(Output::Fail(failure.with_retry_after(retry_after)))
            }
            _ => Ok(Output::Fail(Failure::provider(
                502,
                format!("the model server answers {status}"),
            ))),
        }
    }

    async fn send(&self, output: Output) -> Result<(), Unwanted> {
        self.outputs.send(output).await.map_err(|_| Unwanted)
    }

    /// A connection that cannot be made or breaks says something about the model's health, and at once.
    fn on_backend_error(&self, error: &BackendError) {
        if error.is_backend_fault() {
            self.replica.on_failure();
            let _ = self.nudge.try_send(());
        }
    }
}

/// Prepares what the model server gets: its own name of the model, and the rest as it came.
pub(crate) fn call(
    request: &Request,
    local_model: &str,
    dialect: Dialect,
) -> Result<Call, BackendError> {
    let mut body = request.body.clone();
    let content_type = (!request.content_type.is_empty()).then(|| request.content_type.clone());
    let json = content_type
        .as_deref()
        .is_none_or(|kind| kind.contains("json"));
    if json {
        let mut fields = RequestBody::parse(&request.body)?;
        let mut changed = false;
        if fields.string("model").as_deref() != Some(local_model) {
            fields.set("model", Value::from(local_model).to_string());
            changed = true;
        }
        let chats = matches!(
            request.operation,
            Operation::ChatCompletions | Operation::Completions
        );
        if chats && (fields.get("stream") == Some("true")) != request.streaming {
            fields.set("stream", request.streaming.to_string());
            changed = true;
        }
        // A v2 hub asks for usage itself; a hub of the public network counts on its agent to do so.
        if chats && request.streaming && dialect == Dialect::V1 {
            fields.ask_for_usage();
            changed = true;
        }
        if changed {
            body = fields.to_bytes();
        }
    } else if let Some(kind) = &content_type {
        body = form_for(&request.body, kind, local_model);
    }
    let call = Call::new(request.operation.clone(), local_model, body);
    Ok(call
        .with_stream(request.streaming)
        .with_content_type(content_type))
}

/// A form that names the model as its server does; what is no such form is left to the server to refuse.
fn form_for(body: &Bytes, content_type: &str, model: &str) -> Bytes {
    match RequestHead::form(content_type, body) {
        Ok(head) if head.model != model => {
            let rewrite = Rewrite::new().with_model(model);
            rewrite.apply(body, &head).concat().into()
        }
        _ => body.clone(),
    }
}

/// When to give up: the hub's deadline where it said one, ours otherwise, and never later than a day.
pub(crate) fn deadline(request: &Request, limits: JobLimits) -> Instant {
    let ours = if request.streaming {
        limits.streamed
    } else {
        limits.whole
    };
    let limit = request.deadline_ms.map_or(ours, Duration::from_millis);
    Instant::now() + limit.min(Duration::from_secs(86_400))
}

fn fail(status: u16, message: &str) -> Output {
    Output::Fail(Failure::provider(status, message))
}

fn failed(error: &BackendError) -> Output {
    Output::Fail(Failure::provider(error.status(), error.to_string()))
}

/// What an error page says, in whichever of the usual shapes.
pub(crate) fn error_words(body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let found = ["/error/message", "/message", "/error", "/detail"]
        .iter()
        .find_map(|path| parsed.pointer(path)?.as_str().map(str::to_owned));
    let words = found.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    let shown: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(500)
        .collect();
    match shown.is_empty() || shown.starts_with('<') {
        true => "the model server gives no reason".to_owned(),
        false => shown,
    }
}

/// A success that cannot be one: a login page, a plain text.
fn unusable(call: &Call, reply: &Reply) -> Option<String> {
    let wants_json = matches!(
        call.operation,
        Operation::ChatCompletions
            | Operation::Completions
            | Operation::Embeddings
            | Operation::ImagesGenerations
    );
    let fits = reply.is_json() || (call.stream && reply.is_event_stream());
    if !wants_json || fits || reply.content_type.is_none() {
        return None;
    }
    let kind: String = reply
        .content_type
        .iter()
        .flat_map(|kind| kind.chars())
        .take(80)
        .collect();
    Some(format!(
        "the model server answers with {kind}, which is no completion"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_the_model_as_the_model_server_does() {
        let form = |model: &str| {
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--x\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n--x--\r\n"
            )
        };
        for (sent, expected) in [
            (form("openai/whisper-large-v3"), form("whisper-1")),
            (form("whisper-1"), form("whisper-1")),
            // What is no form is left to the model server to refuse.
            ("RIFF".to_owned(), "RIFF".to_owned()),
        ] {
            let kind = "multipart/form-data; boundary=x";
            assert_eq!(form_for(&Bytes::from(sent), kind, "whisper-1"), expected);
        }
    }
}
