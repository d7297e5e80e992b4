use swan_core::{Amount, Currency, RequestId};

/// Why a request with a key gets no answer of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum IdempotencyError {
    #[error("header {name}: expected {expected}")]
    Header {
        name: &'static str,
        expected: &'static str,
    },
    #[error(
        "a request with this Idempotency-Key is still running (request {request}); its answer can be had when it is done"
    )]
    InProgress { request: RequestId },
    #[error(
        "this Idempotency-Key was used for another request ({request}), from which {differs} differs; use a new key"
    )]
    Conflict {
        request: RequestId,
        differs: &'static str,
    },
    #[error(
        "request {request} with this Idempotency-Key was answered and charged, and its answer was too large to be kept; use a new key to ask again"
    )]
    TooLarge { request: RequestId },
    #[error(
        "request {request} with this Idempotency-Key was charged {cost} {currency}, and its answer is not to be had any more; use a new key to ask again",
        currency = .currency.code()
    )]
    Lost {
        request: RequestId,
        cost: Amount,
        currency: Currency,
    },
    #[error(
        "request {request} with this Idempotency-Key was done: {made}. Its secret was shown once and is not kept, so that it cannot be shown again; use a new key to ask again"
    )]
    Withheld { request: RequestId, made: String },
    #[error(
        "the requests with an Idempotency-Key that this account has running take all of its share; wait for one to end, or send the request without one"
    )]
    ShareFull,
    #[error(
        "this hub keeps as many idempotency keys as it can; try again, or send the request without one"
    )]
    Full,
    #[error(
        "the store of this hub does not answer, so no request with an Idempotency-Key is taken"
    )]
    Unavailable,
}
