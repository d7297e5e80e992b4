//! `GET /v1/statement`: what moved on an account between two days, with the balance after each movement.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::Amount;
use swan_core::ledger::{Account, AccountKey};

use super::iso;
use super::records::told;
use super::span::{self, Span};
use crate::hub::Shared;
use crate::ledger::{StatementLine, StatementQuery, statement_page};
use crate::stages::RequestError;

/// Movements of one page, at most and unless said.
const PAGE_MAX: usize = 1_000;
const PAGE: usize = 100;
/// Entries of the journal, of whomever, that one page looks at.
const ENTRIES: u64 = 200_000;

/// What moved on an account, the oldest first. Amounts are decimal strings, times are UTC.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Told {
    object: &'static str,
    account: String,
    currency: &'static str,
    /// The first day.
    from: String,
    /// The last day, included.
    to: String,
    /// The balance before the first line of this page.
    opening: String,
    /// The balance after its last line.
    closing: String,
    data: Vec<Line>,
    /// Whether there may be more; a page may have few lines or none, and others follow it.
    has_more: bool,
    /// What to send as `cursor` for the next page.
    next: Option<String>,
}

/// One movement. Funds that are set aside have not moved.
#[derive(Serialize, JsonSchema)]
struct Line {
    /// The entry's number in the journal.
    entry: u64,
    at: String,
    transfer: String,
    /// The rule that caused it, such as `charge` or `grant`.
    rule: &'static str,
    request: Option<String>,
    model: Option<String>,
    note: Option<String>,
    /// Above zero when the account received it.
    amount: String,
    /// The balance afterwards.
    balance: String,
}

/// Where a page begins: the entry, and the balance before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor(u64, Amount);

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (entry, balance) = text.split_once('_').ok_or(())?;
        let balance = balance.parse().map_err(|_| ())?;
        let entry: u64 = entry.parse().map_err(|_| ())?;
        let is_entry = (1..=i64::MAX.unsigned_abs()).contains(&entry);
        let balance = Amount::from_pico(balance).map_err(|_| ())?;
        is_entry.then_some(Self(entry, balance)).ok_or(())
    }
}

/// `GET /v1/statement`.
pub(super) async fn statement(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let find = async |reader| {
        let query = query.as_deref();
        let account = Account::Consumer(span::whose(query, reader)?);
        page(&hub, query, account).await
    };
    told(&hub, request, find).await
}

/// How long a page is, and where it begins.
fn paging(query: Option<&str>) -> Result<(usize, Option<Cursor>), RequestError> {
    let (name, expected) = ("limit", "a number from 1 to 1000");
    let limit = span::parsed(query, name, expected)?.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(RequestError::Query { name, expected });
    }
    let cursor = span::parsed(query, "cursor", "the value of next in the page before")?;
    Ok((limit, cursor))
}

/// That what a query says of pages makes sense, where there are none.
pub(crate) fn check_paging(query: Option<&str>) -> Result<(), RequestError> {
    paging(query).map(drop)
}

/// The page of an account's statement that a query asks for.
pub(crate) async fn page(
    hub: &Shared,
    query: Option<&str>,
    account: Account,
) -> Result<Told, RequestError> {
    let (currency, span) = (span::currency(query)?, Span::read(hub, query)?);
    let (limit, cursor) = paging(query)?;
    let account = account.in_currency(currency);
    let asked = StatementQuery {
        account,
        from: span.from.start(),
        to: span.to.end(),
        from_entry: cursor.map(|Cursor(entry, _)| entry),
        limit,
    };
    let known = cursor.map(|Cursor(_, balance)| balance);
    let read = statement_page(&*hub.store, &asked, known, ENTRIES);
    let found = span::within(hub, read).await?;
    Ok(Told {
        object: "statement",
        account: owner(&account),
        currency: currency.code(),
        from: span.from.to_string(),
        to: span.to.to_string(),
        opening: found.opening.to_string(),
        closing: found.closing.to_string(),
        data: found.lines.iter().map(line).collect(),
        has_more: found.next.is_some(),
        next: found
            .next
            .map(|entry| format!("{entry}_{}", found.closing.pico())),
    })
}

fn owner(account: &AccountKey) -> String {
    match account.account {
        Account::Consumer(id) => id.to_string(),
        Account::ProviderEarnings(id) => id.to_string(),
        other => other.to_string(),
    }
}

fn line(line: &StatementLine) -> Line {
    Line {
        entry: line.entry,
        at: iso(line.at),
        transfer: line.transfer.to_string(),
        rule: line.rule.as_str(),
        request: line.request.map(|id| id.to_string()),
        model: line.model.as_ref().map(ToString::to_string),
        note: line.note.clone(),
        amount: line.amount.to_string(),
        balance: line.balance.to_string(),
    }
}
