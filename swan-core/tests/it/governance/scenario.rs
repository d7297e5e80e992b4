//! From thirty days of revenue to another split of a charge, by the seeds' rules and nothing else.

use swan_core::governance::{
    Choice, Effect, Governance, GovernanceError, ProposalKind, ProposalState,
};
use swan_core::{Policy, RevenueSplit as _, Timestamp};

use super::{ANN, BEN, CLEO, DAN, DAY, HOUR, MILLI, Town, amount};

fn parts(policy: &Policy) -> [String; 4] {
    let split = policy.split().split(amount("0.03"));
    [
        split.provider,
        split.growth_fund,
        split.treasury,
        split.burn,
    ]
    .map(|part| part.to_string())
}

/// Seed 001: 30 days above $100, a vote of 7 days with quorum, a delay of 48 hours, and a charge splits 90/5/5.
#[test]
fn a_growing_network_votes_itself_into_the_growth_phase() {
    let mut town = Town::new();
    assert_eq!(
        parts(town.governance.policy()),
        ["0.0285", "0.0015", "0", "0"]
    );
    let opened = town.now;
    let revenue = town.revenue("120");
    let id = town
        .propose(CLEO, ProposalKind::SplitPhase { revenue })
        .unwrap();
    let proposal = town.governance.proposal(id).unwrap();
    let grounds = proposal.grounds().to_string();
    for told in [
        "Seed 001, Dynamic Revenue Split Schedule",
        "average daily revenue was 120 USD",
        "30 of 30 days reported",
        "phase in force was bootstrap, needed growth",
        "90% provider, 5% growth fund, 5% treasury, 0% burn",
    ] {
        assert!(grounds.contains(told), "{told} is not told: {grounds}");
    }
    let [difference] = proposal.differences() else {
        panic!("{:?}", proposal.differences());
    };
    assert_eq!(difference.key, "split.phase");
    // Cleo's 10 % are the quorum exactly.
    assert_eq!(
        town.vote(CLEO, id, Choice::Yes),
        Ok(Effect::Voted {
            power: amount("10000")
        })
    );

    town.wait(7 * DAY);
    let proposal = town.governance.proposal(id).unwrap();
    assert_eq!(proposal.state(), ProposalState::Passed);
    let until = opened.after(9 * DAY);
    assert_eq!(
        (proposal.voting_ends(), proposal.executable_at()),
        (opened.after(7 * DAY), until)
    );
    town.now = Timestamp::from_millis(until.as_millis() - 1);
    assert_eq!(town.execute(id), Err(GovernanceError::Delayed { until }));
    assert_eq!(town.governance.policy().stamp(), Policy::swan_2_0().stamp());

    town.wait(MILLI);
    let Ok(Effect::Executed { from, to }) = town.execute(id) else {
        panic!("it has passed and waited");
    };
    let policy = town.governance.policy();
    assert_eq!(from, *Policy::swan_2_0().stamp());
    assert_eq!(to, *policy.stamp());
    assert_eq!(policy.version().as_str(), "swan-2.0.1");
    assert_eq!(policy.split_schedule().in_force().name(), "growth");
    assert_eq!(parts(policy), ["0.027", "0.0015", "0.0015", "0"]);
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::Executed
    );

    let replayed = Governance::replay(Policy::swan_2_0(), &town.records, town.governance.head());
    assert_eq!(replayed.unwrap().policy().stamp(), policy.stamp());
    // The record says who, what, when, with what power and under which policy.
    let told: Vec<_> = town
        .records
        .iter()
        .skip(3)
        .map(|record| (record.at, record.policy.version().as_str()))
        .collect();
    let closed = opened.after(7 * DAY);
    assert_eq!(
        told,
        [opened, opened, closed, until].map(|at| (at, "swan-2.0"))
    );
}

#[test]
fn without_a_quorum_everything_stays() {
    let mut town = Town::new();
    let revenue = town.revenue("120");
    let id = town
        .propose(CLEO, ProposalKind::SplitPhase { revenue })
        .unwrap();
    // Nobody votes at all.
    town.wait(7 * DAY);
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::QuorumMissed
    );
    town.wait(48 * HOUR);
    assert!(matches!(town.execute(id), Err(GovernanceError::Step(_))));
    assert_eq!(town.governance.policy().stamp(), Policy::swan_2_0().stamp());
    assert_eq!(
        parts(town.governance.policy()),
        ["0.0285", "0.0015", "0", "0"]
    );
}

#[test]
fn a_majority_against_leaves_everything_too() {
    let mut town = Town::new();
    let revenue = town.revenue("120");
    let id = town
        .propose(CLEO, ProposalKind::SplitPhase { revenue })
        .unwrap();
    town.vote(CLEO, id, Choice::Yes).unwrap();
    town.vote(BEN, id, Choice::No).unwrap();
    town.vote(ANN, id, Choice::Abstain).unwrap();
    town.wait(10 * DAY);
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::Rejected
    );
    assert!(matches!(town.execute(id), Err(GovernanceError::Step(_))));
    assert_eq!(town.governance.policy().stamp(), Policy::swan_2_0().stamp());
}

#[test]
fn the_phase_follows_the_numbers_only_step_by_step_and_both_ways() {
    let mut town = Town::new();
    for (usd_per_day, phase, version) in [
        ("50000", "growth", "swan-2.0.1"),
        ("50000", "maturity", "swan-2.0.2"),
        ("50000", "scale", "swan-2.0.3"),
        ("10", "maturity", "swan-2.0.4"),
    ] {
        let revenue = town.revenue(usd_per_day);
        let id = town.passed(ANN, ProposalKind::SplitPhase { revenue });
        town.execute(id).unwrap();
        let policy = town.governance.policy();
        assert_eq!(policy.split_schedule().in_force().name(), phase);
        assert_eq!(policy.version().as_str(), version);
    }
    let revenue = town.revenue("1000.01");
    let phase = "maturity".to_owned();
    assert_eq!(
        town.propose(ANN, ProposalKind::SplitPhase { revenue }),
        Err(GovernanceError::NoPhaseIndicated { phase })
    );
    let revenue = town.revenue("1000");
    assert!(matches!(
        town.propose(DAN, ProposalKind::SplitPhase { revenue }),
        Err(GovernanceError::NotEnoughStake { .. })
    ));
}
