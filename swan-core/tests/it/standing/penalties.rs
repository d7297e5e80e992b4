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

/// How much of the collateral each open penalty takes, in the order of the cases.
fn open(scene: &Scene) -> Vec<(u128, Slash)> {
    let open = scene.standing.open_penalties().iter();
    open.map(|p| (p.id.as_u128(), p.slash)).collect()
}

#[test]
fn only_later_failures_of_the_same_run_move_a_step_down() {
    let tenth = Slash::Share(Millionths::new(100_000).unwrap());
    let third = Slash::Share(Millionths::new(300_000).unwrap());
    // Of three in a row the last is lifted: the two before it stay as they are.
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), failed(3), file(3), uphold(3)] {
        assert_eq!(scene.on(&event).refused, None);
    }
    assert_eq!(open(&scene), [(1, Slash::Nothing), (2, tenth)]);
    // The one in the middle: only what follows it.
    let mut scene = Scene::active();
    for event in [failed(1), failed(2), failed(3)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(open(&scene), [(1, Slash::Nothing), (2, tenth), (3, third)]);
    let _: Change = scene.on(&file(2));
    let _: Change = scene.on(&uphold(2));
    assert_eq!(open(&scene), [(1, Slash::Nothing), (3, tenth)]);
    // A failure of the run before the pass keeps its step.
    let mut scene = Scene::active();
    for event in [
        failed(1),
        failed(2),
        passed(3),
        failed(4),
        file(4),
        uphold(4),
    ] {
        assert_eq!(scene.on(&event).refused, None);
    }
    assert_eq!(open(&scene), [(1, Slash::Nothing), (2, tenth)]);
}

fn context(number: u128) -> Event {
    Event::ContextMisstated {
        case: case(number),
        model: swan_core::ModelId::new("qwen3:8b").unwrap(),
        measured_tokens: 4_096,
        evidence: super::scene::proof(),
    }
}

#[test]
fn a_suspension_that_was_confirmed_outlasts_the_appeal_against_something_else() {
    let mut scene = Scene::active();
    for event in [failed(1), file(1), deny(1)] {
        assert_eq!(scene.on(&event).refused, None);
    }
    for event in [context(2), context(3), context(4), file(3), uphold(3)] {
        assert_eq!(scene.on(&event).refused, None);
        assert_eq!(scene.standing.kind(), K::Suspended, "{event:?}");
    }
    assert_eq!(scene.kind_after(HOUR * 24 - MS), K::Suspended);
    assert_eq!(scene.kind_after(MS), K::Active);
}

/// Both steps suspend here; the first for `first`, the second for `second` hours.
fn two_suspend(first: u64, second: u64) -> Scene {
    let ladder = |first, second| {
        format!(
            "slash_bps = 0\nsuspend_hours = {first}\nremove = false\n\n[[standing.slashing.step]]\n\
             slash_bps = 1_000\nsuspend_hours = {second}\n"
        )
    };
    let text = swan_core::Policy::SWAN_2_0_TOML;
    let (old, new) = (ladder(24, 0), ladder(first, second));
    assert!(text.contains(&old));
    let mut scene = Scene::active();
    scene.policy = swan_core::Policy::from_toml(&text.replacen(&old, &new, 1)).unwrap();
    scene
}

#[test]
fn of_two_suspensions_the_longer_counts() {
    for (first, second, longest) in [(24, 48, 48), (47, 24, 47), (24, 24, 24), (24, 25, 25)] {
        let mut scene = two_suspend(first, second);
        for event in [failed(1), failed(2)] {
            let _: Change = scene.on(&event);
        }
        let span = HOUR * longest;
        assert_eq!(
            scene.kind_after(span - MS),
            K::Suspended,
            "{first} {second}"
        );
        assert_eq!(scene.kind_after(MS), K::Active, "{first} {second}");
    }
    // When the longer is lifted, the shorter is left.
    let mut scene = two_suspend(24, 40);
    for event in [failed(1), failed(2), file(2), uphold(2)] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(scene.kind_after(HOUR * 24 - MS), K::Suspended);
    assert_eq!(scene.kind_after(MS), K::Active);
}
