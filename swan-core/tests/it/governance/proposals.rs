use swan_core::governance::{
    Action, Choice, Effect, Governance, GovernanceError, ProposalEvent, ProposalId, ProposalKind,
    ProposalState,
};
use swan_core::split::{RevenueError, RevenueWindow};
use swan_core::{AccountId, Amount, Policy, Timestamp};

use super::{ANN, BEN, CLEO, DAN, DAY, HOUR, Town, amount, change, discount};

#[test]
fn who_proposes_has_the_stake_for_it() {
    let mut town = Town::new();
    town.stake(DAN, "999.999999999999").unwrap();
    let (has, needed) = (amount("999.999999999999"), amount("1000"));
    assert_eq!(
        town.propose(DAN, discount(1_500)),
        Err(GovernanceError::NotEnoughStake { has, needed })
    );
    town.stake(DAN, "0.000000000001").unwrap();
    let id = town.propose(DAN, discount(1_500)).unwrap();
    assert_eq!(id, ProposalId::new(1));
    assert_eq!(
        town.propose(DAN, discount(1_600)),
        Err(GovernanceError::HasProposal { id })
    );
    assert_eq!(town.propose(ANN, discount(1_600)), Ok(ProposalId::new(2)));
    let proposal = town.governance.proposal(id).unwrap();
    assert!(
        proposal
            .grounds()
            .to_string()
            .contains("stake of the proposer was 1000 SWAN, needed at least 1000 SWAN")
    );
    assert_eq!(proposal.by(), DAN);
    // Once it has ended Dan may propose again.
    town.perform(Action::Cancel { by: DAN, id }).unwrap();
    assert_eq!(town.propose(DAN, discount(1_600)), Ok(ProposalId::new(3)));
}

#[test]
fn no_more_proposals_are_open_than_the_policy_allows() {
    let mut town = Town::new();
    for who in 10..26 {
        town.stake(AccountId::from_u128(who), "1000").unwrap();
        town.propose(AccountId::from_u128(who), discount(1_500))
            .unwrap();
    }
    let full = Err(GovernanceError::TooManyProposals { most: 16 });
    assert_eq!(town.propose(ANN, discount(1_500)), full);
    let (by, id) = (AccountId::from_u128(12), ProposalId::new(3));
    town.perform(Action::Cancel { by, id }).unwrap();
    assert_eq!(town.propose(ANN, discount(1_500)), Ok(ProposalId::new(17)));
}

#[test]
fn what_cannot_be_proposed_is_named() {
    let mut town = Town::new();
    let protected = |key: &str, protected: &str| GovernanceError::Protected {
        key: key.to_owned(),
        protected: protected.to_owned(),
    };
    for (proposal, error) in [
        (discount(2_000), GovernanceError::NothingChanges),
        (
            change("split.phase", "scale"),
            protected("split.phase", "split.phase"),
        ),
        // Another spelling of a key is the same key.
        (
            change("\"split\".\"phase\"", "scale"),
            protected("split.phase", "split.phase"),
        ),
        (
            change("governance.quorum_bps", 1),
            protected("governance.quorum_bps", "governance"),
        ),
        (
            change("ubi.safety_valve.level_bps", 10_000),
            protected("ubi.safety_valve.level_bps", "ubi"),
        ),
    ] {
        assert_eq!(town.propose(ANN, proposal), Err(error));
    }
    for proposal in [
        ProposalKind::Parameters {
            changes: Vec::new(),
        },
        change("version", "swan-9"),
        change("no.such_key", 1),
        change("payment.swan_discount_bps", 10_001),
        change("payment.swan_discount_bps", "free"),
        change("split.phases.growth.provider_bps", 9_999),
    ] {
        let error = town.propose(ANN, proposal.clone()).unwrap_err();
        assert!(
            matches!(error, GovernanceError::Policy(_)),
            "{proposal:?}: {error}"
        );
    }
    let short = ProposalKind::SplitPhase {
        revenue: RevenueWindow::new(7),
    };
    let error = RevenueError::WindowLength {
        found: 7,
        needed: 30,
    };
    assert_eq!(
        town.propose(ANN, short),
        Err(GovernanceError::Revenue(error))
    );
    let phase = "bootstrap".to_owned();
    let revenue = town.revenue("99.99");
    assert_eq!(
        town.propose(ANN, ProposalKind::SplitPhase { revenue }),
        Err(GovernanceError::NoPhaseIndicated { phase })
    );
    assert_eq!(town.records.len(), 3, "what is refused leaves no record");
    assert_eq!(town.governance.proposals().count(), 0);
}

#[test]
fn a_vote_is_taken_once_in_time_from_who_had_stake() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    let unknown = ProposalId::new(9);
    assert_eq!(
        town.vote(ANN, unknown, Choice::Yes),
        Err(GovernanceError::UnknownProposal { id: unknown })
    );
    assert_eq!(
        town.vote(DAN, id, Choice::Yes),
        Err(GovernanceError::NoPower)
    );
    assert_eq!(
        town.vote(ANN, id, Choice::Yes),
        Ok(Effect::Voted {
            power: amount("60000")
        })
    );
    let earlier = Choice::Yes;
    for choice in [Choice::Yes, Choice::No, Choice::Abstain] {
        assert_eq!(
            town.vote(ANN, id, choice),
            Err(GovernanceError::AlreadyVoted { earlier })
        );
    }
    let proposal = town.governance.proposal(id).unwrap();
    assert_eq!(proposal.tally().yes, amount("60000"));
    assert_eq!(
        (proposal.vote_of(ANN), proposal.vote_of(BEN)),
        (Some(Choice::Yes), None)
    );
}

