//! Seed 001, "Slashing Conditions", scenario by scenario, at each boundary.

use swan_core::standing::{
    Destination, Event, Millionths, NotRouted, PenaltyState, RoutingClass, Slash, StandingKind as K,
};
use swan_core::{Policy, Timestamp};

use super::scene::{
    DAY, HOUR, START, Scene, at, case, failed, fraud, passed, success, trailing, uptime,
};

const MS: std::time::Duration = std::time::Duration::from_millis(1);

fn share(percent: u32) -> Slash {
    Slash::Share(Millionths::new(percent * 10_000).unwrap())
}

#[test]
fn the_first_failure_warns_and_suspends_for_24_hours() {
    let mut scene = Scene::active();
    let change = scene.on(&failed(1));
    let penalty = &change.penalties[0];
    assert_eq!(penalty.slash, Slash::Nothing);
    assert!(!penalty.removal);
    assert_eq!(penalty.suspended_until, Some(scene.now.after(DAY)));
    assert_eq!(
        penalty.grounds.rule,
        "Seed 001, Slashing Conditions: benchmark failure (1st)"
    );
    assert_eq!(penalty.grounds.policy, *scene.policy.stamp());
    assert!(
        penalty
            .grounds
            .to_string()
            .contains("math accuracy was 12%, needed at least 50%")
    );
    assert_eq!(
        scene.standing.routing(),
        RoutingClass::None(NotRouted::Suspended)
    );
    assert_eq!(scene.kind_after(DAY - MS), K::Suspended);
    assert_eq!(scene.kind_after(MS), K::Active);
}

#[test]
fn the_second_in_a_row_costs_a_tenth_and_the_third_three_tenths_and_removal() {
    let mut scene = Scene::active();
    let _: swan_core::standing::Change = scene.on(&failed(1));
    let second = scene.later(DAY).on(&failed(2));
    assert_eq!(second.penalties[0].slash, share(10));
    assert_eq!(second.penalties[0].destination, Destination::Treasury);
    assert_eq!(second.to, K::Active);
    let third = scene.later(DAY).on(&failed(3));
    let penalty = third.penalties.last().unwrap();
    assert_eq!((penalty.slash, penalty.removal), (share(30), true));
    assert_eq!(
        third.to,
        K::Suspended,
        "while the removal may be appealed, nobody is sent there"
    );
    assert_eq!(scene.kind_after(DAY * 2 - MS), K::Suspended);
    assert_eq!(scene.kind_after(MS), K::Removed);
    assert_eq!(scene.standing.failures_in_a_row(), 3);
}

#[test]
fn a_pass_resets_the_count() {
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), passed(3)] {
        let _: swan_core::standing::Change = scene.on(&event);
    }
    assert_eq!(scene.standing.failures_in_a_row(), 0);
    let change = scene.on(&failed(4));
    assert_eq!(
        change.penalties[0].slash,
        Slash::Nothing,
        "a first failure again"
    );
}

#[test]
fn an_undecided_benchmark_counts_neither_way() {
    let mut scene = Scene::active();
    let _: swan_core::standing::Change = scene.on(&failed(1));
    let change = scene.on(&Event::BenchmarkUndecided { case: case(2) });
    assert!(change.penalties.is_empty());
    assert_eq!(scene.standing.failures_in_a_row(), 1);
}

#[test]
fn results_count_for_30_days_and_no_longer() {
    let mut scene = Scene::active();
    assert_eq!(scene.kind_after(DAY * 30), K::Active);
    let change = scene.later(MS).on(&Event::Tick);
    assert_eq!(change.to, K::Unqualified);
    assert_eq!(
        change.decisions[0].rule,
        "Seed 001, Slashing Conditions: benchmark results expired"
    );
    assert_eq!(
        scene.standing.routing(),
        RoutingClass::None(NotRouted::Unqualified)
    );
    assert_eq!(scene.on(&passed(5)).to, K::Active);
}

#[test]
fn a_benchmark_passed_long_before_approval_is_passed_anew() {
    let mut scene = Scene::new(Policy::swan_2_0());
    let _: swan_core::standing::Change = scene.on(&passed(1));
    let _: swan_core::standing::Change = scene.later(DAY * 30 + MS).on(&Event::Approved);
    assert_eq!(scene.on(&Event::CollateralSufficient).to, K::Approved);
    assert_eq!(scene.on(&passed(2)).to, K::Probation);
}

#[test]
fn low_success_and_uptime_deprioritise_below_80_and_90_percent() {
    for (event, expected) in [
        (success(7_999, 10_000), K::Deprioritised),
        (success(8_000, 10_000), K::Active),
        (uptime(8_999, 10_000), K::Deprioritised),
        (uptime(9_000, 10_000), K::Active),
        (trailing(5_000, 10_000), K::Unqualified),
        (trailing(5_001, 10_000), K::Active),
    ] {
        let mut scene = Scene::active();
        assert_eq!(scene.on(&event).to, expected, "{event:?}");
    }
    let mut scene = Scene::active();
    let _: swan_core::standing::Change = scene.on(&success(1, 2));
    assert_eq!(scene.standing.routing(), RoutingClass::Deprioritised);
    assert_eq!(scene.on(&success(4, 5)).to, K::Active);
}

