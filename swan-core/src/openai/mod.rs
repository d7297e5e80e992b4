//! The OpenAI wire format, read the way real clients and model servers use it.
//!
//! Two layers with two readers. The hub works on bytes: [`ChatRequestHead`] and [`ChunkFacts`] take the few values
//! that money and routing need, and [`Rewrite`] and [`with_cost`] splice single members, so that every other byte
//! passes through as it came. Apps work on types ([`ChatRequest`], [`ChatResponse`], [`ChatChunk`]), which keep
//! unknown fields as exact text and unknown enum values as they are named.

mod chunk;
mod head;
mod read;
mod splice;

pub use chunk::{ChunkFacts, content_len, is_usage_only_chunk, usage_of, with_cost};
pub use head::{ChatRequestHead, HeadError};
pub use splice::{Rewrite, with_include_usage};
