use proptest::prelude::*;
use swan_core::Timestamp;
use swan_core::health::Warmth::{self, Cold, Warm, Warming};
use swan_core::health::WarmthEvent::{Asked, Served, Unloaded};

use super::{at, rules};

const fn warming(since: u64, served: u32, used: u64) -> Warmth {
    Warming {
        since: at(since),
        served,
        used: at(used),
    }
}

#[test]
fn every_pair_of_state_and_event_is_decided() {
    let now = 100;
    let warm = Warm { used: at(90) };
    let now_warm = Warm { used: at(now) };
    for (state, [asked, served, unloaded]) in [
        (Cold, [warming(now, 0, now), warming(now, 1, now), Cold]),
        (
            warming(90, 2, 95),
            [warming(90, 2, now), warming(90, 3, now), Cold],
        ),
        (warming(70, 4, 95), [warming(70, 4, now), now_warm, Cold]),
        (
            warming(71, 4, 95),
            [warming(71, 4, now), warming(71, 5, now), Cold],
        ),
        (warming(70, 5, 95), [Warm { used: at(95) }, now_warm, Cold]),
        (warm, [warm, now_warm, Cold]),
    ] {
        for (event, expected) in [(Asked, asked), (Served, served), (Unloaded, unloaded)] {
            assert_eq!(
                state.on(event, at(now), &rules()),
                expected,
                "{state:?} {event:?}"
            );
        }
    }
}

#[test]
fn what_nobody_uses_grows_cold() {
    for state in [Warm { used: at(0) }, warming(0, 2, 0)] {
        assert!(!state.is_cold(at(299), &rules()));
        assert!(state.is_cold(at(300), &rules()));
        assert_eq!(state.on(Served, at(300), &rules()), warming(300, 1, 300));
    }
}

#[test]
fn the_weight_rises_with_time_and_requests() {
    for (state, now, weight) in [
        (Cold, 0, 250),
        (warming(0, 0, 0), 15, 250),
        (warming(0, 5, 0), 0, 250),
        (warming(0, 5, 0), 15, 625),
        (warming(0, 1, 0), 30, 400),
        (warming(0, 5, 0), 30, 1_000),
        (Warm { used: at(0) }, 299, 1_000),
        (Warm { used: at(0) }, 300, 250),
    ] {
        assert_eq!(
            state.weight_permille(at(now), &rules()),
            weight,
            "{state:?} at {now}"
        );
    }
}

proptest! {
    #[test]
    fn weights_have_bounds_whatever_the_clock_does(
        events in prop::collection::vec((0..3_u8, any::<u64>()), 0..40),
    ) {
        let mut state = Warmth::default();
        for (event, now) in events {
            let now = Timestamp::from_millis(now);
            let event = [Asked, Served, Unloaded][usize::from(event)];
            state = state.on(event, now, &rules());
            prop_assert!((250..=1_000).contains(&state.weight_permille(now, &rules())));
            prop_assert_eq!(state.is_cold(now, &rules()), event == Unloaded);
            prop_assert_eq!(state.settled(now, &rules()), state.settled(now, &rules()).settled(now, &rules()));
        }
    }
}
