//! Penalties and appeals: every pair of state and event, and what an appeal does to the standing.

use std::time::Duration;

use swan_core::Timestamp;
use swan_core::standing::{
    AppealError, Change, Event, Final, Lift, Millionths, PenaltyEvent as E, PenaltyState as S,
    Slash, StandingKind as K,
};

use super::scene::{DAY, HOUR, Scene, case, failed, passed};

const MS: Duration = Duration::from_millis(1);

fn file(number: u128) -> Event {
    Event::AppealFiled { case: case(number) }
}

fn uphold(number: u128) -> Event {
    Event::AppealUpheld { case: case(number) }
}

fn deny(number: u128) -> Event {
    Event::AppealDenied { case: case(number) }
}

#[test]
fn every_pair_of_penalty_state_and_event_is_decided() {
    let (now, end) = (Timestamp::from_millis(100), Timestamp::from_millis(200));
    let decision = Duration::from_millis(50);
    let (held, appealed) = (S::Held { until: end }, S::Appealed { decide_by: end });
    let fresh = S::Appealed {
        decide_by: Timestamp::from_millis(150),
    };
    let lapsed = S::CarriedOut {
        at: end,
        why: Final::Lapsed,
    };
    let denied = S::CarriedOut {
        at: now,
        why: Final::Denied,
    };
    let upheld = S::Lifted {
        at: now,
        why: Lift::Upheld,
    };
    let undecided = S::Lifted {
        at: end,
        why: Lift::Undecided,
    };
    let closed = Err(AppealError::Closed);
    let (unasked, twice) = (
        Err(AppealError::NotAppealed),
        Err(AppealError::AlreadyAppealed),
    );
    #[rustfmt::skip]
    let table = [
        // state, when, [tick, appeal, uphold, deny]
        (held,      now, [Ok(held),      Ok(fresh), unasked,    unasked]),
        (held,      end, [Ok(lapsed),    closed,    closed,     closed]),
        (appealed,  now, [Ok(appealed),  twice,     Ok(upheld), Ok(denied)]),
        (appealed,  end, [Ok(undecided), closed,    closed,     closed]),
        (lapsed,    now, [Ok(lapsed),    closed,    closed,     closed]),
        (denied,    end, [Ok(denied),    closed,    closed,     closed]),
        (upheld,    now, [Ok(upheld),    closed,    closed,     closed]),
        (undecided, end, [Ok(undecided), closed,    closed,     closed]),
    ];
    for (state, when, row) in table {
        let events = [E::Tick, E::Appeal, E::Uphold, E::Deny];
        for (event, expected) in events.into_iter().zip(row) {
            assert_eq!(
                state.on(event, when, decision),
                expected,
                "{state:?} on {event:?} at {when}"
            );
        }
    }
}

#[test]
fn an_appeal_comes_within_48_hours_or_too_late() {
    let mut scene = Scene::active();
    let _: Change = scene.on(&failed(1));
    let mut late = scene.clone();
    let change = scene.later(HOUR * 48 - MS).on(&file(1));
    assert_eq!(change.refused, None);
    let change = late.later(HOUR * 48).on(&file(1));
    assert!(change.refused.is_some());
    assert!(matches!(
        change.penalties[0].state,
        S::CarriedOut {
            why: Final::Lapsed,
            ..
        }
    ));
}

#[test]
fn an_upheld_appeal_restores_counter_and_routing() {
    let mut scene = Scene::active();
    for event in [failed(1), file(1)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(scene.standing.kind(), K::Suspended);
    let change = scene.on(&uphold(1));
    assert_eq!(
        (change.to, scene.standing.failures_in_a_row()),
        (K::Active, 0)
    );
    assert!(matches!(
        change.penalties[0].state,
        S::Lifted {
            why: Lift::Upheld,
            ..
        }
    ));
}

#[test]
fn a_denied_appeal_carries_the_penalty_out() {
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), failed(3), file(3)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(
        scene.kind_after(DAY * 13),
        K::Suspended,
        "the removal waits for the decision"
    );
    let change = scene.on(&deny(3));
    assert_eq!(change.to, K::Removed);
    assert!(matches!(
        change.penalties[0].state,
        S::CarriedOut {
            why: Final::Denied,
            ..
        }
    ));
}

#[test]
fn an_appeal_that_nobody_decides_counts_as_upheld() {
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), file(2)] {
        let _: Change = scene.on(&event);
    }
    let _: Change = scene.later(DAY * 14 - MS).on(&Event::Tick);
    assert_eq!(scene.standing.open_penalties().len(), 1);
    let change = scene.later(MS).on(&Event::Tick);
    assert!(matches!(
        change.penalties[0].state,
        S::Lifted {
            why: Lift::Undecided,
            ..
        }
    ));
    assert_eq!(scene.standing.failures_in_a_row(), 1);
}

#[test]
fn later_failures_of_the_run_move_a_step_down_when_an_earlier_one_is_lifted() {
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), failed(3), file(1)] {
        let _: Change = scene.on(&event);
    }
    assert!(scene.standing.removal_is_held());
    let change = scene.on(&uphold(1));
    assert_eq!(scene.standing.failures_in_a_row(), 2);
    assert!(
        !scene.standing.removal_is_held(),
        "there were not three in a row"
    );
    let slashes: Vec<Slash> = scene
        .standing
        .open_penalties()
        .iter()
        .map(|p| p.slash)
        .collect();
    assert_eq!(
        slashes,
        [
            Slash::Nothing,
            Slash::Share(Millionths::new(100_000).unwrap())
        ]
    );
    assert_eq!(
        change.penalties.len(),
        3,
        "whoever holds the collateral hears of all three"
    );
    assert_eq!(
        change.to,
        K::Suspended,
        "what is now the first suspends for its 24 hours"
    );
    assert_eq!(scene.kind_after(DAY), K::Active);
}

#[test]
fn an_appeal_against_a_failure_before_a_pass_leaves_the_count_alone() {
    let mut scene = Scene::active();
    for event in [failed(1), file(1), passed(2), failed(3), uphold(1)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(scene.standing.failures_in_a_row(), 1);
}

#[test]
fn a_case_counts_once_and_nothing_is_decided_without_evidence() {
    let mut scene = Scene::active();
    let _: Change = scene.on(&failed(1));
    let before = scene.standing.clone();
    for event in [failed(1), passed(1)] {
        assert_eq!(
            scene.on(&event).refused.unwrap().to_string(),
            "this case was taken into account before"
        );
    }
    let bare = Event::BenchmarkFailed {
        case: case(2),
        evidence: Vec::new(),
    };
    assert_eq!(
        scene.on(&bare).refused.unwrap().to_string(),
        "nothing is decided against a provider without evidence"
    );
    assert_eq!(scene.standing, before);
}

#[test]
fn who_is_reinstated_is_benchmarked_and_stays_in() {
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), failed(3)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(scene.kind_after(DAY * 2), K::Removed);
    assert_eq!(scene.on(&passed(4)).to, K::Removed);
    assert_eq!(scene.on(&Event::Reinstated).to, K::Approved);
    assert_eq!(scene.standing.failures_in_a_row(), 3);
    assert_eq!(scene.on(&passed(5)).to, K::Probation);
    assert_eq!(scene.standing.failures_in_a_row(), 0);
}
