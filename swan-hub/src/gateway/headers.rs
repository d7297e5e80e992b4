//! The headers of every answer: which request it was, who served it, and what a browser may read.

use std::fmt::Write as _;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use swan_core::RequestId;

use crate::header_text::HeaderText;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const SWAN_REQUEST_ID: HeaderName = HeaderName::from_static("x-swan-request-id");
pub(crate) const CONNECTION_MODE: HeaderName = HeaderName::from_static("x-swan-connection-mode");
pub(crate) const PROVIDER_ID: HeaderName = HeaderName::from_static("x-swan-provider-id");
pub(crate) const PROVIDER_NAME: HeaderName = HeaderName::from_static("x-swan-provider-name");
pub(crate) const MODEL: HeaderName = HeaderName::from_static("x-swan-model");
pub(crate) const LATENCY_MS: HeaderName = HeaderName::from_static("x-swan-latency-ms");
pub(crate) const ROUTE_MODE: HeaderName = HeaderName::from_static("x-swan-route-mode");
pub(crate) const REQUESTED_PROVIDER: HeaderName =
    HeaderName::from_static("x-swan-requested-provider");
pub(crate) const FALLBACK_REASON: HeaderName = HeaderName::from_static("x-swan-fallback-reason");
pub(crate) const BILLING_TYPE: HeaderName = HeaderName::from_static("x-swan-billing-type");
/// OpenAI's SDKs go by it before they go by the status.
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-swan-trace");
pub(crate) const COST: HeaderName = HeaderName::from_static("x-swan-cost");
pub(crate) const COST_CURRENCY: HeaderName = HeaderName::from_static("x-swan-cost-currency");

const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, x-swan-request-id, x-swan-connection-mode, x-swan-provider-id, x-swan-provider-name, x-swan-model, \
     x-swan-latency-ms, x-swan-route-mode, x-swan-requested-provider, x-swan-fallback-reason, \
     x-swan-billing-type, x-swan-cost, x-swan-cost-currency, x-swan-trace, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, \
     x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, \
     x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, x-should-retry, retry-after, idempotency-replayed",
);
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Puts on what every answer has.
pub(crate) fn stamp(headers: &mut HeaderMap, request: RequestId) {
    identify(headers, &mut HeaderText::new(), request);
    open_to_pages(headers);
}

/// Names the request.
pub(super) fn identify(headers: &mut HeaderMap, text: &mut HeaderText, request: RequestId) {
    if let Some(id) = text.of(&request) {
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(SWAN_REQUEST_ID, id);
    }
}

/// Lets pages of any origin read the answer, which there is no need to say to those who are no page.
pub(super) fn open_to_pages(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// What a browser is told before it sends a request; browsers ask without a key.
pub(crate) fn preflight(asked: &HeaderMap, answer: &mut HeaderMap) {
    // A wildcard does not cover `authorization`, and SDKs send a family of `x-stainless-*` headers, so what is asked
    // for is what is allowed: the answer to a preflight protects nothing here, since there are no cookies.
    let headers = asked
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned()
        .unwrap_or(HeaderValue::from_static("authorization, content-type"));
    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers);
    answer.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    );
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    answer.insert(
        VARY,
        HeaderValue::from_static("access-control-request-headers"),
    );
}

/// The most characters of a text in a header.
const READABLE_CHARS: usize = 200;

/// `text` as a header value: what a header cannot hold is percent-encoded, and what is long is cut.
pub(super) fn readable(values: &mut HeaderText, text: &str) -> Option<HeaderValue> {
    if text.len() <= READABLE_CHARS && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return values.text(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(READABLE_CHARS) {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    HeaderValue::try_from(out).ok()
}
