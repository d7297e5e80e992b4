use std::time::Duration;

use proptest::prelude::*;

use crate::Timestamp;
use crate::health::{Breaker, BreakerConfig, BreakerState, Permit};

const CONFIG: BreakerConfig = BreakerConfig {
    failures_to_open: 2,
    open: Duration::from_secs(5),
    open_max: Duration::from_secs(15),
    probes_at_once: 1,
    successes_to_close: 2,
};

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn fail(breaker: &mut Breaker, now: Timestamp) {
    let permit = breaker.try_permit(now).expect("a permit to fail with");
    breaker.on_failure(permit, now);
}

fn succeed(breaker: &mut Breaker, now: Timestamp) {
    let permit = breaker.try_permit(now).expect("a permit to succeed with");
    breaker.on_success(permit);
}

#[test]
fn failures_in_a_row_open_it_and_good_probes_close_it() {
    let mut breaker = Breaker::new(CONFIG);
    fail(&mut breaker, at(0));
    succeed(&mut breaker, at(0));
    fail(&mut breaker, at(0));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 1 });
    fail(&mut breaker, at(1));
    assert_eq!(breaker.state(), BreakerState::Open { until: at(6) });
    assert_eq!(breaker.try_permit(at(5)), None);

    let probe = breaker.try_permit(at(6)).unwrap();
    assert_eq!(breaker.try_permit(at(6)), None, "one probe at a time");
    breaker.on_success(probe);
    succeed(&mut breaker, at(6));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[test]
fn each_failed_probe_doubles_the_wait_up_to_the_limit() {
    let mut breaker = Breaker::new(CONFIG);
    fail(&mut breaker, at(0));
    fail(&mut breaker, at(0));
    let mut now = at(0);
    for wait in [5, 10, 15, 15] {
        let opened = now;
        now = opened.after(Duration::from_secs(wait));
        assert_eq!(breaker.state(), BreakerState::Open { until: now });
        fail(&mut breaker, now);
    }
}

#[test]
fn a_probe_without_an_outcome_makes_room_for_the_next() {
    let mut breaker = Breaker::new(CONFIG);
    fail(&mut breaker, at(0));
    fail(&mut breaker, at(0));
    let probe = breaker.try_permit(at(5)).unwrap();
    breaker.on_neutral(probe);
    assert!(breaker.would_permit(at(5)));
}

#[test]
fn outcomes_from_before_it_opened_do_not_decide_about_it() {
    let mut breaker = Breaker::new(CONFIG);
    let [slow, slower] = [
        breaker.try_permit(at(0)).unwrap(),
        breaker.try_permit(at(0)).unwrap(),
    ];
    fail(&mut breaker, at(0));
    fail(&mut breaker, at(0));
    let probe = breaker.try_permit(at(5)).unwrap();
    let half_open = breaker.state();
    breaker.on_success(slow);
    breaker.on_failure(slower, at(5));
    assert_eq!(breaker.state(), half_open);
    breaker.on_success(probe);
}

proptest! {
    /// No order of permits and outcomes wedges it: when all permits are back, one is to be had in the end.
    #[test]
    fn no_order_of_outcomes_wedges_it(steps in prop::collection::vec((0..4_u8, 0..20_u64), 0..200)) {
        let mut breaker = Breaker::new(CONFIG);
        let mut now = at(0);
        let mut out: Vec<Permit> = Vec::new();
        for (step, secs) in steps {
            now = now.after(Duration::from_secs(secs));
            let promised = breaker.would_permit(now);
            match (step, out.pop()) {
                (0, permit) => {
                    out.extend(permit);
                    let given = breaker.try_permit(now);
                    prop_assert_eq!(given.is_some(), promised);
                    out.extend(given);
                }
                (1, Some(permit)) => breaker.on_success(permit),
                (2, Some(permit)) => breaker.on_failure(permit, now),
                (_, Some(permit)) => breaker.on_neutral(permit),
                (_, None) => {}
            }
        }
        for permit in out {
            breaker.on_neutral(permit);
        }
        prop_assert!(breaker.would_permit(now.after(CONFIG.open_max)));
    }
}
