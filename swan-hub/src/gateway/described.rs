//! What the OpenAPI document says of the routes here: the fields that the hub reads. All others are passed on in both directions.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::openapi::{Access, Operation};

const OPENAI: &str = "OpenAI API";

/// A conversation to be continued.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ChatRequest {
    /// A model of `/v1/models`, by its name or an alias.
    model: String,
    /// The conversation so far.
    messages: Vec<Map<String, Value>>,
    /// Whether to answer as server-sent events.
    stream: Option<bool>,
    /// What a stream should tell besides.
    stream_options: Option<StreamOptions>,
    /// The most tokens of the answer; what it may cost is set aside before.
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    /// The same, by its newer name.
    #[schemars(range(min = 1))]
    max_completion_tokens: Option<u64>,
    /// `SWAN` pays from the SWAN balance, at the policy's discount.
    payment: Option<String>,
    /// Who may serve it, as OpenRouter's clients say it.
    provider: Option<Map<String, Value>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StreamOptions {
    /// Whether the last chunk tells tokens and cost.
    include_usage: Option<bool>,
}

/// Texts to be continued.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct CompletionRequest {
    /// A chat model of `/v1/models`, by its name or an alias.
    model: String,
    /// A text, an array of texts, an array of tokens, or an array of such arrays; at most 2,048 texts.
    prompt: Value,
    /// How many continuations of each text.
    #[schemars(range(min = 1, max = 128))]
    n: Option<u64>,
    /// How many are generated for that, and paid; at least `n`, and no more in a stream.
    #[schemars(range(min = 1, max = 128))]
    best_of: Option<u64>,
    /// The most tokens of one continuation; 16 unless said.
    #[schemars(range(min = 0))]
    max_tokens: Option<u64>,
    /// Whether the answer repeats the text, which costs nothing.
    echo: Option<bool>,
    /// What comes after the continuation.
    suffix: Option<String>,
    /// Whether to answer as server-sent events.
    stream: Option<bool>,
    /// What a stream should tell besides.
    stream_options: Option<StreamOptions>,
}

/// Texts to be turned into vectors.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct EmbeddingRequest {
    /// An embedding model of `/v1/models`, by its name or an alias.
    model: String,
    /// A text, an array of texts, an array of tokens, or an array of such arrays; at most 2,048 texts.
    input: Value,
    /// `float` (the default) or `base64`: 32-bit floats, the least significant byte first.
    encoding_format: Option<String>,
    /// How long the vectors should be, where the model can choose.
    #[schemars(range(min = 1))]
    dimensions: Option<u64>,
}

/// An image to be made.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ImageRequest {
    /// An image model of `/v1/models`; unless said, the first that somebody serves.
    model: Option<String>,
    /// What it should show.
    prompt: String,
    /// How many; those that come are paid.
    #[schemars(range(min = 1, max = 10))]
    n: Option<u64>,
    /// Such as `1024x1024`.
    size: Option<String>,
    /// `url` or `b64_json`.
    response_format: Option<String>,
}

/// A recording to be written down.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct TranscriptionRequest {
    /// An audio model of `/v1/models`, by its name or an alias.
    model: String,
    /// The recording: flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm, 25 MiB at most. Its length is measured and paid.
    #[schemars(extend("format" = "binary"))]
    file: String,
    /// `json` (the default), `text`, `srt`, `vtt` or `verbose_json`.
    response_format: Option<String>,
    /// The language that is spoken, such as `en`.
    language: Option<String>,
    /// Words that help with names and spelling.
    prompt: Option<String>,
}

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
        .header::<String>(
            "X-Swan-Provider",
            "The provider that should serve it, by id or name",
        )
        .header::<String>("X-Swan-Allow-Fallbacks", "`false`: nobody else may")
        .header::<String>("X-Swan-Payment", "`SWAN` pays from the SWAN balance")
        .header::<String>("X-Swan-Trace", "`1`: the answer says how it was routed")
}

pub(super) fn chat() -> Operation {
    let chat = Operation::post("/v1/chat/completions", "Continues a conversation");
    steered(chat.tag(OPENAI))
        .takes::<ChatRequest>()
        .answers::<Completion>(200, "The answer, or with `stream` its events")
        .answers_as(200, "", "text/event-stream")
        .served()
}

pub(super) fn completions() -> Operation {
    let completions = Operation::post("/v1/completions", "Continues texts");
    steered(completions.tag(OPENAI))
        .takes::<CompletionRequest>()
        .answers::<Completion>(200, "The answer, or with `stream` its events")
        .answers_as(200, "", "text/event-stream")
        .served()
}

pub(super) fn embeddings() -> Operation {
    let embeddings = Operation::post("/v1/embeddings", "Turns texts into vectors");
    steered(embeddings.tag(OPENAI))
        .takes::<EmbeddingRequest>()
        .answers::<DataList>(200, "The vectors")
        .served()
}

pub(super) fn images() -> Operation {
    let images = Operation::post("/v1/images/generations", "Makes images");
    steered(images.tag(OPENAI))
        .takes::<ImageRequest>()
        .answers::<DataList>(200, "The images, as links or as base64")
        .served()
}

pub(super) fn quote() -> Operation {
    let quote = Operation::post(
        "/v1/quote",
        "What a request would cost; its body is sent as it would be to its endpoint",
    );
    steered(quote.tag(OPENAI))
        .access(Access::Consumer)
        .query::<String>(
            "operation",
            "The endpoint below `/v1`; `chat/completions` unless said",
        )
        .takes::<Map<String, Value>>()
        .answers::<super::quote::Quoted>(200, "The cost")
        .fails([404, 503])
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
        .query::<String>("id", "The request id of its answer")
        .answers::<super::generation::One>(200, "The request")
        .fails([400, 404, 503])
}

pub(super) fn generations() -> Operation {
    Operation::get(
        "/v1/generations",
        "The requests of the account, the youngest first",
    )
    .tag(OPENAI)
    .access(Access::Consumer)
    .query::<u64>("limit", "How many, 100 at most; 20 unless said")
    .query::<String>("before", "Where to go on: `next` of the page before")
    .answers::<super::generation::Many>(200, "The requests")
    .fails([400, 503])
}

pub(super) fn transcriptions() -> Operation {
    let transcriptions = Operation::post("/v1/audio/transcriptions", "Writes a recording down");
    steered(transcriptions.tag(OPENAI))
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
        .segment::<String>("id", "Its name or an alias, with plain or encoded slashes")
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
