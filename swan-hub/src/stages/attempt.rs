//! Tries providers until one has begun to answer. The status and the first content are waited for here, before the
//! consumer has seen anything, so that a provider that fails, even inside a 200, costs the consumer nothing but time.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use swan_core::ModelId;
use swan_core::health::Blame;
use swan_core::openai::{ErrorBody, Rewrite};
use swan_core::protocol::Piece;
use tokio::time::Instant;

use super::RequestError;
use super::failures::Failures;
use super::parse::Asked;
use super::route::{RouteError, Router};
use super::settle::Bill;
use super::start::{Start, StartError};
use super::tally::Tally;
use super::whole::Whole;
use crate::hub::Shared;
use crate::providers::{AttemptError, Job, Reply, Slot};

/// Why no provider gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AttemptsFailed {
    /// The model server says that the request is at fault; nobody else would take it either.
    #[error("{}", .error.message)]
    Refused { status: u16, error: Box<ErrorBody> },
    #[error("no provider could answer ({attempts} tried): {reason}")]
    Provider { attempts: u32, reason: String },
    /// The last one had no place for the request, whatever the hub had counted.
    #[error("no provider has a place for this request at the moment ({attempts} tried)")]
    Busy { attempts: u32 },
    #[error("no provider answered in time")]
    Deadline,
    #[error("the provider failed, and fallbacks are not allowed: {reason}")]
    NoFallback { reason: String },
    #[error("the request is larger than any provider online accepts: {limit} bytes")]
    TooLarge { limit: usize },
    /// An answer broke after its beginning had gone out.
    #[error("the provider failed in the middle of its answer: {reason}")]
    Broken { reason: String },
    /// The hub ended an answer whose beginning had gone out.
    #[error("the answer was cut off: {reason}")]
    CutOff { reason: String },
    /// A stream went on beyond what it was quoted for.
    #[error(
        "the answer is longer than the {tokens} tokens that were set aside for it; ask for more with max_tokens"
    )]
    UsedUp { tokens: u64 },
}

impl AttemptsFailed {
    /// What ended an answer whose beginning had gone out.
    pub(super) fn mid_answer(error: &AttemptError) -> Self {
        let reason = error.to_string();
        match error {
            AttemptError::TooLong | AttemptError::Overflow { .. } => Self::CutOff { reason },
            _ => Self::Broken { reason },
        }
    }
}

/// A provider that has begun to answer.
#[derive(Debug)]
pub(crate) struct Won {
    pub(crate) answer: Answered,
    pub(crate) fallback: Option<super::route::FallbackReason>,
}

/// What it has answered so far.
#[derive(Debug)]
pub(crate) enum Answered {
    /// The whole body, which is JSON.
    Whole(Whole),
    /// The beginning of a stream, up to its first content.
    Stream(Box<Begun>),
}

/// A stream that has shown its first content.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) reply: Reply,
    pub(crate) start: Start,
    /// When the whole answer must be over.
    pub(crate) deadline: Instant,
}

/// Tries until an answer has begun. The slot of the winner is left in the bill.
pub(crate) async fn attempt(
    hub: &Arc<Shared>,
    request: &Asked,
    model: &ModelId,
    bill: &mut Bill,
    deadline: Instant,
) -> Result<Won, RequestError> {
    let mut router = Router::new(hub, model, request, bill.per_choice());
    let mut failures = Failures::default();
    let mut last = None;
    let mut number = 0;
    loop {
        let slot = next(hub, &mut router, number, last.is_none());
        bill.traced(router.take_trace());
        let Some(slot) = slot? else { break };
        let job = job(hub, request, &slot, bill, bill.attempts(), deadline);
        bill.attempt(slot);
        number += 1;
        match try_one(hub, request, bill, job).await {
            Ok(answer) => {
                failures.served();
                let fallback = router.fallback;
                return Ok(Won { answer, fallback });
            }
            Err(error) => {
                // Not the error's words: a model server may quote the prompt in them.
                let (ending, status) = (error.ending(), error.status());
                let blame = ending.verdict().blame;
                tracing::debug!(request = %bill.request(), number, ?blame, status, "an attempt failed");
                failures.add(ending, bill);
                let is_over = !error.is_retryable() || Instant::now() >= deadline;
                last = Some(error);
                if is_over {
                    break;
                }
                router.failed();
            }
        }
    }
    let error = last.unwrap_or(AttemptError::Deadline);
    Err(failed(error, number, request).into())
}

/// Who is tried next: providers as often as the limits say, then an endpoint of the hub; `None` when nobody is left to try.
fn next(
    hub: &Shared,
    router: &mut Router<'_>,
    number: u32,
    is_first: bool,
) -> Result<Option<Slot>, RouteError> {
    if number == 0 || router.may_retry() && number <= hub.limits.further_attempts {
        return match router.next() {
            Ok(slot) => Ok(Some(slot)),
            Err(error) if is_first => Err(error),
            Err(_) => Ok(None),
        };
    }
    let is_last = number == hub.limits.further_attempts.saturating_add(1);
    Ok(if router.may_retry() && is_last {
        router.last_resort()
    } else {
        None
    })
}

