//! A request's way through the hub, one file a stage:
//!
//! ```text
//! authenticate -> admit -> parse -> quote -> hold -> route -> attempt* -> relay -> settle -> record
//! ```
//!
//! [`settle::Bill`] goes along and owns what must be given back, so that a request may be dropped at any point.

mod admit;
mod attempt;
mod authenticate;
mod error;
mod failures;
mod funds;
mod hold;
mod models;
mod parse;
mod quote;
mod quoted;
mod receipt;
mod record;
mod relay;
mod route;
mod settle;
mod start;
mod streams;
mod tally;
#[cfg(test)]
mod tests;
mod whole;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use swan_core::Currency;
use swan_core::protocol::Operation;
use tokio::time::Instant;

pub(crate) use admit::{AdmitError, Gate};
pub(crate) use attempt::{Answered, AttemptsFailed, Begun};
pub(crate) use authenticate::bearer;
pub use authenticate::{AuthenticateError, Authenticator, Consumer};
pub(crate) use error::RequestError;
pub(crate) use hold::HoldFailed;
pub(crate) use parse::{Asked, BodyKind, ParseError};
pub(crate) use quote::QuoteError;
pub(crate) use quoted::Quoted;
pub(crate) use relay::Relay;
pub(crate) use route::{FallbackReason, RouteError};
pub(crate) use settle::Bill;
pub(crate) use streams::{Streams, watch as watch_streams};
use whole::{JSON, Whole};

use crate::hub::Shared;
use crate::providers::ConnectionMode;

/// What the headers of an answer say about who gave it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) provider: String,
    pub(crate) provider_name: Arc<str>,
    pub(crate) mode: ConnectionMode,
    pub(crate) currency: Currency,
    pub(crate) pin: Option<String>,
    pub(crate) fallback: Option<FallbackReason>,
    /// The model that served, by the hub's name.
    pub(crate) model: String,
}

/// An answer on its way to the consumer.
#[derive(Debug)]
pub(crate) enum Reached {
    /// The whole body, paid for, with its cost.
    Whole {
        body: Vec<Bytes>,
        content_type: &'static str,
        cost: String,
    },
    /// The beginning of a stream, which the relay carries on.
    Stream(Box<Begun>),
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
    let asked = parse::parse(opened.operation, headers, opened.body)?;
    let asked = parse::measured(asked, &hub.audio).await?;
    let quoted = quote::quote(hub, &asked)?;
    Ok(Priced { asked, quoted })
}

/// Takes one request through the stages, up to where its answer can be sent.
pub(crate) async fn serve(
    hub: &Arc<Shared>,
    opened: Opened,
    request: &Parts,
    bill: &mut Bill,
) -> Result<(Served, Reached), RequestError> {
    let Opened {
        operation,
        consumer,
        body,
    } = opened;
    let asked = parse::parse(operation, &request.headers, body)?;
    let asked = parse::measured(asked, &hub.audio).await?;
    bill.streaming(asked.is_stream());
    let lasts = match asked.is_stream() {
        true => hub.limits.stream_deadline,
        false => hub.limits.request_deadline,
    };
    let deadline = Instant::now() + lasts;
    let quoted = quote::quote(hub, &asked)?;
    let funds = funds::fund(hub, bill, &consumer, &asked, &quoted, lasts)?;
    bill.held(funds, quoted, asked.body.len());
    let won = models::attempt(hub, &asked, bill, deadline).await?;
    let served = served(bill, &asked, won.fallback);
    let reached = match won.answer {
        Answered::Stream(begun) => Reached::Stream(begun),
        Answered::Whole(whole) => settle_whole(bill, whole).await?,
    };
    Ok((served, reached))
}

/// Charges a whole answer and writes the cost into it. Its last byte waits for the disk, and so does its first, since the
/// cost stands in a header.
async fn settle_whole(bill: &mut Bill, whole: Whole) -> Result<Reached, RequestError> {
    bill.content(whole.content_bytes, 1);
    bill.items(whole.items);
    let receipt = bill.settle(whole.usage.as_ref(), None).durable().await?;
    let cost = receipt.cost.to_string();
    let body = match &whole.usage {
        // Subtitles have no place for a cost.
        _ if whole.content_type != JSON => vec![whole.body],
        Some(usage) if receipt.trusted => tally::with_cost(&whole.body, usage, &cost),
        usage => tally::with_own_usage(&whole.body, usage.as_ref(), &receipt, &cost),
    };
    Ok(Reached::Whole {
        body,
        content_type: whole.content_type,
        cost,
    })
}

fn served(bill: &Bill, asked: &Asked, fallback: Option<FallbackReason>) -> Served {
    let slot = bill.slot().ok();
    Served {
        provider: slot
            .map(|slot| slot.provider().to_string())
            .unwrap_or_default(),
        provider_name: slot.map_or_else(|| Arc::from(""), |slot| Arc::clone(slot.provider_name())),
        mode: slot.map_or(ConnectionMode::Websocket, |slot| slot.mode()),
        currency: bill.currency(),
        pin: asked.pin.clone(),
        fallback,
        model: bill.model().map(ToString::to_string).unwrap_or_default(),
    }
}
