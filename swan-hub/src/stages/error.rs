//! Every way in which a request can end without an answer; the gateway has the one table to HTTP.

use swan_core::RequestId;

use super::admit::AdmitError;
use super::authenticate::AuthenticateError;
use super::hold::HoldFailed;
use super::parse::ParseError;
use super::quote::QuoteError;
use super::route::RouteError;
use super::unanswered::AttemptsFailed;
use crate::admission::Refused;
use crate::idempotency::IdempotencyError;

/// The error of whichever stage stopped the request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error(transparent)]
    Authenticate(#[from] AuthenticateError),
    #[error(transparent)]
    Admit(#[from] AdmitError),
    #[error(transparent)]
    Limit(#[from] Refused),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Quote(#[from] QuoteError),
    #[error(transparent)]
    Hold(#[from] HoldFailed),
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Attempt(#[from] AttemptsFailed),
    /// The charge could not be journalled, so the consumer must not see the end of its answer.
    #[error(
        "the charge for this request could not be recorded in time, so the end of its answer is withheld"
    )]
    Unsettled,
    /// A fault of the hub.
    #[error("the hub failed")]
    Broke,
    /// A parameter of the query is wrong or missing.
    #[error("query {name}: expected {expected}")]
    Query {
        name: &'static str,
        expected: &'static str,
    },
    /// Nothing is known of this request, or not to this consumer.
    #[error("nothing is known of request {id}")]
    UnknownGeneration { id: RequestId },
    /// Nothing has this id, or nothing of this consumer.
    #[error(
        "nothing of this account has this id: expected that of a request (a UUID), of a transfer or hold (32 hexadecimal \
         digits), or of the account (acc-…)"
    )]
    NothingKnown,
    /// No such invoice, or none of this consumer.
    #[error(
        "there is no such invoice: expected the number of one, or a month in which something was charged, such as 2026-10"
    )]
    NoInvoice,
    /// Others read the journal already.
    #[error("others read the journal of this hub at the moment; come again")]
    JournalBusy,
    /// Too much lies between the times that are asked for.
    #[error(
        "reading so much of the journal takes too long here: ask for a shorter time, or read it with the command line"
    )]
    JournalLong,
    /// The store does not answer.
    #[error("the store of this hub does not answer")]
    StoreAway,
    /// No route has this path.
    #[error("there is nothing at {method} {path}; the API is under /v1")]
    UnknownUrl { method: String, path: String },
    /// The path exists, the method does not.
    #[error("{method} is not allowed here")]
    MethodNotAllowed { method: String },
    /// `GET /v1/models/{id}` for a model that the policy does not know.
    #[error("the model {model:?} does not exist")]
    UnknownModel { model: String },
}

impl RequestError {
    /// Whether the key opens nothing: then no more is said of it than of one that was never made.
    pub(crate) const fn is_shut(&self) -> bool {
        matches!(
            self,
            Self::Authenticate(_) | Self::Limit(Refused::Expired { .. })
        )
    }
}
