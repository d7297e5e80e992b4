//! The leaderboard of Seed 001.

use proptest::prelude::*;
use swan_core::leaderboard::{Latency, Performance};
use swan_core::standing::Rate;
use swan_core::{Policy, ProviderId};

const HOUR_MS: u64 = 3_600_000;

fn provider(id: u128, hours: (u64, u64), attempts: (u64, u64), latency: (u64, u64)) -> Performance {
    Performance {
        provider: ProviderId::from_u128(id),
        uptime: Rate::new(hours.0 * HOUR_MS, hours.1 * HOUR_MS),
        success: Rate::new(attempts.0, attempts.1),
        latency: (latency.1 > 0).then_some(Latency {
            millis: latency.0,
            samples: latency.1,
        }),
    }
}

fn order(providers: &[Performance]) -> Vec<u128> {
    let board = Policy::swan_2_0().leaderboard().rank(providers);
    board.iter().map(|line| line.provider.as_u128()).collect()
}

#[test]
fn three_lucky_requests_do_not_lead() {
    let lucky = provider(1, (3, 3), (3, 3), (50, 3));
    let proven = provider(2, (700, 720), (9_700, 10_000), (900, 10_000));
    let flaky = provider(3, (400, 720), (7_000, 10_000), (900, 10_000));
    let unknown = provider(4, (0, 0), (0, 0), (0, 0));
    assert_eq!(order(&[unknown, flaky, lucky, proven]), [2, 3, 1, 4]);
}

/// The lower ends of the Wilson intervals are those that textbooks give: 3 of 3 at 95 % is 43.85 % (rounded down here).
#[test]
fn each_part_counts_as_far_as_one_can_be_sure() {
    let policy = Policy::swan_2_0();
    let rules = policy.leaderboard();
    let score = rules.score(&provider(1, (3, 3), (3, 3), (1_000, 3)));
    assert_eq!(score.success.sure.get(), 4_384);
    assert_eq!(score.availability.sure.get(), 4_384);
    assert_eq!(score.latency.sure.get(), 3_507, "four fifths of 43.84 %");
    assert_eq!(
        score.points(),
        4_384 * 3_500 + 4_384 * 4_500 + 3_507 * 2_000
    );
    let score = rules.score(&provider(1, (1, 1), (98, 100), (5_000, 1_000)));
    assert_eq!(score.success.sure.get(), 9_299);
    assert_eq!(
        score.latency.sure,
        swan_core::BasisPoints::ZERO,
        "as slow as a benchmark may not be"
    );
    let told = score.explain(policy.stamp()).to_string();
    assert!(
        told.contains("success was at least 92.99% (weight 45%)"),
        "{told}"
    );
}

#[test]
fn equals_stand_in_a_fixed_order_and_nobody_stands_twice() {
    let same = |id, of| provider(id, (0, 0), (0, of), (0, 0));
    assert_eq!(
        order(&[same(9, 5), same(2, 5), same(5, 70), same(2, 5)]),
        [5, 2, 9]
    );
    assert_eq!(order(&[]), Vec::<u128>::new());
}

#[test]
fn weights_that_do_not_sum_to_the_whole_are_refused() {
    let text = Policy::SWAN_2_0_TOML.replacen("success_bps = 4_500", "success_bps = 4_499", 1);
    let error = Policy::from_toml(&text).unwrap_err().to_string();
    assert!(error.contains("leaderboard = 9999 basis points"), "{error}");
    assert!(
        error.contains("leaderboard.latency_bps sum to 10000"),
        "{error}"
    );
}

fn any_provider() -> impl Strategy<Value = Performance> {
    let share = |most: u64| (0..=most).prop_flat_map(|of| (0..=of, Just(of)));
    (
        0..50_u128,
        share(720),
        share(100_000),
        (0..10_000_u64, 0..5_000_u64),
    )
        .prop_map(|(id, hours, attempts, latency)| provider(id, hours, attempts, latency))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_board_is_sorted_and_does_not_depend_on_the_input(
        providers in prop::collection::vec(any_provider(), 0..60)
    ) {
        let rules = Policy::swan_2_0().leaderboard().clone();
        let board = rules.rank(&providers);
        let mut turned = providers;
        turned.reverse();
        prop_assert_eq!(&board, &rules.rank(&turned));
        prop_assert!(board.is_sorted_by_key(|line| std::cmp::Reverse(line.score.points())));
        prop_assert!(board.iter().zip(1..).all(|(line, rank)| line.rank == rank));
        prop_assert!(board.iter().all(|line| line.score.points() <= 100_000_000));
    }

    /// One more success never costs a place, and one more failure never gains one.
    #[test]
    fn doing_better_never_hurts(one in any_provider()) {
        let rules = Policy::swan_2_0().leaderboard().clone();
        let (good, of) = one.success.map_or((0, 0), |rate| (rate.good(), rate.of()));
        let with = |good, of| rules.score(&Performance { success: Rate::new(good, of), ..one }).points();
        prop_assert!(with(good + 1, of + 1) >= rules.score(&one).points());
        prop_assert!(with(good, of + 1) <= rules.score(&one).points());
    }
}
