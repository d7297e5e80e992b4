use proptest::prelude::*;

use super::{RequestEvent as E, RequestState as S};

const EVENTS: [E; 7] = [
    E::Hold,
    E::Dispatch,
    E::Content,
    E::Complete,
    E::AttemptFailed,
    E::GiveUp,
    E::Posted,
];

/// Every state against every event, in the order of [`EVENTS`]; `None` is an invalid transition.
#[test]
fn every_pair_of_request_state_and_event_is_decided() {
    let (held, attempting) = (S::Held { failed: 1 }, S::Attempting { failed: 1 });
    let again = Some(S::Held { failed: 2 });
    #[rustfmt::skip]
    let table = [
        (S::Admitted, [Some(S::Held { failed: 0 }), None, None, None, None, Some(S::Refused), None]),
        (held, [None, Some(attempting), Some(held), Some(held), Some(held), Some(S::Released), None]),
        (attempting, [None, None, Some(S::Relaying), Some(S::Settling), again, Some(S::Released), None]),
        (S::Relaying, [None, None, Some(S::Relaying), Some(S::Settling), Some(S::Settling), Some(S::Settling), None]),
        (S::Settling, [None, None, Some(S::Settling), Some(S::Settling), Some(S::Settling), Some(S::Settling), Some(S::Settled)]),
        (S::Settled, [None, None, Some(S::Settled), Some(S::Settled), Some(S::Settled), Some(S::Settled), None]),
        (S::Released, [None, None, Some(S::Released), Some(S::Released), Some(S::Released), Some(S::Released), None]),
        (S::Refused, [None, None, Some(S::Refused), Some(S::Refused), Some(S::Refused), Some(S::Refused), None]),
    ];
    for (state, row) in table {
        for (event, expected) in EVENTS.into_iter().zip(row) {
            assert_eq!(state.on(event).ok(), expected, "{state:?} on {event:?}");
        }
    }
}

#[test]
fn attempts_are_counted_until_none_is_left() {
    let mut state = S::Admitted.on(E::Hold).unwrap();
    let mut dispatched = 0;
    while state.may_dispatch(2) {
        dispatched += 1;
        state = state
            .on(E::Dispatch)
            .and_then(|s| s.on(E::AttemptFailed))
            .unwrap();
    }
    assert_eq!(dispatched, 3, "one attempt and two further ones");
    assert!(
        !S::Relaying.may_dispatch(2),
        "never after the first content"
    );
}

proptest! {
    #[test]
    fn whatever_happens_money_is_held_until_the_end_and_not_after(
        events in prop::collection::vec(0..EVENTS.len(), 0..40)
    ) {
        let mut state = S::Admitted;
        let mut ended = None;
        for event in events.into_iter().map(|number| EVENTS[number]) {
            let next = state.on(event).unwrap_or(state);
            prop_assert!(!(state.holds_money() && next == S::Refused), "a hold would be lost");
            if let Some(end) = ended {
                prop_assert_eq!(next, end, "nothing leads out of an end");
            }
            if next.is_final() {
                prop_assert!(!next.holds_money());
                ended = Some(next);
            }
            state = next;
        }
    }
}
