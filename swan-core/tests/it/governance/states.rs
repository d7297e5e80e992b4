use swan_core::governance::{ProposalEvent as E, ProposalState as S};

const EVENTS: [E; 6] = [
    E::Pass,
    E::Reject,
    E::MissQuorum,
    E::Execute,
    E::Expire,
    E::Cancel,
];

/// Every state against every event, in the order of [`EVENTS`]; `None` is an invalid step.
#[test]
fn every_pair_of_proposal_state_and_event_is_decided() {
    let cancelled = Some(S::Cancelled);
    #[rustfmt::skip]
    let table = [
        (S::Voting, [Some(S::Passed), Some(S::Rejected), Some(S::QuorumMissed), None, None, cancelled]),
        (S::Passed, [None, None, None, Some(S::Executed), Some(S::Expired), cancelled]),
        (S::Rejected, [None; 6]),
        (S::QuorumMissed, [None; 6]),
        (S::Executed, [None; 6]),
        (S::Expired, [None; 6]),
        (S::Cancelled, [None; 6]),
    ];
    for (state, row) in table {
        assert_eq!(state.is_final(), row == [None; 6], "{state:?}");
        for (event, expected) in EVENTS.into_iter().zip(row) {
            let refused = swan_core::InvalidTransition { state, event };
            assert_eq!(
                state.on(event),
                expected.ok_or(refused),
                "{state:?} on {event:?}"
            );
        }
    }
}
