//! The words of paths, queries and headers, as the OpenAPI document shows them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

macro_rules! words {
    ($( $(#[$doc:meta])* $name:ident = $schema:tt; )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $name;

            impl JsonSchema for $name {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

words! {
    /// What a model is called.
    ModelName = { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]*(/[A-Za-z0-9][A-Za-z0-9._:-]*)?$", "maxLength": 200, "examples": ["Qwen/Qwen3-8B"] };
    /// The id or the name of a provider.
    ProviderName = { "type": "string", "pattern": "^[!-~]([ -~]*[!-~])?$" };
    /// Yes or no, in a header.
    Flag = { "type": "string", "enum": ["true", "false", "1", "0"] };
    /// What is paid with.
    Currency = { "type": "string", "enum": ["USD", "SWAN"] };
    /// What names a request that may be sent twice.
    IdempotencyKey = { "type": "string", "pattern": "^[!-~]{1,255}$" };
    /// What becomes of a request with a key when its consumer hangs up.
    HangUp = { "type": "string", "enum": ["finish", "cancel"] };
    /// The endpoints that can be asked for a quote.
    OperationName = { "type": "string", "enum": ["chat/completions", "completions", "embeddings", "images/generations"] };
    /// The id of a request.
    RequestIdText = { "type": "string", "format": "uuid" };
    /// The id of a request, a transfer, a payout, a refund, an order to pay in, an account or a provider.
    ExplainedId = { "type": "string", "pattern": "^([0-9a-f-]{36}|[0-9a-f]{32}|(acc|prov|top|dep)-[0-9a-f]{32})$" };
    /// Entries on a page.
    PageSize = { "type": "integer", "minimum": 1, "maximum": 100 };
    /// A day of the calendar.
    DayText = { "type": "string", "format": "date" };
    /// What money is counted in.
    AnyCurrency = { "type": "string", "enum": ["usd", "swan"] };
    /// Movements on a page.
    LongPage = { "type": "integer", "minimum": 1, "maximum": 1000 };
    /// Where a page begins.
    StatementCursor = { "type": "string", "pattern": "^[1-9][0-9]{0,17}_(0|-?[1-9][0-9]{0,23})$" };
    /// The id of a key.
    KeyIdText = { "type": "string", "pattern": "^key-[0-9a-f]{32}$" };
    /// By what rows are summed up.
    ExportGroup = { "type": "string", "pattern": "^(hour|day|month|key|model|(hour|day|month),(key|model|key,model)|key,model)$" };
    /// By what a provider's earnings are summed up.
    GroupName = { "type": "string", "pattern": "^(hour|day|month|model|(hour|day|month),model)$" };
    /// A month of the calendar.
    MonthText = { "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$" };
    /// An invoice's number, or a month.
    InvoiceNumber = { "type": "string", "pattern": "^([A-Za-z][A-Za-z0-9._-]{0,18}[._-][0-9]{6,12}|20[0-9]{2}-(0[1-9]|1[0-2]))$" };
    /// Paper.
    PaperName = { "type": "string", "enum": ["a4", "letter"] };
    /// A number of a document.
    Counted = { "type": "integer", "minimum": 1, "maximum": 1000000000 };
    /// How rows are written.
    ExportFormat = { "type": "string", "enum": ["csv", "json", "jsonl"] };
    /// The same of a hub that was built with Parquet.
    WideExportFormat = { "type": "string", "enum": ["csv", "json", "jsonl", "parquet"] };
    /// A threshold that is only preferred.
    Preferred = { "anyOf": [
        { "type": "integer", "minimum": 1 },
        {
            "type": "object",
            "properties": { "p50": threshold(), "p75": threshold(), "p90": threshold(), "p99": threshold() },
            "additionalProperties": false,
        },
    ] };
    /// Providers by id or name.
    ProviderNames = { "type": "array", "maxItems": 32, "items": { "type": "string", "minLength": 1 } };
    /// The most that a million tokens, an image or a request may cost.
    MaxPrice = {
        "type": "object",
        "properties": {
            "prompt": price(),
            "completion": price(),
            "image": price(),
            "request": price(),
        },
        "additionalProperties": false,
    };
}

/// A preferred throughput or latency.
fn threshold() -> Value {
    serde_json::json!({ "type": ["integer", "null"], "minimum": 1 })
}

/// US dollars, whole ones as a number.
fn price() -> Value {
    serde_json::json!({
        "type": ["integer", "string", "null"],
        "minimum": 0,
        "pattern": r"^[0-9]{1,6}(\.[0-9]{1,9})?$",
    })
}

/// A text, an array of texts, an array of tokens, or an array of such arrays.
pub(super) fn texts(least: u64) -> Value {
    let tokens = serde_json::json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    serde_json::json!({ "anyOf": [
        { "type": "string", "minLength": least },
        { "type": "array", "minItems": 1, "maxItems": 2048, "items": { "type": "string", "minLength": least } },
        { "type": "array", "minItems": 1, "items": tokens },
        { "type": "array", "minItems": 1, "maxItems": 2048, "items": { "type": "array", "minItems": least, "items": tokens } },
    ] })
}
