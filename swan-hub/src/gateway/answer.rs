//! The one table from what went wrong to HTTP status and OpenAI error body.
//!
//! SDKs act on the status: they try 408, 409, 429 and 5xx again and respect `Retry-After` up to 120 seconds; 402 is never
//! tried again. Codes are always strings, since some SDKs fail on integers.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use swan_core::free_tier;

use crate::admission::{Holder, RETRY_MAX_SECS, Refused};
use crate::idempotency::IdempotencyError;
use crate::stages::{
    AdmitError, AttemptsFailed, AuthenticateError, HoldFailed, ParseError, QuoteError,
    RequestError, RouteError,
};

/// What the consumer is told about a request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The `type` of the error body.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) code: Cow<'static, str>,
    pub(crate) param: Option<Cow<'static, str>>,
    pub(crate) message: String,
    /// When trying again may help, in whole seconds, 120 at most.
    pub(crate) retry_after_secs: Option<u64>,
    /// Whether SDKs are told not to try again by themselves.
    pub(crate) is_final: bool,
}

const INVALID: &str = "invalid_request_error";
const AUTHENTICATION: &str = "authentication_error";
const IDEMPOTENCY: &str = "idempotency_error";
const PERMISSION: &str = "permission_error";
const RATE: &str = "rate_limit_error";
const BILLING: &str = "billing_error";
const UPSTREAM: &str = "provider_error";
const SERVER: &str = "server_error";

impl Answer {
    /// The row of the table for this error.
    pub(crate) fn of(error: &RequestError) -> Self {
        let row = match error {
            RequestError::Authenticate(error) => authenticate(error),
            RequestError::Admit(error) => admit(error),
            RequestError::Limit(error) => limit(error),
            RequestError::Idempotency(error) => idempotency(error),
            RequestError::Parse(error) => parse(error),
            RequestError::Quote(error) => quote(error),
            RequestError::Hold(error) => hold(error),
            RequestError::Route(error) => route(error),
            RequestError::Attempt(error) => return attempt(error),
            RequestError::Unsettled => Row::new(503, SERVER, "ledger_unavailable").retry(5),
            RequestError::Broke => Row::new(500, SERVER, "internal_error"),
            RequestError::Query { name, .. } => Row::new(400, INVALID, "invalid_value").param(name),
            RequestError::UnknownGeneration { .. } => {
                Row::new(404, INVALID, "generation_not_found").param("id")
            }
            RequestError::NothingKnown => Row::new(404, INVALID, "nothing_known").param("id"),
            RequestError::NoInvoice => Row::new(404, INVALID, "invoice_not_found").param("number"),
            RequestError::JournalBusy => Row::new(503, SERVER, "journal_busy").retry(5),
            RequestError::JournalLong => Row::new(503, SERVER, "journal_too_long").last(),
            RequestError::StoreAway => Row::new(503, SERVER, "store_unavailable").retry(5),
            RequestError::UnknownUrl { .. } => Row::new(404, INVALID, "unknown_url"),
            RequestError::MethodNotAllowed { .. } => Row::new(405, INVALID, "method_not_allowed"),
            RequestError::UnknownModel { .. } => {
                Row::new(404, INVALID, "model_not_found").param("model")
            }
        };
        row.say(error.to_string())
    }

