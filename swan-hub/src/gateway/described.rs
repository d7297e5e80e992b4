//! What the OpenAPI document says of the routes here: the fields that the hub reads. All others are passed on in both directions.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::bodies::{
    AnyRequest, ChatRequest, CompletionRequest, EmbeddingRequest, ImageRequest,
    TranscriptionRequest,
};
use super::words::{
    Currency, ExplainedId, Flag, HangUp, IdempotencyKey, ModelName, OperationName, PageSize,
    ProviderName, RequestIdText,
};
use crate::openapi::{Access, Operation};

const OPENAI: &str = "OpenAI API";

/// What was said, as the model server gave it, with the cost in `usage.cost`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Transcript {
    /// What was said.
    text: String,
    /// How long it was, and `cost` as a decimal string.
    usage: Option<Map<String, Value>>,
}

/// Vectors or images, as the model server gave them, with the cost in `usage.cost`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct DataList {
    /// One for each.
    data: Vec<Map<String, Value>>,
    /// What was counted, and `cost` as a decimal string.
    usage: Option<Map<String, Value>>,
}

/// An answer, as the model server gave it, with the cost in `usage.cost`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Completion {
    /// What the model says.
    choices: Vec<Map<String, Value>>,
    /// Tokens, and `cost` as a decimal string.
    usage: Option<Map<String, Value>>,
}

/// How the hub is.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Health {
    /// One word.
    status: String,
}

/// The headers with which a consumer steers a request.
fn steered(operation: Operation) -> Operation {
    operation
        .header::<ProviderName>(
            "X-Swan-Provider",
            "The provider that should serve it, by id or name",
        )
        .header::<Flag>("X-Swan-Allow-Fallbacks", "`false`: nobody else may")
        .header::<Currency>("X-Swan-Payment", "`SWAN` pays from the SWAN balance")
        .header::<Flag>("X-Swan-Trace", "`1`: the answer says how it was routed")
        .header::<Flag>(
            "X-Swan-Receipt",
            "`1`: the receipt of the request has the hashes of its bodies, and is signed by the provider, too",
        )
}

/// The header with which a request may be sent twice.
pub(crate) fn keyed(operation: Operation) -> Operation {
    operation
        .header::<IdempotencyKey>(
            "Idempotency-Key",
            "However often it is sent with this key, it is done once",
        )
        .keyed()
}

/// Those, and the headers with which a request may be sent twice.
fn inference(operation: Operation) -> Operation {
    keyed(steered(operation.tag(OPENAI))).header::<HangUp>(
        "X-Swan-Hang-Up",
        "`cancel`: closing the connection stops the work, though there is a key",
    )
}

pub(super) fn chat() -> Operation {
    let chat = Operation::post("/v1/chat/completions", "Continues a conversation");
    inference(chat)
        .takes::<ChatRequest>()
        .answers::<Completion>(200, "The answer, or with `stream` its events")
        .answers_as(200, "", "text/event-stream")
        .served()
}

pub(super) fn completions() -> Operation {
    let completions = Operation::post("/v1/completions", "Continues texts");
    inference(completions)
        .takes::<CompletionRequest>()
        .answers::<Completion>(200, "The answer, or with `stream` its events")
        .answers_as(200, "", "text/event-stream")
        .served()
}

pub(super) fn embeddings() -> Operation {
    let embeddings = Operation::post("/v1/embeddings", "Turns texts into vectors");
    inference(embeddings)
        .takes::<EmbeddingRequest>()
        .answers::<DataList>(200, "The vectors")
        .served()
}

pub(super) fn images() -> Operation {
    let images = Operation::post("/v1/images/generations", "Makes images");
    inference(images)
        .takes::<ImageRequest>()
        .answers::<DataList>(200, "The images, as links or as base64")
        .served()
}

pub(super) fn quote() -> Operation {
    let quote = Operation::post(
        "/v1/quote",
        "What a request would cost; its body is sent as it would be to its endpoint",
    );
    keyed(steered(quote.tag(OPENAI)))
        .access(Access::Consumer)
        .query::<OperationName>(
            "operation",
            "The endpoint below `/v1`; `chat/completions` unless said",
        )
        .takes::<AnyRequest>()
        .answers::<super::quote::Quoted>(200, "The cost")
        .limited()
        .fails([402, 404, 429, 500, 503])
}

pub(super) fn key() -> Operation {
    Operation::get(
        "/v1/key",
        "What the key that asks may do, and what is left of it",
    )
    .tag(OPENAI)
    .access(Access::Consumer)
    .answers::<super::key::Key>(200, "The key, without its secret")
    .fails([503])
}

