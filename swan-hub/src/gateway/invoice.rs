//! `GET /v1/invoices` and `GET /v1/invoices/{number}`: what an account was charged, month by month.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::AccountId;

use super::records::{answer, reader, told};
use super::respond;
use super::span;
use crate::admission::headers::write_reads as reads_left;
use crate::documents::{
    CONTENT_POLICY, Invoice, Month, Paper, UsageError, invoice, invoice_numbered, invoices,
};
use crate::hub::Shared;
use crate::stages::RequestError;

/// Invoices of one page, at most and unless said.
const PAGE_MAX: u32 = 100;
const PAGE: u32 = 20;

/// Issued invoices, the youngest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Many {
    object: &'static str,
    data: Vec<Invoice>,
    has_more: bool,
    /// What to send as `before` for the next page.
    next: Option<String>,
}

/// `GET /v1/invoices`.
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    told(&hub, request, |reader| page(&hub, query.as_deref(), reader)).await
}

async fn page(
    hub: &Shared,
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<Many, RequestError> {
    let wrong = |name, expected| RequestError::Query { name, expected };
    let expected = "a number from 1 to 100";
    let limit = span::parsed(query, "limit", expected)?.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(wrong("limit", expected));
    }
    let expected = "the value of next in the page before";
    let before: Option<u64> = span::parsed(query, "before", expected)?;
    if before.is_some_and(|before| !(1..=1_000_000_000).contains(&before)) {
        return Err(wrong("before", expected));
    }
    let account = match reader {
        Some(account) => Some(account),
        None => span::parsed(query, "account", "the id of an account: acc-…")?,
    };
    let found = invoices(&*hub.store, account, before.unwrap_or(u64::MAX), limit).await;
    let (data, next) = found.map_err(|_| RequestError::StoreAway)?;
    Ok(Many {
        object: "list",
        data,
        has_more: next.is_some(),
        next: next.map(|next| next.to_string()),
    })
}

/// `GET /v1/invoices/{number}`; in the place of a number a month.
pub(super) async fn one(
    State(hub): State<Arc<Shared>>,
    number: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let id = hub.request_id();
    let wants_page = wants_html(request.headers());
    let (reader, access) = reader(&hub, request).await;
    let found = async {
        let number = number.map_err(|_| RequestError::NoInvoice)?;
        find(&hub, &number, query.as_deref(), reader?).await
    };
    let mut response = match found.await {
        Ok((found, paper)) if wants_page => {
            let mut response = respond::json(StatusCode::OK, found.html(paper), id);
            let headers = response.headers_mut();
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            headers.insert(CONTENT_TYPE, html);
            let policy = HeaderValue::from_static(CONTENT_POLICY);
            headers.insert(CONTENT_SECURITY_POLICY, policy);
            if let Some(access) = &access {
                reads_left(headers, access, hub.clock.now());
            }
            response
        }
        found => answer(&hub, id, found.map(|(found, _)| found), access.as_deref()),
    };
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("accept"));
    response
}

/// Browsers say `text/html` first, programs `application/json` or anything.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let first = accept.and_then(|accept| accept.split(',').next());
    let first = first.and_then(|first| first.split(';').next());
    first.is_some_and(|first| first.trim().eq_ignore_ascii_case("text/html"))
}

async fn find(
    hub: &Shared,
    number: &str,
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<(Invoice, Paper), RequestError> {
    let paper = span::parsed(query, "paper", "a4 or letter")?.unwrap_or_default();
    if let Ok(month) = number.parse::<Month>() {
        let account = span::whose(query, reader)?;
        let now = hub.clock.now();
        let read = async { Ok::<_, UsageError>(invoice(&hub.store, account, month, now).await) };
        let found = span::within(hub, read).await?;
        let found = found.map_err(|_| RequestError::StoreAway)?;
        let found = found.ok_or(RequestError::NoInvoice)?;
        return Ok((found, paper));
    }
    let found = invoice_numbered(&*hub.store, number).await;
    let found = found.map_err(|_| RequestError::StoreAway)?;
    // Somebody else's invoice is unknown, so that numbers tell nothing.
    let own = found.filter(|(account, _)| reader.is_none_or(|reader| reader == *account));
    let (_, found) = own.ok_or(RequestError::NoInvoice)?;
    Ok((found, paper))
}
