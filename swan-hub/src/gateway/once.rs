//! Requests with an idempotency key: the answer is kept as it goes out, and is finished though its consumer hangs up.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::inference::{Answered, Reply, walk};
use super::respond;
use crate::idempotency::{Claim, Outcome, Recording};
use crate::segments::Segments;
use crate::stages::{AttemptsFailed, Bill, Opened, RequestError};

/// Answers the first request with a key.
pub(super) async fn first(
    opened: Opened,
    parts: Parts,
    mut bill: Box<Bill>,
    claim: Claim,
) -> Response {
    bill.tell(claim.charged());
    if !claim.finishes {
        return recorded(opened, parts, bill, claim).await;
    }
    // On a task of its own, which goes on when the consumer has hung up: a repeat gets what this one was charged for.
    let id = bill.request();
    match tokio::spawn(recorded(opened, parts, bill, claim)).await {
        Ok(response) => response,
        Err(_) => respond::error(&super::Answer::of(&RequestError::Broke), id),
    }
}

/// The claim is the last to be dropped, so that it knows of a charge that is made when the bill is.
async fn recorded(opened: Opened, parts: Parts, bill: Box<Bill>, claim: Claim) -> Response {
    let mut claim = claim;
    let Answered { head, body } = walk(opened, parts, bill).await;
    let outcome = |body| Outcome::new(head.status(), head.headers(), body);
    let body = match body {
        Reply::Whole(pieces) => {
            pieces.iter().for_each(|piece| claim.record(piece));
            claim.finish(outcome(Vec::new()), false);
            Body::new(Segments::new(pieces))
        }
        Reply::Stream(relay) => {
            let outcome = outcome(Vec::new());
            Body::new(Recording::new(relay, claim, outcome))
        }
        Reply::Refusal { body, lasts } => {
            // A request that failed after it was charged is known by its charge, and has no answer.
            if lasts {
                claim.record(&body);
                claim.finish(outcome(Vec::new()), true);
            }
            Body::from(body)
        }
    };
    head.map(|()| body)
}

/// Whether the same request would be refused again: a model server has read it and says that it is at fault. Everything
/// that the hub itself refuses has not begun, so that its key stays free.
pub(super) fn lasts(error: &RequestError) -> bool {
    let RequestError::Attempt(AttemptsFailed::Refused { status, .. }) = error else {
        return false;
    };
    let passes = [
        StatusCode::UNAUTHORIZED,
        StatusCode::PAYMENT_REQUIRED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    (400..500).contains(status) && !passes.iter().any(|other| other.as_u16() == *status)
}
