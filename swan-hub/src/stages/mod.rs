//! A request's way through the hub, one file a stage:
//!
//! ```text
//! authenticate -> admit -> parse -> quote -> hold -> route -> attempt* -> relay -> settle -> record
//! ```
//!
//! [`settle::Bill`] goes along and owns what must be given back, so that a request may be dropped at any point.

mod admit;
mod ask;
mod attempt;
mod authenticate;
mod budget;
mod delivered;
mod error;
mod failures;
mod first_tokens;
mod funds;
mod gate;
mod hedge;
mod hold;
mod line_up;
mod live;
mod models;
mod parse;
mod quote;
mod quoted;
mod receipt;
mod record;
mod relay;
mod route;
mod settle;
mod slices;
mod start;
mod streams;
mod tally;
#[cfg(test)]
mod tests;
mod texts;
mod unanswered;
mod wait;
mod whole;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use swan_core::protocol::Operation;
use swan_core::{Currency, ModelId, ProviderId, RequestId};
use tokio::time::Instant;

pub(crate) use admit::AdmitError;
use ask::Answered;
pub(crate) use ask::Begun;
pub(crate) use attempt::{Attempted, Attempting, Attempts, Won};
pub(crate) use authenticate::bearer;
pub use authenticate::{AuthenticateError, Authenticator, Consumer};
pub(crate) use budget::Spare;
pub(crate) use error::RequestError;
pub(crate) use gate::Gate;
pub(crate) use hold::HoldFailed;
pub(crate) use parse::{Asked, BodyKind, ParseError, check_steering};
pub(crate) use quote::QuoteError;
pub(crate) use quoted::Quoted;
pub(crate) use relay::Relay;
pub(crate) use route::{FallbackReason, RouteError};
pub(crate) use settle::Bill;
pub(crate) use streams::{Streams, watch as watch_streams};
pub(crate) use unanswered::AttemptsFailed;
use whole::{JSON, Whole};

use crate::admission::{Access, FreeLeft};
use crate::hub::Shared;
use crate::providers::ConnectionMode;

/// What the headers of an answer say of how it came about.
#[derive(Debug)]
pub(crate) struct Served {
    /// Not known of a stream of which only heartbeats have come so far.
    pub(crate) who: Option<Who>,
    pub(crate) currency: Currency,
    pub(crate) pin: Option<String>,
    pub(crate) fallback: Option<FallbackReason>,
    /// Whose limits it counts against.
    pub(crate) access: Option<Arc<Access>>,
    /// Whether the free tier pays.
    pub(crate) is_free: bool,
    /// What is left of it then.
    pub(crate) free_left: Option<FreeLeft>,
}

impl Served {
    fn of(bill: &Bill, pin: Option<String>, fallback: Option<FallbackReason>) -> Self {
        Self {
            who: Who::of(bill),
            currency: bill.currency(),
            pin,
            fallback,
            access: bill.access().cloned(),
            is_free: bill.is_free(),
            free_left: bill.free_left(),
        }
    }
}

/// Who gives an answer.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) provider: ProviderId,
    pub(crate) name: Arc<str>,
    pub(crate) mode: ConnectionMode,
    /// The model, by the hub's name.
    pub(crate) model: Option<ModelId>,
}

impl Who {
    fn of(bill: &Bill) -> Option<Self> {
        let slot = bill.slot()?;
        Some(Self {
            provider: slot.provider(),
            name: Arc::clone(slot.provider_name()),
            mode: slot.mode(),
            model: bill.model().cloned(),
        })
    }
}

/// An answer on its way to the consumer, and the bill for it.
#[derive(Debug)]
pub(crate) enum Reached {
    /// The whole body, paid for, with its cost.
    Whole {
        bill: Box<Bill>,
        served: Served,
        body: Vec<Bytes>,
        content_type: &'static str,
        cost: String,
    },
    /// The beginning of a stream, which the relay carries on.
    Stream {
        bill: Box<Bill>,
        served: Served,
        begun: Box<Begun>,
    },
    /// A stream whose consumer hears that it is being worked on before somebody has begun to answer.
    Waiting {
        request: RequestId,
        served: Served,
        attempting: Attempting,
        deadline: Instant,
    },
}

/// A request that gets no answer.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) bill: Box<Bill>,
    pub(crate) error: RequestError,
}

/// A request that was let in, and whose body is here.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) operation: Operation,
    pub(crate) consumer: Consumer,
    pub(crate) body: Bytes,
}

/// Lets one request for `operation` in, and reads its body. No money has moved yet.
pub(crate) async fn open(
    hub: &Arc<Shared>,
    operation: Operation,
    request: &Parts,
    body: &mut Body,
    bill: &mut Bill,
) -> Result<Opened, RequestError> {
    let consumer = hub.authenticator.authenticate(request).await?;
    bill.authenticated(&consumer);
    bill.admitted(hub.gate.enter()?);
    bill.operation(operation.clone());
    funds::enter(hub, request, &operation, &consumer, bill)?;
    let kind = BodyKind::of(&operation);
    let body = admit::read(&request.headers, body, kind, &hub.limits).await?;
    Ok(Opened {
        operation,
        consumer,
        body,
    })
}