#[test]
fn grace_exempts_from_these_two_only() {
    let mut scene = Scene::new(Policy::swan_2_0());
    for event in [passed(1), Event::Approved, Event::CollateralSufficient] {
        let _: swan_core::standing::Change = scene.on(&event);
    }
    scene.now = at(DAY * 7 - MS);
    assert_eq!(scene.on(&success(0, 100)).to, K::Active);
    assert_eq!(scene.on(&uptime(0, 100)).to, K::Active);
    let mut benchmarked = scene.clone();
    assert_eq!(benchmarked.on(&failed(2)).to, K::Suspended);
    let mut away = scene.clone();
    assert_eq!(away.on(&trailing(1, 2)).to, K::Unqualified);
    scene.now = at(DAY * 7);
    assert_eq!(scene.on(&success(0, 100)).to, K::Deprioritised);
}

#[test]
fn who_was_away_starts_anew_with_a_passed_benchmark() {
    let mut scene = Scene::active();
    assert_eq!(scene.standing.required_since(), Some(START));
    let _: swan_core::standing::Change = scene.on(&trailing(1, 10));
    assert_eq!(scene.on(&passed(2)).to, K::Probation);
    assert_eq!(scene.standing.required_since(), Some(scene.now));
    assert_eq!(scene.kind_after(HOUR * 24 - MS), K::Probation);
    assert_eq!(scene.kind_after(MS), K::Active);
}

#[test]
fn admission_needs_benchmark_approval_and_collateral_in_any_order() {
    let steps = [passed(1), Event::Approved, Event::CollateralSufficient];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let mut scene = Scene::new(Policy::swan_2_0());
        for (place, step) in order.into_iter().enumerate() {
            let kind = scene.on(&steps[step]).to;
            assert_eq!(kind == K::Probation, place == 2, "{order:?}");
        }
    }
}

#[test]
fn a_failed_first_benchmark_costs_nothing() {
    let mut scene = Scene::new(Policy::swan_2_0());
    let _: swan_core::standing::Change = scene.on(&Event::BenchmarkStarted);
    let change = scene.on(&failed(1));
    assert!(change.penalties.is_empty());
    assert_eq!(change.decisions[0].evidence.len(), 1, "but it is told why");
    assert_eq!(
        (change.to, scene.standing.failures_in_a_row()),
        (K::Registered, 0)
    );
}

#[test]
fn fraud_costs_twice_the_stake_and_is_burnt_even_on_the_way_out() {
    let mut scene = Scene::active();
    let _: swan_core::standing::Change = scene.on(&Event::ExitRequested);
    let change = scene.on(&fraud(1));
    let penalty = &change.penalties[0];
    assert_eq!(
        penalty.slash.of("100".parse().unwrap()).unwrap(),
        "6".parse().unwrap()
    );
    assert_eq!(
        penalty.slash.of("5".parse().unwrap()).unwrap(),
        "5".parse().unwrap()
    );
    assert_eq!(
        (penalty.destination, penalty.removal),
        (Destination::Burn, true)
    );
    assert_eq!(
        scene.on(&Event::ExitFinished).refused.unwrap().to_string(),
        "penalties are still open"
    );
    assert_eq!(scene.kind_after(DAY * 2), K::Removed);
}

#[test]
fn leaving_clears_neither_the_count_nor_the_grace() {
    let mut scene = Scene::active();
    let _: swan_core::standing::Change = scene.on(&failed(1));
    let _: swan_core::standing::Change = scene.later(DAY * 2).on(&Event::ExitRequested);
    assert_eq!(scene.on(&Event::ExitFinished).to, K::Left);
    assert_eq!(scene.on(&Event::Registered).to, K::Registered);
    assert_eq!(scene.standing.failures_in_a_row(), 1);
    assert_eq!(scene.standing.registered_at(), START);
    assert_eq!(
        scene.standing.routing(),
        RoutingClass::None(NotRouted::NotAdmitted)
    );
}

#[test]
fn a_policy_without_appeals_carries_out_at_once() {
    let mut scene = Scene::new(Policy::swan_1_0());
    for event in [passed(1), Event::Approved, Event::CollateralSufficient] {
        let _: swan_core::standing::Change = scene.on(&event);
    }
    let change = scene.on(&Event::TaskFailed {
        case: case(2),
        role: swan_core::hardware::Role::Edge,
        evidence: super::scene::proof(),
    });
    let [penalty] = change.penalties.as_slice() else {
        panic!("{change:?}")
    };
    assert_eq!(penalty.slash, Slash::Share(Millionths::new(250).unwrap()));
    assert!(matches!(penalty.state, PenaltyState::CarriedOut { .. }));
    assert_eq!(scene.standing.open_penalties().len(), 0);
    assert_eq!(
        penalty.decided_at,
        Timestamp::from_millis(START.as_millis())
    );
}
