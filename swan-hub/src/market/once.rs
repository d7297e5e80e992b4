//! POSTs that may be sent twice: with an `Idempotency-Key` each is done once, and the repeat gets the same answer.
//!
//! Keys belong to whoever calls: the account of a user or consumer, a provider, an administrator's key. Where nobody has to
//! be known they belong to the network that the request comes from, and all whom the hub cannot see share one name. What was
//! refused has done nothing, so that its key stays free. An answer that shows a secret is not kept: its repeat is told what
//! was made.
//!
//! Nothing is marked before it is done, since no consumer is charged here: a hub that crashes in between leaves at worst a key
//! that nobody knows, and a grant has its id from its key.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use swan_core::RequestId;

use super::reply::refused;
use super::{accounts, fields, identity};
use crate::gateway::{self, Answer};
use crate::hub::Shared;
use crate::idempotency::{self, Asked, Begun, Claim, IDEMPOTENCY_KEY, Outcome, Owner};
use crate::openapi::{Access, Errors, Operation, Routes};
use crate::settings::Current;
use crate::stages::RequestError;
use crate::store::KeyKind;

/// What stands before a handler, and knows of it what the document says.
#[derive(Debug, Clone)]
struct Door {
    hub: Current,
    access: Access,
    errors: Errors,
}

/// Routes of which all are POSTs that may be sent twice.
#[derive(Debug)]
pub(super) struct Acts<'a> {
    hub: &'a Current,
    routes: Routes<Current>,
}

impl<'a> Acts<'a> {
    pub(super) fn new(hub: &'a Current) -> Self {
        Self {
            hub,
            routes: Routes::new(),
        }
    }

    /// The route of `operation`, which `handler` answers.
    pub(super) fn add<H, T>(self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Current>,
        T: 'static,
    {
        let (access, errors) = operation.asks();
        let door = Door {
            hub: self.hub.clone(),
            access,
            errors,
        };
        let handler = handler.layer(from_fn_with_state(door, once));
        let routes = self.routes.add(gateway::keyed(operation), handler);
        Self { routes, ..self }
    }

    pub(super) fn routes(self) -> Routes<Current> {
        self.routes
    }
}

/// What an answer has made whose secret is shown once.
#[derive(Debug, Clone)]
struct Made(String);

/// Says of an answer that it shows a secret, and what else can be said of it.
pub(super) fn shows_secret(mut answer: Response, made: impl Into<String>) -> Response {
    answer.extensions_mut().insert(Made(made.into()));
    answer
}

/// An identifier that is the same for every repeat of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lasting(pub(super) u128);

async fn once(State(door): State<Door>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    let hub = door.hub.load();
    let (parts, body) = request.into_parts();
    let owner = match owner(&hub, door.access, &parts).await {
        Ok(Some(owner)) => owner,
        // Who is not let in hears so from the handler, which for a logout is no refusal.
        Ok(None) => {
            return match idempotency::check(&parts.headers) {
                Ok(()) => next.run(Request::from_parts(parts, body)).await,
                Err(error) => said(&hub, &error.into(), door.errors),
            };
        }
        Err(refusal) => return refused(&hub, &refusal, door.errors),
    };
    let body = match fields::whole(&hub, &parts.headers, body).await {
        Ok(body) => body,
        Err(refusal) => return refused(&hub, &refusal, door.errors),
    };
    let id = hub.request_id();
    let operation: String = parts.uri.path().chars().take(200).collect();
    let asked = Asked {
        owner,
        operation: &operation,
        headers: &parts.headers,
        body: &compared(&body),
        request: id,
        is_marked: false,
    };
    match hub.idempotency.begin(asked).await {
        Ok(Begun::Unkeyed) => next.run(Request::from_parts(parts, body.into())).await,
        Ok(Begun::First(claim)) => {
            let mut parts = parts;
            parts.extensions.insert(lasting(owner, &parts.headers));
            let request = Request::from_parts(parts, body.into());
            // On a task of its own, which goes on when the caller has hung up: a repeat gets what this one has done.
            let done = tokio::spawn(first(request, next, claim, id)).await;
            done.unwrap_or_else(|_| said(&hub, &RequestError::Broke, door.errors))
        }
        Ok(Begun::Replay(outcome)) => gateway::replay(&outcome),
        Err(error) => said(&hub, &error.into(), door.errors),
    }
}

async fn first(request: Request, next: Next, mut claim: Claim, id: RequestId) -> Response {
    let mut response = next.run(request).await;
    // By the id that its repeats are told.
    gateway::stamp_headers(response.headers_mut(), id);
    if !response.status().is_success() {
        return response;
    }
    if let Some(Made(made)) = response.extensions().get() {
        claim.withhold(made.clone());
        return response;
    }
    let (head, body) = response.into_parts();
    // The answers of the market are whole already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    claim.record(&body);
    claim.finish(Outcome::new(head.status, &head.headers, Vec::new()), true);
    Response::from_parts(head, Body::from(body))
}

fn said(hub: &Shared, error: &RequestError, errors: Errors) -> Response {
    refused(hub, &Answer::of(error), errors)
}

/// Whose key it is; nobody's where the handler refuses whoever calls.
async fn owner(hub: &Shared, access: Access, parts: &Parts) -> Result<Option<Owner>, Answer> {
    if access == Access::Open {
        return Ok(Some(Owner::stranger(accounts::caller(hub, parts))));
    }
    let Ok(secret) = identity::bearer(&parts.headers) else {
        return Ok(None);
    };
    if secret.starts_with("sk-") {
        let known = hub.keys.authenticate(secret).ok();
        return Ok(known.map(|record| match record.kind {
            KeyKind::Consumer(account) => Owner::account(account),
            KeyKind::Provider(provider) => Owner::provider(provider),
            KeyKind::Admin => Owner::administrator(record.id),
        }));
    }
    match identity::user(hub, &parts.headers).await {
        Ok(user) => Ok(Some(Owner::account(user.account))),
        Err(refusal) if refusal.status.is_server_error() => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// What of a body must be the same. Not its password: the store keeps a hash of this, which would be an easier way to the
/// password than the one that is made to be slow.
fn compared(body: &Bytes) -> Bytes {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return body.clone();
    };
    match fields.remove("password") {
        Some(_) => serde_json::to_vec(&fields).unwrap_or_default().into(),
        None => body.clone(),
    }
}

fn lasting(owner: Owner, headers: &HeaderMap) -> Lasting {
    let name = headers.get(IDEMPOTENCY_KEY);
    let hash = Sha256::new()
        .chain_update(b"swan:done once:")
        .chain_update(owner.as_u128().to_be_bytes())
        .chain_update(name.map(http::HeaderValue::as_bytes).unwrap_or_default())
        .finalize();
    let first = hash.iter().take(16);
    Lasting(first.fold(0, |value, byte| value << 8 | u128::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_compared() {
        let of = |text: &'static str| compared(&Bytes::from_static(text.as_bytes()));
        let email = |text| of(text).to_vec();
        let one = email(r#"{"email":"a@b.c","password":"one"}"#);
        assert_eq!(one, email(r#"{"password":"two","email":"a@b.c"}"#));
        assert_eq!(one, br#"{"email":"a@b.c"}"#);
        assert_ne!(one, email(r#"{"email":"d@b.c","password":"one"}"#));
        assert_eq!(of("not json"), "not json");
        assert_eq!(of(r#"{ "name": "as it is" }"#), r#"{ "name": "as it is" }"#);
    }
}