/// A request that was priced and not held.
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) asked: Asked,
    pub(crate) quoted: Quoted,
}

/// What a request would cost, by the steps that it would take if it were served.
pub(crate) async fn price(
    hub: &Shared,
    opened: Opened,
    headers: &HeaderMap,
) -> Result<Priced, RequestError> {
    let mut asked = parse::parse(opened.operation, headers, opened.body)?;
    parse::measure(&mut asked, &hub.audio).await?;
    let quoted = quote::quote(hub, &asked)?;
    Ok(Priced { asked, quoted })
}

/// Takes one request through the stages, up to where its answer can be sent.
pub(crate) async fn serve(
    hub: &Arc<Shared>,
    opened: Opened,
    request: &Parts,
    mut bill: Box<Bill>,
) -> Result<Reached, Box<Refused>> {
    match agreed(hub, opened, request, &mut bill).await {
        Ok((asked, deadline)) => {
            let attempts = Attempts {
                hub: Arc::clone(hub),
                request: asked,
                bill,
                deadline,
            };
            answered(hub, attempts).await
        }
        Err(error) => Err(Box::new(Refused { bill, error })),
    }
}

/// The stages up to the hold: afterwards it is agreed what is asked and what it may cost.
async fn agreed(
    hub: &Arc<Shared>,
    opened: Opened,
    request: &Parts,
    bill: &mut Bill,
) -> Result<(Box<Asked>, Instant), RequestError> {
    let Opened {
        operation,
        consumer,
        body,
    } = opened;
    bill.prove_request(&request.headers, &body);
    // It goes from stage to stage, and is too large to be moved each time.
    let mut asked = Box::new(parse::parse(operation, &request.headers, body)?);
    parse::measure(&mut asked, &hub.audio).await?;
    bill.streaming(asked.is_stream());
    let lasts = match asked.is_stream() {
        true => hub.limits.stream_deadline,
        false => hub.limits.request_deadline,
    };
    let deadline = Instant::now() + lasts;
    let quoted = quote::quote(hub, &asked)?;
    let funds = funds::fund(hub, bill, &consumer, &asked, &quoted, lasts).await?;
    bill.held(funds, quoted, &asked);
    Ok((asked, deadline))
}

/// The stages from the attempts on.
async fn answered(hub: &Shared, attempts: Attempts) -> Result<Reached, Box<Refused>> {
    if !attempts.request.is_stream() {
        return reached(attempts.start().await).await;
    }
    let (request, deadline) = (attempts.bill.request(), attempts.deadline);
    let pin = attempts.request.pin.clone();
    let served = Served {
        who: None,
        ..Served::of(&attempts.bill, pin, None)
    };
    let mut attempting = attempts.start();
    tokio::select! {
        biased;
        attempted = &mut attempting => reached(attempted).await,
        // Whoever stands between here and the consumer must not take the connection for dead.
        () = hub.streams.silence() => Ok(Reached::Waiting { request, served, attempting, deadline }),
    }
}

async fn reached(attempted: Attempted) -> Result<Reached, Box<Refused>> {
    let Attempted { mut bill, result } = attempted;
    let Won { answer, served } = match result {
        Ok(won) => won,
        Err(error) => return Err(Box::new(Refused { bill, error })),
    };
    let whole = match answer {
        Answered::Stream(begun) => {
            return Ok(Reached::Stream {
                bill,
                served,
                begun,
            });
        }
        Answered::Whole(whole) => whole,
    };
    let content_type = whole.content_type;
    match settle_whole(&mut bill, whole).await {
        Ok((body, cost)) => Ok(Reached::Whole {
            bill,
            served,
            body,
            content_type,
            cost,
        }),
        Err(error) => Err(Box::new(Refused { bill, error })),
    }
}

/// Charges a whole answer and writes the cost into it. Its last byte waits for the disk, and so does its first, since the
/// cost stands in a header.
async fn settle_whole(bill: &mut Bill, whole: Whole) -> Result<(Vec<Bytes>, String), RequestError> {
    bill.whole(&whole);
    let receipt = bill.settle(whole.usage.as_ref(), None).durable().await?;
    let cost = receipt.cost.to_string();
    let body = match &whole.usage {
        // Subtitles have no place for a cost.
        _ if whole.content_type != JSON => vec![whole.body],
        Some(usage) if receipt.trusted => tally::with_cost(&whole.body, usage, &cost),
        usage => tally::with_own_usage(&whole.body, usage.as_ref(), &receipt, &cost),
    };
    bill.prove_answer(&body);
    Ok((body, cost))
}
