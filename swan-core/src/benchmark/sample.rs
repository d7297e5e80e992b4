use std::fmt;

use serde::{Deserialize, Serialize};

use super::item::{ItemId, ItemKind};

/// What a benchmark measures (Seed 001, Benchmarks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the seeds know three tests; a fourth changes every verdict"
)]
pub enum Test {
    /// The share of mathematics items answered rightly.
    Math,
    /// The share of code items answered rightly.
    Code,
    /// The share of answers in time.
    Latency,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Math => "math",
            Self::Code => "code",
            Self::Latency => "latency",
        })
    }
}

/// How one item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is a sample and what is not must be complete"
)]
pub enum Outcome {
    /// Answered rightly.
    Right,
    /// Answered wrongly, or not with an answer.
    Wrong,
    /// Answered with something beyond the grader, such as a library that it does not know: no sample, up to a bound.
    Ungradable,
    /// Not answered by the provider's own fault: counts as wrong and as late.
    Failed,
    /// Lost by the network, the hub or a consumer's side: no sample of anything.
    Lost,
}

/// One item that a provider was sent, and what came of it, as the hub saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain facts that the hub fills in; a new one changes what is judged"
)]
pub struct Sample {
    /// The item.
    pub item: ItemId,
    /// What it tests.
    pub kind: ItemKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Milliseconds from the dispatch to the first byte of content, of a streamed answer.
    pub first_content_ms: Option<u64>,
    /// Milliseconds from the dispatch to the end of the answer.
    pub whole_ms: Option<u64>,
}