async fn try_one(
    hub: &Shared,
    request: &Asked,
    bill: &mut Bill,
    job: Job,
) -> Result<Answered, AttemptError> {
    if !request.is_stream() {
        return whole(request, bill, job, hub.limits.reply_bytes).await;
    }
    stream(request, bill, job).await
}

fn job(
    hub: &Shared,
    request: &Asked,
    slot: &Slot,
    bill: &Bill,
    attempt: u32,
    deadline: Instant,
) -> Job {
    let mut rewrite = Rewrite::new()
        .with_model(slot.upstream())
        .with_include_usage()
        .without_market_fields();
    if let Some(limit) = request.limit_to_send(bill.per_choice()) {
        rewrite = rewrite.with_max_tokens(limit);
    }
    Job {
        request: bill.request(),
        attempt,
        operation: request.operation.clone(),
        streaming: request.is_stream(),
        content_type: request.content_type.clone(),
        body: rewrite.apply(&request.body, &request.head),
        deadline,
        content_by: request
            .is_stream()
            .then(|| Instant::now() + hub.limits.idle),
        idle: hub.limits.idle,
    }
}

/// One attempt at a whole answer.
async fn whole(
    request: &Asked,
    bill: &mut Bill,
    job: Job,
    limit: usize,
) -> Result<Answered, AttemptError> {
    let mut reply = bill.slot()?.dispatch(job)?;
    bill.head(reply.head().await?.status);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = reply.next().await {
        let (Piece::Raw(bytes) | Piece::Event(bytes)) = piece?;
        if first.len() + rest.len() + bytes.len() > limit {
            return Err(bad_gateway(format!(
                "its answer is larger than {limit} bytes"
            )));
        }
        if first.is_empty() && rest.is_empty() {
            first = bytes;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&bytes);
    }
    let body = if rest.is_empty() {
        first
    } else {
        rest.freeze()
    };
    let whole = Whole::read(&request.head.asks, body).map_err(bad_gateway)?;
    bill.chosen();
    Ok(Answered::Whole(whole))
}

/// One attempt at a stream, up to its first content.
async fn stream(request: &Asked, bill: &mut Bill, job: Job) -> Result<Answered, AttemptError> {
    let deadline = job.deadline;
    let mut reply = bill.slot()?.dispatch(job)?;
    let head = reply.head().await?;
    bill.head(head.status);
    let sse = head.content_type.as_ref().is_none_or(|value| {
        value
            .as_bytes()
            .get(..17)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream"))
    });
    if !sse {
        return Err(bad_gateway(
            "it answered a stream with something that is no event stream".into(),
        ));
    }
    let mut start = Start::new(Tally::new(&request.operation, request.head.include_usage));
    loop {
        match start.advance() {
            Ok(true) => break,
            Ok(false) => {}
            Err(StartError(reason)) => return Err(bad_gateway(reason)),
        }
        match reply.next().await {
            Some(piece) => start.push(piece?),
            None => {
                if let Err(StartError(reason)) = start.end() {
                    return Err(bad_gateway(reason));
                }
                break;
            }
        }
    }
    reply.content_shown();
    bill.chosen();
    Ok(Answered::Stream(Box::new(Begun {
        reply,
        start,
        deadline,
    })))
}

/// A failure that the hub found in the provider's answer.
fn bad_gateway(message: String) -> AttemptError {
    AttemptError::Provider {
        status: StatusCode::BAD_GATEWAY.as_u16(),
        message,
        body: Bytes::new(),
    }
}

/// What the consumer is told about the attempt that was the last one.
fn failed(error: AttemptError, attempts: u32, request: &Asked) -> AttemptsFailed {
    match error {
        AttemptError::Provider {
            status,
            ref message,
            ref body,
        } if error.ending().verdict().blame == Some(Blame::Consumer) => {
            let mut error = Box::new(ErrorBody::read(body));
            if error.message.is_empty() {
                error.message = message.clone();
            }
            AttemptsFailed::Refused { status, error }
        }
        AttemptError::TooLarge { limit, .. } => AttemptsFailed::TooLarge { limit },
        AttemptError::Deadline | AttemptError::Idle if request.allow_fallbacks => {
            AttemptsFailed::Deadline
        }
        other if !request.allow_fallbacks => AttemptsFailed::NoFallback {
            reason: other.to_string(),
        },
        AttemptError::Busy | AttemptError::Provider { status: 429, .. } => {
            AttemptsFailed::Busy { attempts }
        }
        other => AttemptsFailed::Provider {
            attempts,
            reason: other.to_string(),
        },
    }
}
