use std::fmt;

use serde::{Deserialize, Serialize};

use super::interval::{Interval, Tally};
use super::rules::{BenchmarkRules, LatencyOf};
use super::sample::{Outcome, Sample, Test};
use crate::benchmark::item::ItemKind;
use crate::money::BasisPoints;

/// What a test, or a whole benchmark, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a judgement passes, fails or waits"
)]
pub enum Verdict {
    /// The threshold is reached.
    Pass,
    /// The threshold is missed.
    Fail,
    /// Too little is known: more samples are needed.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
        })
    }
}

/// One test of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestScore {
    /// What was tested.
    pub test: Test,
    /// Samples that passed.
    pub passed: u64,
    /// Samples that did not.
    pub failed: u64,
    /// The share that passed, rounded down; 0 of no samples.
    pub share: BasisPoints,
    /// Where the true share lies by the policy's confidence.
    pub interval: Interval,
    /// The share that is needed.
    pub needed: BasisPoints,
    /// What it comes to.
    pub verdict: Verdict,
}

/// What the samples of one judgement come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// Mathematics.
    pub math: TestScore,
    /// Code.
    pub code: TestScore,
    /// Answers in time.
    pub latency: TestScore,
    /// The latency in milliseconds which the policy's share of answers kept (by default the median, by nearest rank); nothing
    /// when there are no samples of latency or when that answer never came.
    pub latency_ms: Option<u64>,
    /// Answers that were beyond the grader and forgiven.
    pub ungradable: u64,
    /// Items lost through no fault of the provider.
    pub lost: u64,
    /// Fails when any test fails, passes when all pass.
    pub verdict: Verdict,
}

impl Score {
    /// The three tests.
    #[must_use]
    pub const fn tests(&self) -> [&TestScore; 3] {
        [&self.math, &self.code, &self.latency]
    }
}

/// How samples become a score.
pub trait BenchmarkScorer: fmt::Debug + Send + Sync {
    /// The score of `samples`, whatever they are; no samples are undecided.
    fn score(&self, samples: &[Sample], rules: &BenchmarkRules) -> Score;
}

/// The seeds' thresholds (Seed 001, Benchmarks), applied only as far as the numbers bear it out.
///
/// A test has a share that must be reached: half of the mathematics, half of the code, half of the answers within 5,000 ms
/// (which says that the median is). With fewer samples than the least it is undecided. Then, as long as there are fewer than
/// the most, it passes when the whole Wilson interval lies at or above the threshold and fails when it lies below; in
/// between it stays undecided and more samples are drawn. At the most the seeds' plain rule decides: at least the share, or not.
///
/// Worked, at a threshold of 50 % and 95 %: 9 of 10 pass (59.5 % to 98.3 %), 1 of 10 fails (1.7 % to 40.5 %), 7 of 10
/// stay undecided (39.6 % to 89.3 %), and 48 of 96 pass by the plain rule where 47 of 96 fail.
///
/// One looks after each sample from the 10th to the 96th, so the 95 % of one look are not the chance of a mistake. That
/// chance, exact and by test: who is right 65 times of 100 fails 0.44 % of judgements of one test and 0.88 % of those of both
/// mathematics and code; 60 times, 2.83 %; 70 times, 0.09 %; and who is right only 40 times of 100 passes 3.82 %.
/// With at most 40 samples it would be 1.9 %, 3.8 %, 7.8 % and 13.0 %, and almost all of that comes from the last look and not
/// from the many before it: a wider interval does not help, more samples do.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a rule without state")]
pub struct SeedScorer;

impl BenchmarkScorer for SeedScorer {
    fn score(&self, samples: &[Sample], rules: &BenchmarkRules) -> Score {
        let mut counts = Counts::default();
        for sample in samples {
            counts.add(sample, rules);
        }
        counts.latencies_ms.sort_unstable();
        let in_time = |ms: &&u64| **ms <= rules.latency_most_ms;
        let timed = count(counts.latencies_ms.len());
        let prompt = count(counts.latencies_ms.iter().filter(in_time).count());
        let math = test(Test::Math, counts.math, rules.math_least, rules);
        let code = test(Test::Code, counts.code, rules.code_least, rules);
        let pair = (prompt, timed.saturating_sub(prompt));
        let latency = test(Test::Latency, pair, rules.latency_share_least, rules);
        let verdicts = [math.verdict, code.verdict, latency.verdict];
        Score {
            verdict: if verdicts.contains(&Verdict::Fail) {
                Verdict::Fail
            } else if verdicts.contains(&Verdict::Undecided) {
                Verdict::Undecided
            } else {
                Verdict::Pass
            },
            math,
            code,
            latency,
            latency_ms: percentile(&counts.latencies_ms, rules.latency_share_least),
            ungradable: counts.ungradable,
            lost: counts.lost,
        }
    }
}

/// A latency of an answer that never came.
const NEVER_MS: u64 = u64::MAX;

#[derive(Debug, Default)]
struct Counts {
    math: (u64, u64),
    code: (u64, u64),
    latencies_ms: Vec<u64>,
    ungradable: u64,
    lost: u64,
}

impl Counts {
    fn add(&mut self, sample: &Sample, rules: &BenchmarkRules) {
        let is_right = match sample.outcome {
            Outcome::Lost => {
                self.lost += 1;
                return;
            }
            Outcome::Ungradable if self.ungradable < rules.ungradable_most => {
                self.ungradable += 1;
                None
            }
            Outcome::Right => Some(true),
            Outcome::Wrong | Outcome::Failed | Outcome::Ungradable => Some(false),
        };
        let of_kind = match sample.kind {
            ItemKind::Math => &mut self.math,
            ItemKind::Code => &mut self.code,
        };
        match is_right {
            Some(true) => of_kind.0 += 1,
            Some(false) => of_kind.1 += 1,
            None => {}
        }
        let latency_ms = match rules.latency_of {
            _ if sample.outcome == Outcome::Failed => Some(NEVER_MS),
            LatencyOf::FirstContent => sample.first_content_ms,
            LatencyOf::WholeAnswer => sample.whole_ms,
        };
        self.latencies_ms.extend(latency_ms);
    }
}

fn test(
    test: Test,
    (passed, failed): (u64, u64),
    needed: BasisPoints,
    rules: &BenchmarkRules,
) -> TestScore {
    let samples = passed.saturating_add(failed);
    let points = needed.get();
    let tally = Tally::new(passed, samples, rules.z_permille);
    let verdict = if samples < rules.samples_least {
        Verdict::Undecided
    } else if samples >= rules.samples_most {
        plain(tally.share_is_at_least(points))
    } else if tally.low_is_at_least(points) {
        Verdict::Pass
    } else if tally.high_is_below(points) {
        Verdict::Fail
    } else {
        Verdict::Undecided
    };
    TestScore {
        test,
        passed,
        failed,
        share: BasisPoints::of(passed, samples),
        interval: Interval::wilson(passed, samples, rules.z_permille),
        needed,
        verdict,
    }
}

const fn plain(is_reached: bool) -> Verdict {
    if is_reached {
        Verdict::Pass
    } else {
        Verdict::Fail
    }
}

/// The nearest rank: the smallest latency that `share` of all samples kept.
fn percentile(ascending_ms: &[u64], share: BasisPoints) -> Option<u64> {
    let whole = usize::from(BasisPoints::WHOLE.get());
    let rank = ascending_ms
        .len()
        .saturating_mul(usize::from(share.get()))
        .div_ceil(whole)
        .max(1);
    let latency = *ascending_ms.get(rank - 1)?;
    (latency != NEVER_MS).then_some(latency)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
