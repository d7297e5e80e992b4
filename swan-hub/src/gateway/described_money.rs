//! What the OpenAPI document says of the routes that tell what moved, was used and is owed.

use crate::openapi::{Access, Operation};

use super::words::{
    AnyCurrency, DayText, ExportFormat, ExportGroup, KeyIdText, LongPage, ModelName,
    StatementCursor,
};

const MONEY: &str = "Money";

fn read(path: &'static str, summary: &'static str) -> Operation {
    Operation::get(path, summary)
        .tag(MONEY)
        .access(Access::Consumer)
        .limited()
        .fails([400, 503])
}

/// A time in days.
fn between(operation: Operation) -> Operation {
    operation
        .query::<DayText>(
            "from",
            "The first day in UTC; that of this month unless said",
        )
        .query::<DayText>("to", "The last day, included; today unless said")
}

/// A page of movements.
pub(crate) fn paged(operation: Operation) -> Operation {
    between(operation)
        .query::<AnyCurrency>("currency", "`usd` unless said")
        .query::<LongPage>("limit", "Movements of a page; 100 unless said")
        .query::<StatementCursor>("cursor", "Where to go on: `next` of the page before")
}

pub(super) fn statement() -> Operation {
    let summary =
        "What moved on the account between two days, with the balance after each movement";
    paged(read("/v1/statement", summary))
        .answers::<super::statement::Told>(200, "A page, the oldest movement first")
}

pub(super) fn usage() -> Operation {
    let summary = "What the account has used, request by request or summed up";
    between(read("/v1/usage/export", summary))
        .query::<KeyIdText>("key", "Only requests with this key")
        .query::<ModelName>("model", "Only requests that this model answered")
        .query::<ExportGroup>(
            "group",
            "By what it is summed up, such as `day,key,model`; a row a request unless said",
        )
        .query::<ExportFormat>("format", "`json` unless said")
        .answers_as(
            200,
            "The rows, and of JSON their totals",
            "application/json",
        )
        .answers_as(200, "", "text/csv; charset=utf-8")
        .answers_as(200, "", "application/x-ndjson")
}
