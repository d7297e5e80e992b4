//! The reputation of Swan 1.0, with the figures of its page.

use proptest::prelude::*;
use swan_core::leaderboard::{Factors, ReputationRules};
use swan_core::{Policy, SeededRng};

fn rules() -> ReputationRules {
    Policy::swan_1_0()
        .leaderboard()
        .reputation()
        .unwrap()
        .clone()
}

/// The page's examples weigh 10/20/50/20 without refunds, from before the five factors.
fn of_the_examples() -> ReputationRules {
    let text = Policy::SWAN_1_0_TOML
        .replacen("join_time_bps = 1_000", "join_time_bps = 2_000", 1)
        .replacen("system_jobs_bps = 3_500", "system_jobs_bps = 5_000", 1)
        .replacen("user_jobs_bps = 1_500", "user_jobs_bps = 2_000", 1)
        .replacen("refunds_bps = 3_000", "refunds_bps = 0", 1);
    let policy = Policy::from_toml(&text).unwrap();
    policy.leaderboard().reputation().unwrap().clone()
}

fn factors([uptime, join_time, system_jobs, user_jobs]: [u64; 4]) -> Factors {
    Factors {
        uptime,
        join_time,
        system_jobs,
        user_jobs,
        refunds: 10_000,
    }
}

#[test]
fn the_published_examples_come_out() {
    let rules = of_the_examples();
    for (given, expected) in [
        ([9_950, 7_000, 8_000, 9_500], 8_295),
        ([9_990, 10_000, 10_000, 9_900], 9_979),
        ([9_500, 3_000, 6_000, 8_000], 6_150),
    ] {
        assert_eq!(rules.total(&factors(given)), expected, "{given:?}");
    }
    assert_eq!(
        super::reputation::rules().windowed([8_500, 7_500, 7_000]),
        7_900
    );
}

#[test]
fn the_five_factors_weigh_as_on_record() {
    let nothing = Factors {
        uptime: 0,
        join_time: 0,
        system_jobs: 0,
        user_jobs: 0,
        refunds: 0,
    };
    let rules = rules();
    for (one, weight) in [
        (
            Factors {
                uptime: 10_000,
                ..nothing
            },
            1_000,
        ),
        (
            Factors {
                join_time: 10_000,
                ..nothing
            },
            1_000,
        ),
        (
            Factors {
                system_jobs: 10_000,
                ..nothing
            },
            3_500,
        ),
        (
            Factors {
                user_jobs: 10_000,
                ..nothing
            },
            1_500,
        ),
        (
            Factors {
                refunds: 10_000,
                ..nothing
            },
            3_000,
        ),
        (
            Factors {
                refunds: 99_999,
                ..nothing
            },
            3_000,
        ),
    ] {
        assert_eq!(rules.total(&one), weight, "{one:?}");
    }
}

#[test]
fn system_jobs_start_at_50_gain_10_lose_20_and_stay_between_0_and_100() {
    let rules = rules();
    assert_eq!(rules.system_jobs([]), 5_000);
    assert_eq!(rules.system_jobs([true]), 6_000);
    assert_eq!(rules.system_jobs([false]), 3_000);
    assert_eq!(rules.system_jobs([true; 9]), 10_000);
    assert_eq!(rules.system_jobs([false, false, false, true]), 1_000);
    assert_eq!(rules.settled(9_000, 9, 4_000), 4_000);
    assert_eq!(rules.settled(9_000, 10, 4_000), 9_000);
}

/// Bidders of 85, 92, 78 and 88 are chosen with probabilities of about 0.2478, 0.2682, 0.2274 and 0.2566.
#[test]
fn the_choice_is_weighted_by_reputation() {
    let mut rng = SeededRng::new(11);
    let mut chosen = [0_u32; 4];
    for _ in 0..100_000 {
        chosen[ReputationRules::choose(&[85, 92, 78, 88], &mut rng).unwrap()] += 1;
    }
    for (count, expected) in chosen.into_iter().zip([24_781, 26_822, 22_741, 25_656_u32]) {
        assert!(count.abs_diff(expected) < 500, "{chosen:?}");
    }
    assert_eq!(ReputationRules::choose(&[], &mut rng), None);
    assert_eq!(ReputationRules::choose(&[0, 0], &mut rng), None);
    assert_eq!(ReputationRules::choose(&[0, 3, 0], &mut rng), Some(1));
    assert_eq!(
        ReputationRules::choose(&[u64::MAX, 1], &mut rng),
        None,
        "no sum, no choice"
    );
}

#[test]
fn a_policy_without_reputation_says_so() {
    let error = Policy::swan_2_0().leaderboard().reputation().unwrap_err();
    assert!(
        error.to_string().contains("leaderboard.reputation"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn reputation_stays_in_its_bounds(outcomes in prop::collection::vec(any::<bool>(), 0..100), parts in any::<[u64; 5]>()) {
        let rules = rules();
        prop_assert!(rules.system_jobs(outcomes) <= 10_000);
        let [uptime, join_time, system_jobs, user_jobs, refunds] = parts;
        let factors = Factors { uptime, join_time, system_jobs, user_jobs, refunds };
        prop_assert!(rules.total(&factors) <= 10_000);
        prop_assert!(rules.windowed([uptime, join_time, refunds]) <= 10_000);
    }
}
