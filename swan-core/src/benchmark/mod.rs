//! Benchmarks: what a provider is asked, how its answers are graded, and what they come to (Seed 001, Quality Assurance).
//!
//! The hub draws an [`Item`] from a secret seed, sends it like any request, measures the time, has a [`Grader`] grade the
//! answer, and keeps [`Evidence`]. A [`BenchmarkScorer`] turns the samples of a [`Round`] into a [`Score`], and a
//! [`BenchmarkVerdict`] with its grounds is what the provider's standing goes by. A [`Schedule`] says when, one item at a time.
//!
//! Nothing here believes the provider: the public agent's own benchmark messages carry the answers along and let the judged
//! grade itself (public record 1.4 and 4.4), so they are not used.

mod evidence;
mod grade;
mod interval;
mod item;
mod number;
mod round;
mod rules;
mod sample;
mod schedule;
mod score;
mod section;

pub use evidence::{AnswerHash, Evidence, ReplayError, Timing};
pub use grade::{Grade, Grader, NumberGrader};
pub use interval::Interval;
pub use item::{Case, Item, ItemId, ItemKind, ItemSeed, Key, Program, Value};
pub use number::{Expected, Rational};
pub use round::{BenchmarkVerdict, Round, judge};
pub use rules::{BenchmarkRules, LatencyOf};
pub use sample::{Outcome, Sample, Test};
pub use schedule::{Due, Schedule};
pub use score::{BenchmarkScorer, Score, SeedScorer, TestScore, Verdict};
pub(crate) use section::Section;
