use proptest::prelude::*;
use swan_core::benchmark::{
    BenchmarkScorer, Interval, Item, ItemKind, ItemSeed, LatencyOf, Outcome, Sample, SeedScorer,
    Test, Verdict, judge,
};
use swan_core::{Policy, Timestamp};

fn sample(kind: ItemKind, outcome: Outcome, first_content_ms: Option<u64>) -> Sample {
    Sample {
        item: Item::from_seed(kind, ItemSeed::new(1)).id(),
        kind,
        outcome,
        first_content_ms,
        whole_ms: Some(20_000),
    }
}

/// Samples of both kinds, all in time, with `right` of `count` of each.
fn samples(right: u64, count: u64) -> Vec<Sample> {
    let outcome = |n: u64| {
        if n < right {
            Outcome::Right
        } else {
            Outcome::Wrong
        }
    };
    [ItemKind::Math, ItemKind::Code]
        .into_iter()
        .flat_map(|kind| (0..count).map(move |n| sample(kind, outcome(n), Some(400))))
        .collect()
}

#[test]
fn the_interval_is_the_published_one() {
    // Right, samples, bounds in basis points at 95 %, by the textbook formula, rounded outward.
    let table = [
        (0, 0, 0, 10_000),
        (0, 10, 0, 2_776),
        (1, 10, 178, 4_042),
        (4, 10, 1_681, 6_874),
        (5, 10, 2_365, 7_635),
        (9, 10, 5_958, 9_822),
        (10, 10, 7_224, 10_000),
        (20, 40, 3_519, 6_481),
        (50, 100, 4_038, 5_962),
        (500, 1_000, 4_690, 5_310),
    ];
    for (right, count, low, high) in table {
        let interval = Interval::wilson(right, count, 1_960);
        assert!(
            interval.low.get().abs_diff(low) <= 1 && interval.high.get().abs_diff(high) <= 1,
            "{right} of {count}: {interval:?}"
        );
    }
    // Without a margin it is the share itself.
    let share = Interval::wilson(1, 4, 0);
    assert_eq!((share.low.get(), share.high.get()), (2_500, 2_500));
}

#[test]
fn nobody_is_judged_before_the_numbers_bear_it_out() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    // Right of so many, and the verdict: around the least samples, the interval, and the most samples.
    let table = [
        (0, 0, Verdict::Undecided),
        (0, 9, Verdict::Undecided),
        (9, 9, Verdict::Undecided),
        (0, 10, Verdict::Fail),
        (1, 10, Verdict::Fail),
        (2, 10, Verdict::Undecided),
        (8, 10, Verdict::Undecided),
        (9, 10, Verdict::Pass),
        (10, 10, Verdict::Pass),
        (47, 95, Verdict::Undecided),
        (47, 96, Verdict::Fail),
        (48, 96, Verdict::Pass),
    ];
    for (right, count, verdict) in table {
        let score = SeedScorer.score(&samples(right, count), rules);
        assert_eq!(score.math.verdict, verdict, "{right} of {count}: {score:?}");
        assert_eq!(score.code.verdict, verdict);
        let latency = if count >= 10 {
            Verdict::Pass
        } else {
            score.latency.verdict
        };
        assert_eq!(score.latency.verdict, latency);
    }
}

#[test]
fn the_median_is_in_time_or_not() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    assert_eq!(rules.latency_of(), LatencyOf::FirstContent);
    let timed = |slow: u64, ms: u64| -> Vec<Sample> {
        (0..96)
            .map(|n| {
                sample(
                    ItemKind::Math,
                    Outcome::Right,
                    Some(if n < slow { ms } else { 5_000 }),
                )
            })
            .collect()
    };
    let score = SeedScorer.score(&timed(48, 5_001), rules);
    assert_eq!(
        (score.latency.verdict, score.latency_ms),
        (Verdict::Pass, Some(5_000))
    );
    let score = SeedScorer.score(&timed(49, 5_001), rules);
    assert_eq!(
        (score.latency.verdict, score.latency_ms),
        (Verdict::Fail, Some(5_001))
    );
    let unstreamed: Vec<Sample> = (0..96)
        .map(|_| sample(ItemKind::Math, Outcome::Right, None))
        .collect();
    let score = SeedScorer.score(&unstreamed, rules);
    assert_eq!(
        (score.latency.verdict, score.latency_ms),
        (Verdict::Undecided, None)
    );
}

