//! `POST /v1/chat/completions` and its siblings: one handler, which knows of the operation only its name.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use swan_core::RequestId;
use swan_core::protocol::Operation;

use super::body::linger;
use super::{Answer, headers, respond};
use crate::admission::{
    Access,
    headers::{write as limits_left, write_free as free_left},
};
use crate::header_text::HeaderText;
use crate::hub::Shared;
use crate::idempotency::{Asked, Begun, Owner};
use crate::segments::Segments;
use crate::stages::{self, Bill, Opened, Reached, Refused, Relay, RequestError, Served};

pub(super) async fn chat(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::ChatCompletions, request).await
}

pub(super) async fn completions(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::Completions, request).await
}

pub(super) async fn embeddings(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::Embeddings, request).await
}

pub(super) async fn images(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::ImagesGenerations, request).await
}

pub(super) async fn transcriptions(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    serve(hub, Operation::AudioTranscriptions, request).await
}

/// The operation that a request asks for, when it is one of those above.
pub(super) fn asked<B>(request: &http::Request<B>) -> Option<Operation> {
    if request.method() != Method::POST {
        return None;
    }
    match request.uri().path() {
        "/v1/chat/completions" => Some(Operation::ChatCompletions),
        "/v1/completions" => Some(Operation::Completions),
        "/v1/embeddings" => Some(Operation::Embeddings),
        "/v1/images/generations" => Some(Operation::ImagesGenerations),
        "/v1/audio/transcriptions" => Some(Operation::AudioTranscriptions),
        _ => None,
    }
}

/// Serves one request for inference, from authentication to the last header.
pub(super) async fn serve(hub: Arc<Shared>, operation: Operation, request: Request) -> Response {
    let id = hub.request_id();
    let mut bill = Box::new(Bill::open(&hub, id));
    let (parts, mut body) = request.into_parts();
    let from_page = parts.headers.contains_key(ORIGIN);
    #[cfg(feature = "otel")]
    bill.begin_trace(&parts.headers);
    let opened = stages::open(&hub, operation, &parts, &mut body, &mut bill).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let response = refused(&error, &mut bill);
            linger(&parts.headers, body);
            return response;
        }
    };
    let asked = Asked {
        owner: Owner::account(opened.consumer.account),
        operation: opened.operation.as_str(),
        headers: &parts.headers,
        body: &opened.body,
        request: id,
        is_marked: true,
    };
    let mut response = match hub.idempotency.begin(asked).await {
        Ok(Begun::Unkeyed) => walk(opened, parts, bill).await.unrecorded(),
        Ok(Begun::First(claim)) => {
            // Few requests have a key, and need not all be as large as one that has.
            Box::pin(super::once::first(opened, parts, bill, claim)).await
        }
        Ok(Begun::Replay(outcome)) => match stages::check_steering(&parts.headers) {
            Ok(()) => {
                bill.replayed();
                respond::replay(&outcome)
            }
            // A header that is wrong is named, though the answer is there.
            Err(error) => refused(&error.into(), &mut bill),
        },
        Err(error) => refused(&error.into(), &mut bill),
    };
    if from_page {
        headers::open_to_pages(response.headers_mut());
    }
    response
}

/// An answer before it is put together.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) head: Response<()>,
    pub(super) body: Reply,
}

#[derive(Debug)]
pub(super) enum Reply {
    /// All of it.
    Whole(Vec<Bytes>),
    /// A stream that has begun.
    Stream(Relay),
    /// Nothing but why there is no answer, and whether the same request would get the same.
    Refusal { body: Bytes, lasts: bool },
}

impl Answered {
    fn unrecorded(self) -> Response {
        let body = match self.body {
            Reply::Whole(body) => Body::new(Segments::new(body)),
            Reply::Stream(relay) => Body::new(relay),
            Reply::Refusal { body, .. } => Body::from(body),
        };
        self.head.map(|()| body)
    }
}

/// Takes a request that was let in to its answer.
pub(super) async fn walk(opened: Opened, parts: Parts, bill: Box<Bill>) -> Answered {
    let (hub, id) = (Arc::clone(bill.hub()), bill.request());
    match stages::serve(&hub, opened, &parts, bill).await {
        Ok(reached) => answered(hub, id, reached),
        Err(refusal) => {
            let Refused { mut bill, error } = *refusal;
            let lasts = super::once::lasts(&error);
            let (head, body) = refused(&error, &mut bill).into_parts();
            let body = Box::pin(axum::body::to_bytes(body, usize::MAX)).await;
            Answered {
                head: Response::from_parts(head, ()),
                body: Reply::Refusal {
                    body: body.unwrap_or_default(),
                    lasts,
                },
            }
        }
    }
}