#[test]
fn votes_are_taken_until_the_end_of_voting_and_not_at_it() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(ANN, id, Choice::Yes).unwrap();
    let (opened, ended) = (town.now, town.now.after(7 * DAY));
    assert_eq!(
        town.perform(Action::Close { id }),
        Err(GovernanceError::VotingNotOver { ends: ended })
    );
    // The last moment still counts.
    town.now = Timestamp::from_millis(ended.as_millis() - 1);
    town.vote(BEN, id, Choice::No).unwrap();
    assert_eq!(
        town.perform(Action::Close { id }),
        Err(GovernanceError::VotingNotOver { ends: ended })
    );
    town.now = ended;
    // The end counts even before anybody has counted.
    assert_eq!(
        town.vote(CLEO, id, Choice::No),
        Err(GovernanceError::VotingOver { ended })
    );
    town.catch_up();
    let state = ProposalState::Passed;
    assert_eq!(town.governance.proposal(id).unwrap().state(), state);
    assert_eq!(
        town.vote(CLEO, id, Choice::No),
        Err(GovernanceError::NotVoting { state })
    );
    let step = swan_core::InvalidTransition {
        state,
        event: ProposalEvent::Pass,
    };
    assert_eq!(
        town.perform(Action::Close { id }),
        Err(GovernanceError::Step(step))
    );
    let latest = town.now;
    town.now = opened;
    assert_eq!(
        town.vote(CLEO, id, Choice::No),
        Err(GovernanceError::ClockBackwards {
            now: opened,
            latest
        })
    );
    assert!(town.governance.advance(opened).is_err());
}

#[test]
fn the_count_tells_its_numbers() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(BEN, id, Choice::Yes).unwrap();
    town.vote(CLEO, id, Choice::Abstain).unwrap();
    town.wait(7 * DAY);
    let Some(Effect::Closed {
        tally,
        state,
        grounds,
    }) = town.records.last().map(|record| &record.effect)
    else {
        panic!("the vote is counted");
    };
    assert_eq!(
        (tally.yes, tally.no, tally.abstain),
        (amount("30000"), Amount::ZERO, amount("10000"))
    );
    assert_eq!(*state, ProposalState::Passed);
    let told = grounds.to_string();
    assert!(
        told.contains("stake that voted was 40000 of 100000 SWAN, needed at least 10%"),
        "{told}"
    );
    assert!(
        told.contains("stake for it was 30000 of 30000 SWAN, needed more than 50%"),
        "{told}"
    );
}

#[test]
fn only_the_proposer_withdraws_and_only_while_it_is_open() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    let cancel = |by| Action::Cancel { by, id };
    assert_eq!(town.perform(cancel(BEN)), Err(GovernanceError::NotProposer));
    let state = ProposalState::Cancelled;
    assert_eq!(town.perform(cancel(ANN)), Ok(Effect::Ended { state }));
    let step = swan_core::InvalidTransition {
        state,
        event: ProposalEvent::Cancel,
    };
    assert_eq!(town.perform(cancel(ANN)), Err(GovernanceError::Step(step)));
    assert_eq!(
        town.vote(ANN, id, Choice::Yes),
        Err(GovernanceError::NotVoting { state })
    );
    // A passed one can still be withdrawn during its delay.
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(ANN, id, Choice::Yes).unwrap();
    town.wait(8 * DAY);
    assert_eq!(
        town.perform(Action::Cancel { by: ANN, id }),
        Ok(Effect::Ended { state })
    );
    assert!(town.execute(id).is_err());
}

#[test]
fn a_passed_proposal_that_nobody_executes_expires_after_two_weeks() {
    let mut town = Town::new();
    let id = town.passed(ANN, discount(1_500));
    let at = town.now.after(14 * DAY);
    assert_eq!(
        town.perform(Action::Expire { id }),
        Err(GovernanceError::NotExpired { at })
    );
    town.now = Timestamp::from_millis(at.as_millis() - 1);
    assert!(town.governance.due(town.now).is_empty());
    assert!(
        town.governance
            .clone()
            .perform(town.now, Action::Execute { id })
            .is_ok()
    );
    town.now = at;
    assert_eq!(town.execute(id), Err(GovernanceError::Expired { at }));
    assert_eq!(town.governance.due(at), [Action::Expire { id }]);
    town.catch_up();
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::Expired
    );
    assert!(town.governance.due(at.after(DAY)).is_empty());
}

/// A hub that was away for a month counts the vote and lets it expire in one go.
#[test]
fn what_became_due_in_between_is_caught_up() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(ANN, id, Choice::Yes).unwrap();
    let before = town.records.len();
    town.wait(30 * DAY + HOUR);
    assert_eq!(town.records.len(), before + 2);
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::Expired
    );
}

#[test]
fn ended_proposals_are_forgotten_at_last() {
    let mut town = Town::new();
    for _ in 0..120 {
        let id = town.propose(ANN, discount(1_500)).unwrap();
        town.perform(Action::Cancel { by: ANN, id }).unwrap();
    }
    assert_eq!(town.governance.proposals().count(), 116);
    assert!(town.governance.proposal(ProposalId::new(4)).is_none());
    assert!(town.governance.proposal(ProposalId::new(5)).is_some());
    assert_eq!(town.governance.records(), 3 + 240);
}

#[test]
fn a_policy_without_governance_or_room_for_versions_is_not_governed() {
    let text = Policy::SWAN_2_0_TOML;
    let long = text.replacen("\"swan-2.0\"", "\"a-version-of-20-plac\"", 1);
    assert!(Governance::new(Policy::from_toml(&long).unwrap()).is_err());
    let fits = text.replacen("\"swan-2.0\"", "\"a-version-of-19-pla\"", 1);
    assert!(Governance::new(Policy::from_toml(&fits).unwrap()).is_ok());
}
