//! What happens in the hub, for the integrator: one record a request, without prompts, answers or secrets.

use std::fmt;
use std::time::Duration;

use swan_core::{AccountId, Amount, Currency, KeyId, ModelId, ProviderId, RequestId, Usage};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole answer went out and was charged.
    Completed,
    /// The answer broke after it had begun; what was delivered was charged.
    Broken,
    /// The consumer went away; what was delivered until then was charged.
    Abandoned,
    /// Nothing was delivered and nothing was charged.
    Failed,
}

impl Outcome {
    /// The outcome as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Broken => "broken",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
        }
    }
}

/// One request, from admission to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The request.
    pub request: RequestId,
    /// The account that paid or would have paid, once it was known.
    pub account: Option<AccountId>,
    /// The key that was shown, once it was known.
    pub key: Option<KeyId>,
    /// The model by its canonical name, once it was known.
    pub model: Option<ModelId>,
    /// Who served it, or tried last. `None` also for endpoints of the hub itself.
    pub provider: Option<ProviderId>,
    /// Whether the consumer asked for a stream.
    pub streaming: bool,
    /// How often a provider was tried.
    pub attempts: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The code of the error that the consumer got, if it got one.
    pub error: Option<String>,
    /// The tokens that were charged.
    pub usage: Option<Usage>,
    /// What was charged; zero when nothing was.
    pub charge: Amount,
    /// The currency of the charge.
    pub currency: Currency,
    /// From the first byte of the request to its end.
    pub duration: Duration,
    /// From the first byte of the request to the first content for the consumer.
    pub first_content: Option<Duration>,
}

/// Is told what happened; an embedder replaces it to feed its own records.
///
/// # Contract
///
/// * Called once a request, after its money has moved in the books, on the task that served it: it must return soon
///   and must not block.
/// * A request that is dropped at any point is recorded too.
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// A request has ended.
    fn on_request(&self, record: &RequestRecord);
}

const _: fn(&dyn EventSink) = |_| {}; // Object safety is part of the contract.

/// Writes one `tracing` line a request; the default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TracingSink;

impl EventSink for TracingSink {
    fn on_request(&self, record: &RequestRecord) {
        tracing::info!(
            target: "swan_hub::request",
            request = %record.request,
            account = record.account.map(tracing::field::display),
            key = record.key.map(tracing::field::display),
            model = record.model.as_ref().map(tracing::field::display),
            provider = record.provider.map(tracing::field::display),
            streaming = record.streaming,
            attempts = record.attempts,
            outcome = record.outcome.as_str(),
            error = record.error.as_deref(),
            prompt_tokens = record.usage.map(|usage| usage.prompt_tokens),
            completion_tokens = record.usage.map(|usage| usage.completion_tokens),
            charge = %record.charge,
            currency = record.currency.code(),
            duration_ms = u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
            first_content_ms = record
                .first_content
                .map(|first| u64::try_from(first.as_millis()).unwrap_or(u64::MAX)),
        );
    }
}
