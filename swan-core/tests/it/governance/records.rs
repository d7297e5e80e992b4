use swan_core::governance::{
    Action, Choice, Effect, Governance, GovernanceRecord, ProposalKind, ReplayError,
};
use swan_core::{Policy, Timestamp};

use super::{ANN, BEN, CLEO, DAN, DAY, HOUR, Town, amount, discount, swan_2_0};

/// A history with every kind of action in it.
fn history() -> Town {
    let mut town = Town::new();
    let revenue = town.revenue("250");
    let id = town.passed(ANN, ProposalKind::SplitPhase { revenue });
    town.execute(id).unwrap();
    let id = town.propose(BEN, discount(1_000)).unwrap();
    town.vote(CLEO, id, Choice::No).unwrap();
    town.perform(Action::Cancel { by: BEN, id }).unwrap();
    town.passed(BEN, discount(500));
    town.wait(15 * DAY);
    town.unstake(CLEO, "4000").unwrap();
    town.wait(10 * DAY + HOUR);
    town.perform(Action::Withdraw { by: CLEO }).unwrap();
    town.stake(DAN, "7").unwrap();
    town.wait(365 * DAY);
    let treasury = amount("200000000");
    town.perform(Action::Reward { treasury }).unwrap();
    town
}

fn replay(town: &Town, records: &[GovernanceRecord]) -> Result<Governance, ReplayError> {
    Governance::replay(swan_2_0(), records, town.governance.head())
}

#[test]
fn records_alone_make_the_same_state_again() {
    let town = history();
    // They go through a journal as JSON.
    let journal = serde_json::to_string(&town.records).unwrap();
    let records: Vec<GovernanceRecord> = serde_json::from_str(&journal).unwrap();
    assert_eq!(records, town.records);
    let replayed = replay(&town, &records).unwrap();
    assert_eq!(replayed.head(), town.governance.head());
    assert_eq!(replayed.records(), town.governance.records());
    assert_eq!(replayed.stake(), town.governance.stake());
    assert_eq!(replayed.policy().stamp(), town.governance.policy().stamp());
    assert_eq!(replayed.rewards_due(), town.governance.rewards_due());
    // Everything, down to the last vote.
    assert_eq!(format!("{replayed:?}"), format!("{:?}", town.governance));
    for (record, number) in town.records.iter().zip(1..) {
        assert_eq!(record.number, number);
    }
    for pair in town.records.windows(2) {
        assert_eq!(pair[1].previous, pair[0].hash);
    }
}

#[test]
fn a_record_that_is_left_out_put_in_or_moved_is_noticed() {
    let town = history();
    for place in 0..town.records.len() {
        let mut without = town.records.clone();
        without.remove(place);
        assert!(
            replay(&town, &without).is_err(),
            "record {place} is missing"
        );
        let mut twice = town.records.clone();
        twice.insert(place, town.records[place].clone());
        assert!(replay(&town, &twice).is_err(), "record {place} comes twice");
        if place > 0 {
            let mut swapped = town.records.clone();
            swapped.swap(place - 1, place);
            assert!(replay(&town, &swapped).is_err(), "record {place} has moved");
        }
        let cut = &town.records[..place];
        assert!(
            replay(&town, cut).is_err(),
            "the end is missing from {place} on"
        );
    }
    assert!(matches!(
        replay(&town, &town.records[..town.records.len() - 1]),
        Err(ReplayError::Head { .. })
    ));
    let other = Governance::replay(Policy::swan_1_0(), &town.records, town.governance.head());
    assert_eq!(other.unwrap_err(), ReplayError::Altered { number: 1 });
}

#[test]
fn every_altered_piece_of_a_record_is_noticed() {
    let town = history();
    let later = |at: Timestamp| at.after(DAY);
    for place in 0..town.records.len() {
        let number = place as u64 + 1;
        let altered = |alter: &dyn Fn(&mut GovernanceRecord)| {
            let mut records = town.records[..=place].to_vec();
            alter(&mut records[place]);
            let error = replay(&town, &records).unwrap_err();
            match error {
                ReplayError::Altered { number: found }
                | ReplayError::Refused { number: found, .. } => {
                    assert_eq!(found, number, "noticed in its place");
                }
                other => panic!("{other}"),
            }
        };
        let other = town.records[(place + 1) % town.records.len()].clone();
        altered(&|record| record.number += 1);
        altered(&|record| record.at = later(record.at));
        altered(&|record| record.hash = record.previous);
        altered(&|record| record.previous = record.hash);
        altered(&|record| record.policy = Policy::swan_1_0().stamp().clone());
        altered(&|record| {
            record.effect = Effect::Voted {
                power: amount("123"),
            }
        });
        altered(&|record| {
            record.action = Action::Stake {
                by: DAN,
                amount: amount("3"),
            }
        });
        altered(&|record| *record = other.clone());
    }
}

/// Someone who can make hashes writes a history of his own: it is refused where it could not have been.
#[test]
fn a_vote_that_was_never_possible_is_refused_whatever_its_hash() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    let mut forged = town.records.clone();
    let mut vote = forged[3].clone();
    vote.number = 5;
    vote.previous = vote.hash;
    vote.action = Action::Vote {
        by: DAN,
        id,
        choice: Choice::Yes,
    };
    vote.effect = Effect::Voted {
        power: amount("1000000"),
    };
    forged.push(vote);
    let error = replay(&town, &forged).unwrap_err();
    assert_eq!(
        error.to_string(),
        "record 5 cannot have been: who had nothing at stake when the proposal was opened has no vote"
    );
}
