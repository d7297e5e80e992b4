//! What a hub asks of a provider besides consumers' requests (public-swan.md 1.4: warmup, verify, benchmark).

use bytes::Bytes;

/// The hub's handle of one task, which the answer carries back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskId {
    pub(crate) request_id: Box<str>,
    /// The model to warm up, or the id of the challenge or benchmark.
    pub(crate) subject: Box<str>,
}

/// Load a model, or run one small completion with it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warmup {
    /// To answer with.
    pub task: TaskId,
    /// The provider's own name of the model.
    pub model: String,
    /// `true`: run a completion; `false`: load only.
    pub inference: bool,
}

/// Outcome of a [`Warmup`].
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..WarmupResult::default()`"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarmupResult {
    /// Time that loading took, in milliseconds.
    pub load_time_ms: u64,
    /// Memory that the model takes, in MB; 0 when unknown.
    pub memory_mb: u64,
    /// Why it failed; `None` when it did not.
    pub error: Option<String>,
}

/// Prove something about a model.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// To answer with; holds the challenge's id.
    pub task: TaskId,
    /// `fingerprint`, `deterministic`, or a word this version does not know.
    pub kind: String,
    /// The provider's own name of the model.
    pub model: String,
    /// The challenge as the hub wrote it, JSON.
    pub challenge: Bytes,
}

/// Run some prompts one after another, at temperature 0.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Benchmark {
    /// To answer with.
    pub task: TaskId,
    /// `math`, `latency`, `code`, `reasoning`, or a word this version does not know.
    pub kind: String,
    /// The provider's own name of the model.
    pub model: String,
    /// At most 256 prompts.
    pub prompts: Vec<BenchmarkPrompt>,
    /// Time for all of them, in milliseconds; 0 when the hub did not say.
    pub timeout_ms: u64,
}

/// One prompt of a [`Benchmark`]. An expected answer on the wire is ignored: who is judged does not judge.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BenchmarkPrompt {
    /// To answer with.
    pub id: String,
    /// The prompt.
    pub prompt: String,
}

/// Answer to one prompt of a [`Benchmark`].
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..BenchmarkAnswer::default()`"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BenchmarkAnswer {
    /// [`BenchmarkPrompt::id`].
    pub prompt_id: String,
    /// What the model said.
    pub answer: String,
    /// Time that it took, in milliseconds.
    pub latency_ms: u64,
    /// Prompt tokens.
    pub tokens_in: u64,
    /// Completion tokens.
    pub tokens_out: u64,
    /// Why it failed; empty when it did not.
    pub error: String,
}
