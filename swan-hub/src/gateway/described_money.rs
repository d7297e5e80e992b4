//! What the OpenAPI document says of the routes that tell what moved, was used and is owed.

use crate::openapi::{Access, Operation};

use super::words::{
    AnyCurrency, Counted, DayText, ExportFormat, ExportGroup, InvoiceNumber, KeyIdText, LongPage,
    ModelName, PageSize, PaperName, StatementCursor, WideExportFormat,
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
    let export = between(read("/v1/usage/export", summary))
        .query::<KeyIdText>("key", "Only requests with this key")
        .query::<ModelName>("model", "Only requests that this model answered")
        .query::<ExportGroup>(
            "group",
            "By what it is summed up, such as `day,key,model`; a row a request unless said",
        )
        .answers_as(
            200,
            "The rows, and of JSON their totals",
            "application/json",
        )
        .answers_as(200, "", "text/csv; charset=utf-8")
        .answers_as(200, "", "application/x-ndjson");
    let unless_said = "`json` unless said";
    match cfg!(feature = "parquet") {
        true => export
            .query::<WideExportFormat>("format", unless_said)
            .answers_as(200, "", "application/vnd.apache.parquet"),
        false => export.query::<ExportFormat>("format", unless_said),
    }
}

pub(super) fn invoices() -> Operation {
    read(
        "/v1/invoices",
        "The invoices of the account, the youngest first",
    )
    .query::<PageSize>("limit", "How many; 20 unless said")
    .query::<Counted>("before", "Where to go on: `next` of the page before")
    .answers::<super::invoice::Many>(200, "The invoices that have a number")
}

pub(super) fn invoice() -> Operation {
    let summary = "An invoice: by its number, or the account's of a month, which is a draft until that is over";
    read("/v1/invoices/{number}", summary)
        .segment::<InvoiceNumber>("number", "Such as `INV-000001`, or `2026-10`")
        .query::<PaperName>("paper", "Of a page to print; `a4` unless said")
        .answers::<crate::documents::Invoice>(
            200,
            "The invoice; a page to print where `Accept` begins with `text/html`",
        )
        .answers_as(200, "", "text/html; charset=utf-8")
        .fails([404])
}
