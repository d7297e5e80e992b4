//! The OpenAI wire format, read the way real clients and model servers use it.
//!
//! Two layers with two readers. The hub works on bytes: [`RequestHead`] and [`ChunkFacts`] take the few values
//! that money and routing need, and [`Rewrite`] and [`with_cost`] splice single members, so that every other byte
//! passes through as it came. Apps work on types ([`ChatRequest`], [`ChatResponse`], [`ChatChunk`]), which keep
//! unknown fields as exact text and unknown enum values as they are named.

mod chunk;
mod completion;
mod data;
mod data_scan;
mod embedding;
mod failure;
mod head;
mod image;
mod input;
mod json;
mod listed;
mod message;
mod model_list;
mod open;
pub(crate) mod read;
mod request;
mod response;
mod retry_after;
mod splice;
mod told;
mod transcript;
mod transcription;
mod vectors;

pub use chunk::{ChunkFacts, content_len, is_usage_only_chunk, usage_of, with_cost};
pub use completion::{CompletionChoice, CompletionRequest, CompletionResponse};
pub use data::DataFacts;
pub use embedding::{Embedding, EmbeddingRequest, EmbeddingResponse, Vector};
pub use failure::ErrorBody;
pub use head::{
    Asks, Encoding, Generation, HeadError, Images, RequestHead, TranscriptFormat, Transcription,
    Vectors,
};
pub use image::{Image, ImageRequest, ImageResponse};
pub use input::Input;
pub use json::{Extra, Json};
pub use listed::ListedKind;
pub use message::{Content, ContentPart, FunctionCall, Message, Role, ToolCall};
pub use model_list::{ModelInfo, ModelList, ModelPrices};
pub use request::{ChatRequest, Function, Stop, StreamOptions, Tool};
pub use response::{
    ChatChunk, ChatResponse, Choice, ChunkChoice, CompletionTokensDetails, Delta, FinishReason,
    PromptTokensDetails, Usage,
};
pub use retry_after::retry_after;
pub use splice::{Rewrite, with_include_usage};
pub use told::{
    AttemptTold, CostQuote, GenerationAnswer, GenerationPage, GenerationRecord, QuotedCost,
    QuotedUsage, UnitPrices,
};
pub use transcript::TranscriptFacts;
pub use transcription::{Transcript, TranscriptSegment, TranscriptWord};
pub use vectors::{VectorError, with_vectors_as};