const EVENTS: &str = "text/event-stream; charset=utf-8";

fn answered(hub: Arc<Shared>, id: RequestId, reached: Reached) -> Answered {
    let now = hub.clock.now();
    let mut latency = None;
    let mut decision = None;
    let mut noted = |bill: &mut Bill| {
        latency = Some(bill.elapsed());
        decision = bill.take_trace();
    };
    let (body, content_type, served, cost) = match reached {
        Reached::Whole {
            mut bill,
            served,
            body,
            content_type,
            cost,
        } => {
            noted(&mut bill);
            (Reply::Whole(body), content_type, served, Some(cost))
        }
        Reached::Stream {
            mut bill,
            served,
            begun,
        } => {
            noted(&mut bill);
            (
                Reply::Stream(Relay::new(*begun, bill)),
                EVENTS,
                served,
                None,
            )
        }
        Reached::Waiting {
            request,
            served,
            attempting,
            deadline,
        } => {
            let relay = Relay::waiting(hub, request, deadline, attempting);
            (Reply::Stream(relay), EVENTS, served, None)
        }
    };
    let mut head = Response::new(());
    let headers = head.headers_mut();
    // With the two that hyper adds, so that the table never grows.
    headers.reserve(24);
    let mut text = HeaderText::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers::identify(headers, &mut text, id);
    name(headers, &mut text, &served, latency);
    if let Some(access) = &served.access {
        limits_left(headers, &mut text, access, now);
    }
    if let Some(left) = &served.free_left {
        free_left(headers, &mut text, left, now);
    }
    if let Some(cost) = cost {
        put(headers, headers::COST, text.text(&cost));
    }
    trace(headers, decision);
    Answered { head, body }
}

/// Tells the consumer why there is no answer.
fn refused(error: &RequestError, bill: &mut Bill) -> Response {
    let answer = Answer::of(error);
    bill.answered(&answer);
    let mut response = respond::error(&answer, bill.request());
    trace(response.headers_mut(), bill.take_trace());
    if !error.is_shut() {
        left(bill.hub(), response.headers_mut(), bill.access());
    }
    response
}

/// Names who served.
fn name(
    headers: &mut HeaderMap,
    text: &mut HeaderText,
    served: &Served,
    latency: Option<Duration>,
) {
    if let Some(who) = &served.who {
        put(headers, headers::PROVIDER_ID, text.of(&who.provider));
        let readable = headers::readable(text, &who.name);
        put(headers, headers::PROVIDER_NAME, readable);
        put(
            headers,
            headers::MODEL,
            who.model.as_ref().and_then(|model| text.of(model)),
        );
        headers.insert(
            headers::CONNECTION_MODE,
            HeaderValue::from_static(who.mode.as_str()),
        );
    }
    if let Some(latency) = latency {
        let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        put(headers, headers::LATENCY_MS, text.number(millis));
    }
    headers.insert(
        headers::BILLING_TYPE,
        HeaderValue::from_static(if served.is_free {
            "free"
        } else {
            "pay_as_you_go"
        }),
    );
    // Of a stream, too, whose cost comes with its last chunk: amounts never carry their currency.
    headers.insert(
        headers::COST_CURRENCY,
        HeaderValue::from_static(served.currency.code()),
    );
    let mode = if served.pin.is_some() {
        "explicit"
    } else {
        "auto"
    };
    headers.insert(headers::ROUTE_MODE, HeaderValue::from_static(mode));
    if let Some(pin) = &served.pin {
        let readable = headers::readable(text, pin);
        put(headers, headers::REQUESTED_PROVIDER, readable);
    }
    if let Some(reason) = served.fallback {
        headers.insert(
            headers::FALLBACK_REASON,
            HeaderValue::from_static(reason.as_str()),
        );
    }
}

/// Says what is left of the limits of key and account.
fn left(hub: &Shared, headers: &mut HeaderMap, access: Option<&Arc<Access>>) {
    if let Some(access) = access {
        let mut text = HeaderText::new();
        limits_left(headers, &mut text, access, hub.clock.now());
    }
}

/// Says why this provider was chosen, to those who have asked.
fn trace(headers: &mut HeaderMap, decision: Option<String>) {
    if let Some(value) = decision.and_then(|json| HeaderValue::try_from(json).ok()) {
        headers.insert(headers::TRACE, value);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}
