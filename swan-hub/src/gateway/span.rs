//! Which days a statement or an export is of, whose it is, and that few read the journal at once.

use std::time::Duration;

use swan_core::{AccountId, Currency, Day};
use tokio::time;

use super::query;
use super::records::written;
use crate::documents::{Month, Reader};
use crate::hub::Shared;
use crate::stages::RequestError;

/// How long an answer that is not sent piece by piece may be read for.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// Days in UTC, the last one included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: Day,
    pub(super) to: Day,
}

impl Span {
    /// `from` and `to`; this month up to today unless said.
    pub(super) fn read(hub: &Shared, query: Option<&str>) -> Result<Self, RequestError> {
        const DAY: &str = "a day such as 2026-11-21";
        let today = hub.clock.now();
        let to = parsed(query, "to", DAY)?.unwrap_or(today.day());
        let first = Month::of(today).first().min(to);
        let from = parsed(query, "from", DAY)?.unwrap_or(first);
        if to < from {
            let (name, expected) = ("to", "a day on or after from");
            return Err(RequestError::Query { name, expected });
        }
        Ok(Self { from, to })
    }
}

/// The days and the currency that a query asks for.
pub(crate) fn all_of(
    hub: &Shared,
    query: Option<&str>,
) -> Result<(Day, Day, Currency), RequestError> {
    let Span { from, to } = Span::read(hub, query)?;
    Ok((from, to, currency(query)?))
}

/// A parameter of the query, where it is there.
pub(super) fn parsed<T: std::str::FromStr>(
    query: Option<&str>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, RequestError> {
    let value = query::get(query, name).map(|value| value.replace("%2C", ",").replace("%2c", ","));
    let wrong = |_| RequestError::Query { name, expected };
    value.map(|value| value.parse().map_err(wrong)).transpose()
}

/// `currency`; US dollars unless said.
pub(super) fn currency(query: Option<&str>) -> Result<Currency, RequestError> {
    let name = "currency";
    let Some(text) = query::get(query, name) else {
        return Ok(Currency::Usd);
    };
    let found = text.to_ascii_lowercase().parse().ok();
    let expected = "usd or swan";
    found.ok_or(RequestError::Query { name, expected })
}

/// Whose it is: the reader's own, or for an administrator that of `account`.
pub(super) fn whose(
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<AccountId, RequestError> {
    let (name, expected) = ("account", "the id of an account: acc-…");
    match reader {
        Some(account) => Ok(account),
        None => parsed(query, name, expected)?.ok_or(RequestError::Query { name, expected }),
    }
}

/// Waits for a turn at reading the journal, once that has taken in what has happened until now.
pub(crate) async fn turn(hub: &Shared) -> Result<Reader, RequestError> {
    written(hub).await?;
    let turn = hub.market.readers.turn().await;
    turn.ok_or(RequestError::JournalBusy)
}

/// Reads within bounds: with a turn, and not for ever.
pub(crate) async fn within<T, E>(
    hub: &Shared,
    read: impl Future<Output = Result<T, E>>,
) -> Result<T, RequestError> {
    let _turn = turn(hub).await?;
    match time::timeout(READ_WITHIN, read).await {
        Ok(read) => read.map_err(|_| RequestError::StoreAway),
        Err(_) => Err(RequestError::JournalLong),
    }
}
