//! The bodies of requests for inference, as the OpenAPI document shows them: the fields that the hub reads, and what it wants
//! of them. All others are passed on.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::words::{Currency, MaxPrice, Preferred, ProviderNames, texts};

/// The most tokens of an answer that can be asked for.
const TOKENS: u64 = 1_000_000_000;

/// A conversation to be continued. `models` names others that may take the model's place; see docs/ROUTING.md.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ChatRequest {
    /// A model of `/v1/models`, by its name or an alias.
    #[schemars(length(min = 1), example = &"Qwen/Qwen3-8B")]
    model: String,
    /// The conversation so far; the model server says what it takes.
    #[schemars(example = greeting())]
    messages: Vec<Value>,
    /// Whether to answer as server-sent events.
    stream: Option<bool>,
    /// What a stream should tell besides.
    stream_options: Option<StreamOptions>,
    /// How many answers.
    #[schemars(range(min = 1, max = 128))]
    n: Option<u64>,
    /// The most tokens of the answer; what it may cost is set aside before.
    #[schemars(range(min = 1, max = TOKENS), example = 64)]
    max_tokens: Option<u64>,
    /// The same, by its newer name.
    #[schemars(range(min = 1, max = TOKENS))]
    max_completion_tokens: Option<u64>,
    /// `SWAN` pays from the SWAN balance, at the policy's discount.
    payment: Option<Currency>,
    /// Who may serve it, as OpenRouter's clients say it.
    provider: Option<Wishes>,
}

fn greeting() -> Value {
    serde_json::json!([{ "role": "user", "content": "Say hello to Swan." }])
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StreamOptions {
    /// Whether the last chunk tells tokens and cost.
    include_usage: Option<bool>,
}

/// Texts to be continued. `best_of`, where it is given, is at least `n`, and no more in a stream.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct CompletionRequest {
    /// A chat model of `/v1/models`, by its name or an alias.
    #[schemars(length(min = 1), example = &"Qwen/Qwen3-8B")]
    model: String,
    /// What is continued; at most 2,048 texts.
    #[schemars(schema_with = "prompts", example = &"Once upon a time")]
    prompt: Value,
    /// How many continuations of each text.
    #[schemars(range(min = 1, max = 128))]
    n: Option<u64>,
    /// The most tokens of one continuation; 16 unless said.
    #[schemars(range(min = 0, max = TOKENS))]
    max_tokens: Option<u64>,
    /// Whether the answer repeats the text, which costs nothing.
    echo: Option<bool>,
    /// Whether to answer as server-sent events.
    stream: Option<bool>,
    /// What a stream should tell besides.
    stream_options: Option<StreamOptions>,
    /// `SWAN` pays from the SWAN balance, at the policy's discount.
    payment: Option<Currency>,
}

fn prompts(_: &mut SchemaGenerator) -> Schema {
    schema(texts(0))
}

/// Texts to be turned into vectors.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct EmbeddingRequest {
    /// An embedding model of `/v1/models`, by its name or an alias.
    #[schemars(length(min = 1), example = &"BAAI/bge-large-en-v1.5")]
    model: String,
    /// What is turned into vectors, one each; at most 2,048 texts.
    #[schemars(schema_with = "inputs", example = &"a text")]
    input: Value,
    /// `float` (the default) or `base64`: 32-bit floats, the least significant byte first.
    encoding_format: Option<Encoding>,
    /// How long the vectors should be, where the model can choose.
    #[schemars(range(min = 1, max = 65_536))]
    dimensions: Option<u64>,
    /// `SWAN` pays from the SWAN balance, at the policy's discount.
    payment: Option<Currency>,
}

fn inputs(_: &mut SchemaGenerator) -> Schema {
    schema(texts(1))
}

fn schema(value: Value) -> Schema {
    Schema::try_from(value).unwrap_or_default()
}

/// How vectors are written.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Encoding {
    Float,
    Base64,
}

/// An image to be made.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ImageRequest {
    /// An image model of `/v1/models`; unless said, the first that somebody serves.
    #[schemars(length(min = 1))]
    model: Option<String>,
    /// What it should show.
    #[schemars(length(min = 1), example = &"a swan on a lake")]
    prompt: String,
    /// How many; those that come are paid.
    #[schemars(range(min = 1, max = 10))]
    n: Option<u64>,
    /// Such as `1024x1024`.
    size: Option<String>,
    /// How the images come.
    response_format: Option<ImageFormat>,
    /// `SWAN` pays from the SWAN balance, at the policy's discount.
    payment: Option<Currency>,
}

/// How images come.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum ImageFormat {
    Url,
    B64Json,
}

/// A recording to be written down.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct TranscriptionRequest {
    /// An audio model of `/v1/models`, by its name or an alias.
    #[schemars(length(min = 1))]
    model: String,
    /// The recording: flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm, 25 MiB at most. Its length is measured and paid.
    #[schemars(extend("format" = "binary"))]
    file: String,
    /// How it is written down; `json` unless said.
    response_format: Option<TranscriptFormat>,
    /// The language that is spoken, such as `en`.
    language: Option<String>,
    /// Words that help with names and spelling.
    prompt: Option<String>,
}

/// How a recording is written down.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum TranscriptFormat {
    Json,
    Text,
    Srt,
    Vtt,
    VerboseJson,
}

/// The body of any of these; of which is said in the query.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum AnyRequest {
    Chat(ChatRequest),
    Completion(CompletionRequest),
    Embedding(EmbeddingRequest),
    Images(ImageRequest),
}

/// Who may serve: one provider by id or name, or wishes as OpenRouter has them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Wishes {
    One(String),
    Wishes(Preferences),
}

/// What is wished of whoever serves; docs/ROUTING.md says more.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Preferences {
    /// Who is asked, in this order.
    order: Option<ProviderNames>,
    /// Who may serve at all.
    only: Option<ProviderNames>,
    /// Who may not; nobody who is in `order` or `only`.
    ignore: Option<ProviderNames>,
    /// Whether others may serve when those of `order` cannot.
    allow_fallbacks: Option<bool>,
    /// Whether only those may serve who declare to honour every parameter.
    require_parameters: Option<bool>,
    /// Whether those may serve who keep prompts or answers.
    data_collection: Option<Collection>,
    /// Whether only those may serve who keep nothing beyond the request.
    zdr: Option<bool>,
    /// The precisions of weights that are accepted.
    #[schemars(length(max = 32))]
    quantizations: Option<Vec<Quantization>>,
    /// What matters.
    sort: Option<Sort>,
    /// The most that a million tokens, an image or a request may cost, in US dollars.
    max_price: Option<MaxPrice>,
    /// Preferred, not demanded: tokens per second.
    preferred_min_throughput: Option<Preferred>,
    /// Likewise: seconds to the first token.
    preferred_max_latency: Option<Preferred>,
    /// No provider can promise it, so nothing but `false` is taken.
    #[schemars(extend("enum" = [false, null]))]
    enforce_distillable_text: Option<bool>,
}

/// Whether prompts and answers may be kept.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Collection {
    Allow,
    Deny,
}

/// The precision of weights.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Quantization {
    Int4,
    Int8,
    Fp4,
    Fp6,
    Fp8,
    Fp16,
    Bf16,
    Fp32,
    Unknown,
}

/// What matters.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Sort {
    Price,
    Latency,
    Throughput,
}
