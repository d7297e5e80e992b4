use swan_core::auction::{AuctionEvent as E, AuctionState as S};

/// Every pair of state and event that leads somewhere; all others are refused by name and change nothing.
const STEPS: [(S, E, S); 11] = [
    (S::Open, E::Close, S::Closed),
    (S::Closed, E::EndReveals, S::Revealed),
    (S::Revealed, E::Award, S::Awarded),
    (S::Revealed, E::FindNone, S::Unsold),
    (S::Awarded, E::Deliver, S::Delivered),
    (S::Awarded, E::Fail, S::Failed),
    (S::Delivered, E::Pay, S::Paid),
    (S::Failed, E::Forfeit, S::Forfeited),
    (S::Open, E::Cancel, S::Cancelled),
    (S::Closed, E::Cancel, S::Cancelled),
    (S::Revealed, E::Cancel, S::Cancelled),
];

#[test]
fn every_state_answers_every_event() {
    for state in S::ALL {
        for event in E::ALL {
            let expected = STEPS
                .iter()
                .find(|(from, by, _)| (*from, *by) == (state, event));
            match (state.on(event), expected) {
                (Ok(found), Some((_, _, to))) => assert_eq!(found, *to),
                (Err(refused), None) => {
                    assert_eq!((refused.state, refused.event), (state, event));
                    assert_eq!(
                        refused.to_string(),
                        format!("what is {state:?} cannot take {event:?}")
                    );
                }
                (found, expected) => panic!("{state:?} {event:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn ends_are_ends() {
    for end in [S::Paid, S::Forfeited, S::Unsold, S::Cancelled] {
        assert!(
            E::ALL.iter().all(|event| end.on(*event).is_err()),
            "{end:?}"
        );
    }
}
