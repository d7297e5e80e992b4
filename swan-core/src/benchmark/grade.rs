use std::fmt;

use super::item::{Item, Key};
use super::number;
use super::sample::Outcome;

/// What a grader makes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an answer is right, wrong or beyond the grader"
)]
pub enum Grade {
    /// It is right.
    Right,
    /// It is wrong, and why.
    Wrong(String),
    /// The grader cannot tell, and why.
    Ungradable(String),
}

impl Grade {
    /// The outcome that a sample records.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Right => Outcome::Right,
            Self::Wrong(_) => Outcome::Wrong,
            Self::Ungradable(_) => Outcome::Ungradable,
        }
    }

    /// Why, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Right => "right",
            Self::Wrong(why) | Self::Ungradable(why) => why,
        }
    }
}

/// Whoever can say whether an answer is right.
///
/// It answers for any text in bounded time and never panics, and it gives the same answer the same grade always, so that a
/// grade can be replayed as evidence.
pub trait Grader: fmt::Debug + Send + Sync {
    /// Grades `answer` to `item`.
    fn grade(&self, item: &Item, answer: &str) -> Grade;
}

/// Grades mathematics; code needs an interpreter, which the core does not have.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a rule without state")]
pub struct NumberGrader;

impl Grader for NumberGrader {
    fn grade(&self, item: &Item, answer: &str) -> Grade {
        match item.key() {
            Key::Number(expected) => number::grade(expected, answer),
            Key::Program(_) => Grade::Ungradable("this grader runs no code".to_owned()),
        }
    }
}
