use std::time::Duration;

use proptest::prelude::*;
use swan_core::health::{Backoff, HalfLives, PeakEwma};
use swan_core::{SeededRng, Timestamp};

use super::at;

const LIVES: HalfLives = HalfLives {
    news: Duration::from_secs(10),
    silence: Duration::from_secs(300),
};

#[test]
fn peaks_count_at_once_and_fade_by_half_lives() {
    let peak = PeakEwma::first(100, at(0)).observe(1_100, at(0), &LIVES);
    assert_eq!(peak.ms, 1_100);
    for (secs, expected) in [
        (0, 1_100),
        (5, 850),
        (10, 600),
        (15, 475),
        (20, 350),
        (1_000, 100),
    ] {
        assert_eq!(
            peak.observe(100, at(secs), &LIVES).ms,
            expected,
            "after {secs} s"
        );
    }
    for (secs, expected) in [
        (0, 1_100),
        (150, 825),
        (300, 550),
        (600, 275),
        (1_000_000, 0),
    ] {
        assert_eq!(
            peak.at(at(secs), &LIVES),
            expected,
            "unobserved for {secs} s"
        );
    }
}

proptest! {
    #[test]
    fn an_average_lies_between_the_news_and_what_was(
        old: u64, news: u64, then: u64, now: u64, half in 0..100_000_u64,
    ) {
        let lives = HalfLives { news: Duration::from_millis(half), silence: Duration::from_millis(half) };
        let [then, now] = [then, now].map(Timestamp::from_millis);
        let ewma = PeakEwma::first(old, then);
        let next = ewma.observe(news, now, &lives);
        prop_assert!((news..=news.max(old)).contains(&next.ms));
        prop_assert!(ewma.at(now, &lives) <= old);
        if now <= then {
            prop_assert_eq!(next.ms, news.max(old), "no time passes on a clock that goes back");
        }
    }

    #[test]
    fn an_average_never_rises_with_time(old: u64, first in 0..10_000_000_u64, more in 0..10_000_000_u64) {
        let ewma = PeakEwma::first(old, Timestamp::EPOCH);
        let [first, later] = [first, first + more].map(|ms| ewma.at(Timestamp::from_millis(ms), &LIVES));
        prop_assert!(later <= first);
    }

    #[test]
    fn waits_stay_below_their_ceiling_and_the_ceiling_below_the_cap(failures: u32, seed: u64) {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(60) };
        let wait = backoff.wait(failures, &mut SeededRng::new(seed));
        prop_assert!(wait <= backoff.ceiling(failures) && backoff.ceiling(failures) <= backoff.cap);
        prop_assert!(failures > 0 || wait.is_zero());
    }
}

#[test]
fn waits_double_and_are_spread_over_the_whole_span() {
    let backoff = Backoff {
        base: Duration::from_secs(1),
        cap: Duration::from_secs(60),
    };
    let ceilings = [1, 2, 3, 6, 7, 8, u32::MAX].map(|failures| backoff.ceiling(failures).as_secs());
    assert_eq!(ceilings, [1, 2, 4, 32, 60, 60, 60]);
    let mut rng = SeededRng::new(1);
    let total: u128 = (0..10_000)
        .map(|_| backoff.wait(3, &mut rng).as_millis())
        .sum();
    assert!(
        (19_500_000..20_500_000).contains(&total),
        "the mean of 0 to 4 s is 2 s: {total} ms"
    );
}
