use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::grade::{Grade, Grader};
use super::item::{Item, ItemId, ItemKind, ItemSeed};
use super::sample::{Outcome, Sample};
use crate::{Timestamp, hexadecimal};

/// The SHA-256 of an answer, which says later whether an answer is the one that was graded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnswerHash([u8; 32]);

impl AnswerHash {
    /// The hash of an answer's text.
    #[must_use]
    pub fn of(answer: &str) -> Self {
        Self(Sha256::digest(answer).into())
    }
}

impl fmt::Display for AnswerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::write(&self.0, f)
    }
}

impl fmt::Debug for AnswerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is kept of one item, so that its grade can be found again and explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain facts that the hub fills in"
)]
pub struct Evidence {
    /// The item.
    pub item: ItemId,
    /// What it tests.
    pub kind: ItemKind,
    /// The seed that gives the item again.
    pub seed: ItemSeed,
    /// When it was sent.
    pub sent: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, in words.
    pub reason: String,
    /// The answer's hash, if there was one.
    pub answer: Option<AnswerHash>,
    /// Milliseconds to the first byte of content, of a streamed answer.
    pub first_content_ms: Option<u64>,
    /// Milliseconds to the end of the answer.
    pub whole_ms: Option<u64>,
}

/// How fast an answer came, as the hub measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain facts that the hub fills in"
)]
pub struct Timing {
    /// Milliseconds to the first byte of content, of a streamed answer.
    pub first_content_ms: Option<u64>,
    /// Milliseconds to the end of the answer.
    pub whole_ms: Option<u64>,
}

/// Why evidence does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The seed gives another item, so another generator made the evidence.
    #[error("the seed gives item {found}, but the evidence names {named}")]
    OtherItem {
        /// What the seed gives now.
        found: ItemId,
        /// What the evidence names.
        named: ItemId,
    },
    /// The answer is not the one that was graded.
    #[error("the answer hashes to {found}, which is not what was graded")]
    OtherAnswer {
        /// The hash of the answer at hand.
        found: AnswerHash,
    },
}

impl Evidence {
    /// What came of an answer to `item`.
    #[must_use]
    pub fn answered(
        item: &Item,
        sent: Timestamp,
        answer: &str,
        grade: &Grade,
        timing: Timing,
    ) -> Self {
        Self {
            answer: Some(AnswerHash::of(answer)),
            ..Self::unanswered(item, sent, grade.outcome(), grade.reason(), timing)
        }
    }

    /// What came of `item` when no answer did.
    #[must_use]
    pub fn unanswered(
        item: &Item,
        sent: Timestamp,
        outcome: Outcome,
        reason: &str,
        timing: Timing,
    ) -> Self {
        Self {
            item: item.id(),
            kind: item.kind(),
            seed: item.seed(),
            sent,
            outcome,
            reason: reason.to_owned(),
            answer: None,
            first_content_ms: timing.first_content_ms,
            whole_ms: timing.whole_ms,
        }
    }

    /// What a scorer goes by.
    #[must_use]
    pub const fn sample(&self) -> Sample {
        Sample {
            item: self.item,
            kind: self.kind,
            outcome: self.outcome,
            first_content_ms: self.first_content_ms,
            whole_ms: self.whole_ms,
        }
    }

    /// Grades `answer` once more, for whoever doubts the grade.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] when the item or the answer is not that of the evidence.
    pub fn replay(&self, answer: &str, grader: &dyn Grader) -> Result<Grade, ReplayError> {
        let item = Item::from_seed(self.kind, self.seed);
        if item.id() != self.item {
            return Err(ReplayError::OtherItem {
                found: item.id(),
                named: self.item,
            });
        }
        let found = AnswerHash::of(answer);
        if self.answer != Some(found) {
            return Err(ReplayError::OtherAnswer { found });
        }
        Ok(grader.grade(&item, answer))
    }
}