    /// The JSON of the body, and of the event that ends a broken stream.
    pub(crate) fn body(&self) -> Bytes {
        let body = Body {
            error: Inner {
                message: &self.message,
                kind: &self.kind,
                param: self.param.as_deref(),
                code: &self.code,
            },
        };
        // Strings and nulls always serialise.
        serde_json::to_vec(&body).unwrap_or_default().into()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

/// A row before its message.
struct Row {
    status: u16,
    kind: &'static str,
    code: &'static str,
    param: Option<&'static str>,
    retry_after_secs: Option<u64>,
    is_final: bool,
}

impl Row {
    const fn new(status: u16, kind: &'static str, code: &'static str) -> Self {
        Self {
            status,
            kind,
            code,
            param: None,
            retry_after_secs: None,
            is_final: false,
        }
    }

    /// Trying again soon does not help, although the status says otherwise.
    const fn last(mut self) -> Self {
        self.is_final = true;
        self
    }

    const fn param(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    const fn retry(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    fn say(self, message: String) -> Answer {
        Answer {
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind: self.kind.into(),
            code: self.code.into(),
            param: self.param.map(Cow::Borrowed),
            message,
            retry_after_secs: self.retry_after_secs,
            is_final: self.is_final,
        }
    }
}

const fn authenticate(error: &AuthenticateError) -> Row {
    match error {
        AuthenticateError::Missing
        | AuthenticateError::Malformed
        | AuthenticateError::Unknown
        | AuthenticateError::Revoked => Row::new(401, AUTHENTICATION, "invalid_api_key"),
        AuthenticateError::ProviderKey => Row::new(403, PERMISSION, "provider_key_not_allowed"),
        AuthenticateError::AdminKey => Row::new(403, PERMISSION, "admin_key_not_allowed"),
        AuthenticateError::Forbidden(_) => Row::new(403, PERMISSION, "forbidden"),
        AuthenticateError::Unavailable(_) => {
            Row::new(503, SERVER, "authentication_unavailable").retry(1)
        }
    }
}

const fn admit(error: &AdmitError) -> Row {
    match error {
        AdmitError::Draining => Row::new(503, SERVER, "draining").retry(5),
        AdmitError::Overloaded { .. } => Row::new(503, SERVER, "overloaded").retry(1),
        AdmitError::TooLarge { .. } => Row::new(413, INVALID, "request_too_large"),
        AdmitError::MediaType { .. } | AdmitError::Encoding { .. } => {
            Row::new(415, INVALID, "unsupported_media_type")
        }
        AdmitError::SlowBody { .. } => Row::new(408, INVALID, "request_timeout"),
        AdmitError::BrokenBody(_) => Row::new(400, INVALID, "invalid_body"),
    }
}

fn limit(error: &Refused) -> Row {
    match error {
        Refused::Expired { .. } => Row::new(401, AUTHENTICATION, "api_key_expired"),
        Refused::Address { .. } => Row::new(403, PERMISSION, "ip_not_allowed"),
        Refused::Endpoint { .. } => Row::new(403, PERMISSION, "endpoint_not_allowed"),
        Refused::Model { .. } => Row::new(403, PERMISSION, "model_not_allowed").param("model"),
        Refused::Rate {
            retry_after_secs, ..
        } => Row::new(429, RATE, "rate_limit_exceeded").retry(*retry_after_secs),
        Refused::Concurrency { .. } => Row::new(429, RATE, "rate_limit_exceeded").retry(1),
        Refused::SpendCap {
            holder: Holder::Key,
            ..
        }
        | Refused::CapEnded {
            holder: Holder::Key,
            ..
        } => Row::new(402, BILLING, "key_spend_cap_reached"),
        Refused::SpendCap { .. } | Refused::CapEnded { .. } => {
            Row::new(402, BILLING, "account_spend_cap_reached")
        }
        Refused::Free { refused, only_free } => free(refused, *only_free),
    }
}

/// Who waits for a minute tries again; who waits for midnight, or would have to pay, does not.
fn free(refused: &free_tier::Refused, only_free: bool) -> Row {
    let wait = refused
        .retry_after_secs()
        .map(|secs| secs.min(RETRY_MAX_SECS));
    match (refused.limit(), wait) {
        (free_tier::Limit::TokensPerDay, Some(secs)) => Row::new(429, RATE, "free_tier_exhausted")
            .retry(secs)
            .last(),
        (_, Some(secs)) => Row::new(429, RATE, "rate_limit_exceeded").retry(secs),
        (free_tier::Limit::Model, None) if only_free => {
            Row::new(403, PERMISSION, "model_not_allowed").param("model")
        }
        (_, None) if only_free => Row::new(403, PERMISSION, "not_free").param("max_tokens"),
        (_, None) => Row::new(402, BILLING, "insufficient_funds").param("max_tokens"),
    }
}

fn idempotency(error: &IdempotencyError) -> Row {
    let conflict = |code| Row::new(409, IDEMPOTENCY, code).param("Idempotency-Key");
    match error {
        IdempotencyError::Header { name, .. } => {
            Row::new(400, INVALID, "invalid_header").param(name)
        }
        IdempotencyError::InProgress { .. } => conflict("idempotency_in_progress").retry(1),
        IdempotencyError::Conflict { .. } => conflict("idempotency_conflict").last(),
        IdempotencyError::TooLarge { .. } => conflict("idempotency_outcome_too_large").last(),
        IdempotencyError::Lost { .. } => conflict("idempotency_outcome_lost").last(),
        IdempotencyError::Withheld { .. } => conflict("idempotency_secret_withheld").last(),
        IdempotencyError::ShareFull => Row::new(429, RATE, "idempotency_share_full")
            .param("Idempotency-Key")
            .retry(1),
        IdempotencyError::Full => Row::new(503, SERVER, "idempotency_full").retry(5),
        IdempotencyError::Unavailable => Row::new(503, SERVER, "store_unavailable").retry(5),
    }
}

fn parse(error: &ParseError) -> Row {
    let row = Row::new(400, INVALID, error.code());
    match error.param() {
        Some(param) => row.param(param),
        None => row,
    }
}

const fn quote(error: &QuoteError) -> Row {
    match error {
        QuoteError::UnknownModel { .. } => Row::new(404, INVALID, "model_not_found").param("model"),
        QuoteError::NoDefault { .. } => {
            Row::new(400, INVALID, "missing_required_parameter").param("model")
        }
        QuoteError::OtherEndpoint { .. } => {
            Row::new(400, INVALID, "unsupported_operation").param("model")
        }
        QuoteError::Payment { .. } => {
            Row::new(400, INVALID, "payment_unavailable").param("payment")
        }
        QuoteError::Rate(_) => Row::new(503, SERVER, "exchange_rate_unavailable")
            .retry(60)
            .param("payment"),
        QuoteError::Pricing(_) => Row::new(400, INVALID, "unpriceable_request"),
    }
}

const fn hold(error: &HoldFailed) -> Row {
    match error {
        HoldFailed::InsufficientFunds { .. } | HoldFailed::FundsEnded { .. } => {
            Row::new(402, BILLING, "insufficient_funds")
        }
        HoldFailed::MaxTokensBeyondFunds { .. } => {
            Row::new(402, BILLING, "insufficient_funds").param("max_tokens")
        }
        HoldFailed::Frozen => Row::new(402, BILLING, "account_frozen"),
        HoldFailed::Unavailable => Row::new(503, SERVER, "ledger_unavailable").retry(5),
        HoldFailed::Ledger(_) => Row::new(500, SERVER, "ledger_error"),
    }
}

/// When those who are busy may have room, where nobody has said it.
const fn soon(secs: Option<u64>) -> u64 {
    match secs {
        Some(secs) => secs,
        None => 2,
    }
}

const fn route(error: &RouteError) -> Row {
    match error {
        RouteError::NoProvider { .. } => Row::new(503, SERVER, "no_provider")
            .retry(10)
            .param("model"),
        RouteError::Saturated {
            retry_after_secs, ..
        } => Row::new(503, SERVER, "providers_busy")
            .retry(soon(*retry_after_secs))
            .param("model"),
        RouteError::Full {
            retry_after_secs, ..
        } => Row::new(503, SERVER, "providers_busy")
            .retry(*retry_after_secs)
            .param("model"),
        RouteError::NoFallback { .. } => Row::new(400, INVALID, "no_fallback_available"),
        // The status that OpenRouter gives for the same.
        RouteError::NoneEligible { .. } => {
            Row::new(404, INVALID, "no_eligible_provider").param("provider")
        }
        RouteError::ContextLength { .. } => {
            Row::new(400, INVALID, "context_length_exceeded").param("messages")
        }
    }
}

fn attempt(error: &AttemptsFailed) -> Answer {
    let row = match error {
        AttemptsFailed::Refused { status, error } => {
            let kind = Some(error.kind.clone()).filter(|kind| !kind.is_empty());
            return Answer {
                status: StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST),
                kind: kind.map_or(Cow::Borrowed(INVALID), Cow::Owned),
                code: error
                    .code
                    .clone()
                    .map_or(Cow::Borrowed("rejected_by_model_server"), Cow::Owned),
                param: error.param.clone().map(Cow::Owned),
                message: error.message.clone(),
                retry_after_secs: None,
                is_final: false,
            };
        }
        AttemptsFailed::Provider { .. } => Row::new(502, UPSTREAM, "provider_failed"),
        AttemptsFailed::Busy {
            retry_after_secs, ..
        } => Row::new(503, SERVER, "providers_busy")
            .retry(soon(*retry_after_secs))
            .param("model"),
        AttemptsFailed::Deadline => Row::new(504, UPSTREAM, "provider_timeout"),
        AttemptsFailed::NoFallback {
            retry_after_secs, ..
        } => Row {
            retry_after_secs: *retry_after_secs,
            ..Row::new(502, UPSTREAM, "no_fallback_available")
        },
        AttemptsFailed::TooLarge { .. } => Row::new(413, INVALID, "request_too_large"),
        AttemptsFailed::Broken { .. } => Row::new(502, UPSTREAM, "provider_failed_mid_answer"),
        AttemptsFailed::CutOff { .. } => Row::new(504, SERVER, "answer_cut_off"),
        AttemptsFailed::UsedUp { .. } => {
            Row::new(400, INVALID, "output_limit_reached").param("max_tokens")
        }
    };
    row.say(error.to_string())
}
