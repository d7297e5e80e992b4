//! What is true of every history, whatever comes in whatever order at whatever time.

use proptest::prelude::*;
use swan_core::standing::{
    Event, Millionths, PenaltyState, Rate, Slash, Standing, StandingKind as K,
};
use swan_core::{Policy, ProviderId, Timestamp};

use super::scene::{START, case, failed, fraud, passed, success, trailing, uptime};

fn event() -> impl Strategy<Value = Event> {
    let number = 0..40_u128;
    prop_oneof![
        1 => Just(Event::Tick),
        1 => Just(Event::Registered),
        1 => Just(Event::BenchmarkStarted),
        1 => number.clone().prop_map(passed),
        6 => number.clone().prop_map(failed),
        1 => number.clone().prop_map(|n| Event::BenchmarkUndecided { case: case(n) }),
        2 => Just(Event::Approved),
        2 => Just(Event::CollateralSufficient),
        1 => Just(Event::CollateralInsufficient { evidence: super::scene::proof() }),
        1 => (0..5_u64).prop_map(|good| success(good, 4)),
        1 => (0..5_u64).prop_map(|good| uptime(good, 4)),
        1 => (0..5_u64).prop_map(|good| trailing(good, 4)),
        1 => number.clone().prop_map(fraud),
        2 => number.clone().prop_map(|n| Event::AppealFiled { case: case(n) }),
        1 => number.clone().prop_map(|n| Event::AppealUpheld { case: case(n) }),
        1 => number.prop_map(|n| Event::AppealDenied { case: case(n) }),
        1 => Just(Event::ExitRequested),
        1 => Just(Event::ExitCancelled),
        1 => Just(Event::ExitFinished),
        1 => Just(Event::Stopped { evidence: super::scene::proof() }),
        1 => Just(Event::Reinstated),
    ]
}

/// Hours since the start, in any order: clocks step back.
fn history() -> impl Strategy<Value = Vec<(Event, u64)>> {
    prop::collection::vec((event(), 0..1_500_u64), 1..120)
}

fn at(hours: u64) -> Timestamp {
    START.after(std::time::Duration::from_secs(hours * 3_600))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_history_breaks_the_rules(history in history()) {
        let policy = Policy::swan_2_0();
        let mut standing = Standing::register(ProviderId::from_u128(7), START);
        let mut decided = std::collections::BTreeMap::new();
        for (event, hours) in history {
            let before = standing.clone();
            let change = standing.apply(&event, at(hours), &policy);
            if before.kind() == K::Removed {
                prop_assert!(change.to == K::Removed || event == Event::Reinstated);
            }
            let lifted = change.penalties.iter().any(|p| matches!(p.state, PenaltyState::Lifted { .. }));
            if standing.failures_in_a_row() < before.failures_in_a_row() {
                let passed = matches!(event, Event::BenchmarkPassed { .. });
                prop_assert!(lifted || passed);
            }
            for penalty in &change.penalties {
                prop_assert!(!penalty.grounds.evidence.is_empty());
                prop_assert_eq!(&penalty.grounds.policy, policy.stamp());
                let allowed = match penalty.in_a_row {
                    Some(1) => Slash::Nothing,
                    Some(2) => Slash::Share(Millionths::new(100_000).unwrap()),
                    Some(_) => Slash::Share(Millionths::new(300_000).unwrap()),
                    None => penalty.slash,
                };
                prop_assert_eq!(penalty.slash, allowed);
                let all = "10".parse().unwrap();
                prop_assert!(penalty.slash.of(all).unwrap() <= all);
                // Once decided for good it stays so.
                if let Some(earlier) = decided.get(&penalty.id) {
                    prop_assert_eq!(earlier, &penalty.state);
                }
                if !penalty.is_open() {
                    decided.insert(penalty.id, penalty.state);
                }
            }
            prop_assert!(standing.open_penalties().iter().all(swan_core::standing::Penalty::is_open));
        }
    }

    /// Delivering anything twice is the same as once.
    #[test]
    fn what_comes_twice_counts_once(history in history()) {
        let policy = Policy::swan_2_0();
        let mut once = Standing::register(ProviderId::from_u128(7), START);
        let mut twice = once.clone();
        for (event, hours) in history {
            let _: swan_core::standing::Change = once.apply(&event, at(hours), &policy);
            for _ in 0..2 {
                let _: swan_core::standing::Change = twice.apply(&event, at(hours), &policy);
            }
            prop_assert_eq!(&once, &twice);
        }
    }

    /// A clock that steps back is one that stands still.
    #[test]
    fn a_clock_that_goes_backwards_is_harmless(history in history()) {
        let policy = Policy::swan_2_0();
        let mut jumping = Standing::register(ProviderId::from_u128(7), START);
        let mut steady = jumping.clone();
        let mut latest = 0;
        for (event, hours) in history {
            latest = latest.max(hours);
            let a = jumping.apply(&event, at(hours), &policy);
            let b = steady.apply(&event, at(latest), &policy);
            prop_assert_eq!(a, b);
        }
        prop_assert_eq!(jumping, steady);
    }

    /// Stored and read back it is the same.
    #[test]
    fn a_standing_survives_the_store(history in history()) {
        let policy = Policy::swan_2_0();
        let mut standing = Standing::register(ProviderId::from_u128(7), START);
        for (event, hours) in history {
            let _: swan_core::standing::Change = standing.apply(&event, at(hours), &policy);
        }
        let bytes = postcard::to_stdvec(&standing).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Standing>(&bytes).unwrap(), &standing);
        let json = serde_json::to_string(&standing).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Standing>(&json).unwrap(), &standing);
    }

    #[test]
    fn a_rate_compares_without_rounding(good in 0..=u64::MAX, of in 1..=u64::MAX, points in 0..=10_000_u16) {
        let rate = Rate::new(good.min(of), of).unwrap();
        let share = swan_core::BasisPoints::new(points).unwrap();
        let exact = (u128::from(rate.good()) * 10_000).cmp(&(u128::from(of) * u128::from(points)));
        prop_assert_eq!(rate.compare(share), exact);
    }
}