#[test]
fn blame_decides_what_is_a_sample() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let many = |outcome| {
        (0..12)
            .map(|_| sample(ItemKind::Code, outcome, Some(10)))
            .collect::<Vec<_>>()
    };
    let lost = SeedScorer.score(&many(Outcome::Lost), rules);
    assert_eq!(
        (lost.lost, lost.code.failed, lost.latency.passed),
        (12, 0, 0)
    );
    let failed = SeedScorer.score(&many(Outcome::Failed), rules);
    assert_eq!(
        (failed.code.failed, failed.latency.failed, failed.latency_ms),
        (12, 12, None)
    );
    // Four are forgiven, the other eight count.
    let beyond = SeedScorer.score(&many(Outcome::Ungradable), rules);
    assert_eq!(
        (beyond.ungradable, beyond.code.failed, beyond.latency.passed),
        (4, 8, 12)
    );
}

#[test]
fn a_verdict_says_why_and_until_when() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let score = SeedScorer.score(&samples(1, 10), rules);
    let verdict = judge(score, rules, policy.stamp().clone(), Timestamp::EPOCH);
    assert_eq!(verdict.verdict, Verdict::Fail);
    assert_eq!(verdict.expires.as_secs(), 30 * 86_400);
    let text = verdict.grounds.to_string();
    assert!(
        text.contains(
            "math accuracy was 1 of 10 (10%, 1.78% to 40.42%): fail, needed at least 50%"
        ),
        "{text}"
    );
}

#[test]
fn one_failed_test_fails_and_one_open_test_waits() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let mut mixed = samples(10, 10);
    assert_eq!(SeedScorer.score(&mixed, rules).verdict, Verdict::Pass);
    for entry in mixed
        .iter_mut()
        .filter(|entry| entry.kind == ItemKind::Code)
        .take(4)
    {
        entry.outcome = Outcome::Wrong;
    }
    assert_eq!(SeedScorer.score(&mixed, rules).verdict, Verdict::Undecided);
    for entry in mixed
        .iter_mut()
        .filter(|entry| entry.kind == ItemKind::Code)
    {
        entry.outcome = Outcome::Wrong;
    }
    let score = SeedScorer.score(&mixed, rules);
    assert_eq!(
        (score.verdict, score.math.verdict),
        (Verdict::Fail, Verdict::Pass)
    );
    assert_eq!(
        score.tests().map(|test| test.test),
        [Test::Math, Test::Code, Test::Latency]
    );
}

#[test]
fn bad_rules_name_their_key() {
    for (line, bad, key) in [
        (
            "math_least_bps = 5_000",
            "math_least_bps = 10_001",
            "benchmark.math_least_bps",
        ),
        (
            "samples_least = 10",
            "samples_least = 0",
            "benchmark.samples_least",
        ),
        (
            "samples_most = 96",
            "samples_most = 9",
            "benchmark.samples_most",
        ),
        (
            "window_hours = 24",
            "window_hours = 0",
            "benchmark.window_hours",
        ),
        (
            "rounds_most = 1",
            "rounds_most = 0",
            "benchmark.rounds_most",
        ),
        (
            "latency_most_ms = 5_000",
            "latency_most_ms = 0",
            "benchmark.latency_most_ms",
        ),
    ] {
        let text = Policy::SWAN_2_0_TOML.replace(line, bad);
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

proptest! {
    #[test]
    fn the_interval_holds_the_share_and_narrows(right in 0_u64..=500, more in 0_u64..=500, z in 0_u64..4_000) {
        let count = right + more;
        let interval = Interval::wilson(right, count, z);
        prop_assert!(interval.low.get() <= interval.high.get());
        if let Some(share) = (right * 10_000).checked_div(count) {
            prop_assert!(u64::from(interval.low.get()) <= share && share <= u64::from(interval.high.get()));
            let wider = Interval::wilson(right, count, z + 500);
            prop_assert!(wider.low.get() <= interval.low.get() && interval.high.get() <= wider.high.get());
            let better = Interval::wilson(right + 1, count + 1, z);
            prop_assert!(better.low.get() >= interval.low.get() && better.high.get() >= interval.high.get());
        }
    }
}
