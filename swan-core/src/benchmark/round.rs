use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::rules::BenchmarkRules;
use super::sample::Sample;
use super::score::{BenchmarkScorer, Score, TestScore, Verdict};
use super::{LatencyOf, Test};
use crate::{Fact, Grounds, PolicyStamp, Timestamp};

/// A benchmark that passed, failed or needs more samples: what the standing of a provider goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BenchmarkVerdict {
    /// What it came to.
    pub verdict: Verdict,
    /// When it was judged.
    pub at: Timestamp,
    /// Until when a pass is good for; after it the provider must pass again (Seed 001: 30 days).
    pub expires: Timestamp,
    /// The numbers.
    pub score: Score,
    /// The rule, the policy and the facts; the evidence of each item is with the round.
    pub grounds: Grounds,
}

/// The items that one judgement goes by, gathered one at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    evidence: Vec<Evidence>,
}

impl Round {
    /// Nothing gathered yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            evidence: Vec::new(),
        }
    }

    /// What was gathered, oldest first.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The samples of what was gathered.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        self.evidence.iter().map(Evidence::sample).collect()
    }

    /// Adds an item; one that is there already changes nothing, so that an event told twice counts once.
    ///
    /// Beyond eight times the most samples of a test the oldest is dropped: a provider whose every item is lost does not fill
    /// the memory of the hub.
    pub fn record(&mut self, evidence: Evidence, rules: &BenchmarkRules) {
        if self
            .evidence
            .iter()
            .any(|known| known.item == evidence.item)
        {
            return;
        }
        let most = usize::try_from(rules.samples_most.saturating_mul(8)).unwrap_or(usize::MAX);
        if self.evidence.len() >= most {
            self.evidence.remove(0);
        }
        self.evidence.push(evidence);
    }

    /// Judges what was gathered. After a pass or a failure the next round starts from nothing.
    pub fn judge(
        &mut self,
        scorer: &dyn BenchmarkScorer,
        rules: &BenchmarkRules,
        policy: PolicyStamp,
        now: Timestamp,
    ) -> BenchmarkVerdict {
        let verdict = judge(scorer.score(&self.samples(), rules), rules, policy, now);
        if verdict.verdict != Verdict::Undecided {
            self.evidence.clear();
        }
        verdict
    }
}

/// The verdict on a score.
#[must_use]
pub fn judge(
    score: Score,
    rules: &BenchmarkRules,
    policy: PolicyStamp,
    now: Timestamp,
) -> BenchmarkVerdict {
    let rule = match score.verdict {
        Verdict::Undecided => {
            "Seed 001, Benchmarks: nobody is judged before the least samples decide it"
        }
        Verdict::Pass | Verdict::Fail => "Seed 001, Benchmarks: math, code and latency",
    };
    let mut tests = score.tests();
    // The most telling first: what failed, then what is open.
    tests.sort_by_key(|test| match test.verdict {
        Verdict::Fail => 0,
        Verdict::Undecided => 1,
        Verdict::Pass => 2,
    });
    let mut grounds = tests
        .into_iter()
        .fold(Grounds::new(rule, policy), |grounds, test| {
            grounds.with(fact(test, &score, rules))
        });
    if score.ungradable > 0 {
        let fact = Fact::new("answers beyond the grader", score.ungradable);
        grounds =
            grounds.with(fact.needed(format!("at most {} are forgiven", rules.ungradable_most)));
    }
    BenchmarkVerdict {
        verdict: score.verdict,
        at: now,
        expires: now.after(rules.expires),
        score,
        grounds,
    }
}

fn fact(test: &TestScore, score: &Score, rules: &BenchmarkRules) -> Fact {
    let samples = test.passed.saturating_add(test.failed);
    let name = match test.test {
        Test::Math => "math accuracy",
        Test::Code => "code accuracy",
        Test::Latency => match rules.latency_of {
            LatencyOf::FirstContent => "answers begun in time",
            LatencyOf::WholeAnswer => "answers whole in time",
        },
    };
    let mut found = format!(
        "{} of {samples} ({}, {} to {}): {}",
        test.passed, test.share, test.interval.low, test.interval.high, test.verdict
    );
    let mut needed = format!("at least {}", test.needed);
    if test.test == Test::Latency {
        needed.push_str(&format!(" within {} ms", rules.latency_most_ms));
        if let Some(latency) = score.latency_ms {
            found.push_str(&format!(", {latency} ms"));
        }
    }
    Fact::new(name, found).needed(needed)
}
