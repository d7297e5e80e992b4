#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod builder;
mod call;
mod chat;
mod client;
mod completions;
mod embeddings;
mod error;
mod form;
mod forward;
mod generations;
mod guarded;
mod images;
mod metadata;
mod models;
mod options;
mod preferences;
mod quotes;
mod receipts;
mod reply;
mod retry;
mod stream;
mod transcriptions;
mod transport;
mod watched;

#[cfg(feature = "mock")]
pub mod mock;

// The public interface.
pub use builder::ClientBuilder;
pub use chat::Chat;
pub use client::Client;
pub use completions::Completions;
pub use embeddings::Embeddings;
pub use error::{ApiError, Error};
pub use generations::Generations;
pub use images::Images;
pub use metadata::{ConnectionMode, Metadata, RateLimit};
pub use models::Models;
pub use preferences::ProviderPreferences;
pub use quotes::Quotes;
pub use receipts::{Receipts, check_receipt, verify_receipt};
pub use reply::Reply;
pub use retry::{RetryBudget, RetryPolicy};
pub use stream::{ChatStream, Chunk, ChunkStream, CompletionStream};
pub use transcriptions::{TextFormat, TranscriptionRequest, Transcriptions};
pub use transport::{Body, HttpTransport, TransportError, TransportErrorKind};

// The types of requests and answers, so that an app needs no other crate of the family.
pub use swan_core::openai;
pub use swan_core::receipt;
pub use swan_core::routing::SortBy;
pub use swan_core::{Amount, Currency};
