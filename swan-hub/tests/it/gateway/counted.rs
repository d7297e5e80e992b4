//! What the hub counts by itself, where a test expects a bill by it.

use swan_core::tokens::PromptTokens;

/// What the hub counts in a request.
pub(super) fn counted(body: &str) -> u64 {
    PromptTokens::of_json(body.as_bytes()).text
}

/// The most that a provider may claim for the prompt of a small request in text.
pub(super) fn claimable(body: &str) -> u64 {
    (2 * counted(body)).max(body.len() as u64 / 4) + 128
}