pub(super) fn generation() -> Operation {
    Operation::get("/v1/generation", "What is known of a request afterwards")
        .tag(OPENAI)
        .access(Access::Consumer)
        .needs::<RequestIdText>("id", "The request id of its answer")
        .answers::<super::generation::One>(200, "The request")
        .limited()
        .fails([400, 404, 503])
}

pub(super) fn generations() -> Operation {
    Operation::get(
        "/v1/generations",
        "The requests of the account, the youngest first",
    )
    .tag(OPENAI)
    .access(Access::Consumer)
    .query::<PageSize>("limit", "How many; 20 unless said")
    .query::<RequestIdText>("before", "Where to go on: `next` of the page before")
    .answers::<super::generation::Many>(200, "The requests")
    .limited()
    .fails([400, 503])
}

pub(super) fn explain() -> Operation {
    Operation::get(
        "/v1/explain/{id}",
        "The chain of facts that led to a charge, a transfer or a balance of the account",
    )
    .tag(OPENAI)
    .access(Access::Consumer)
    .segment::<ExplainedId>(
        "id",
        "The id of a request, of a transfer, hold, payment or refund, of an order to pay in (top-…), or of the account",
    )
    .answers::<crate::ledger::Explanation>(200, "The facts")
    .limited()
    .fails([404, 503])
}

pub(super) fn receipt() -> Operation {
    Operation::get("/v1/receipts/{id}", "The signed receipt of a request")
        .tag(OPENAI)
        .access(Access::Consumer)
        .segment::<RequestIdText>("id", "The request id of its answer")
        .answers::<super::receipt::Signed>(200, "The receipt")
        .limited()
        .fails([404, 503])
}

pub(super) fn receipt_keys() -> Operation {
    let summary = "The keys with which receipts are signed, for clients";
    Operation::get("/v1/receipt-keys", summary)
        .tag(OPENAI)
        .answers::<super::receipt::Keys>(200, "The keys")
}

pub(super) fn well_known_keys() -> Operation {
    let summary = "The keys with which receipts are signed";
    Operation::get("/.well-known/swan-keys", summary)
        .answers::<super::receipt::Keys>(200, "The keys")
}

pub(super) fn provider_keys() -> Operation {
    let summary = "The keys with which a provider signs its half of receipts";
    Operation::get("/v1/provider-keys/{id}", summary)
        .tag(OPENAI)
        .segment::<String>("id", "The provider's id: prov-…")
        .answers::<super::receipt::KeysOfProvider>(200, "The keys")
        .fails([404, 503])
}

pub(super) fn transcriptions() -> Operation {
    let transcriptions = Operation::post("/v1/audio/transcriptions", "Writes a recording down");
    inference(transcriptions)
        .takes_as::<TranscriptionRequest>("multipart/form-data")
        .answers::<Transcript>(200, "What was said")
        .answers_as(200, "", "text/plain; charset=utf-8")
        .answers_as(200, "", "text/vtt; charset=utf-8")
        .served()
}

pub(super) fn models() -> Operation {
    Operation::get(
        "/v1/models",
        "The models with their prices, and who is there to serve them",
    )
    .tag(OPENAI)
    .query::<String>("available", "`true`: only those that somebody serves now")
    .answers::<super::models::List>(200, "The models")
}

pub(super) fn model() -> Operation {
    Operation::get("/v1/models/{*id}", "One model")
        .tag(OPENAI)
        .segment::<ModelName>("id", "Its name or an alias, with plain or encoded slashes")
        .answers::<super::models::Listed>(200, "The model")
        .fails([404])
}

pub(super) fn available_models() -> Operation {
    let summary = "The models that somebody serves now";
    Operation::get("/v1/available-models", summary)
        .tag(OPENAI)
        .answers::<super::models::List>(200, "The models")
}

pub(super) fn live() -> Operation {
    Operation::get("/healthz", "Whether the hub runs").answers::<Health>(200, "It does")
}

pub(super) fn ready() -> Operation {
    Operation::get("/readyz", "Whether the hub should get requests")
        .answers::<Health>(200, "It should")
        .answers::<Health>(503, "It drains, or its ledger takes nothing new")
}

pub(super) fn metrics() -> Operation {
    Operation::get("/metrics", "Figures for Prometheus")
        .access(Access::Admin)
        .answers_as(
            200,
            "Text, or OpenMetrics where that is asked for",
            "text/plain",
        )
}
