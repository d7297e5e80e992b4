use std::collections::BTreeMap;

use proptest::prelude::*;
use swan_core::governance::{Action, Choice, Effect, GovernanceError, RewardError, share_reward};
use swan_core::{AccountId, Amount, BasisPoints, Timestamp};

use super::{ANN, BEN, CLEO, DAY, Town, amount, discount};

fn one_percent() -> BasisPoints {
    BasisPoints::new(100).unwrap()
}

fn reward(town: &mut Town, treasury: &str) -> Result<Vec<(AccountId, String)>, GovernanceError> {
    let treasury = amount(treasury);
    match town.perform(Action::Reward { treasury })? {
        Effect::Rewarded { rewards } => Ok(rewards
            .parts
            .into_iter()
            .map(|(who, part)| (who, part.to_string()))
            .collect()),
        other => panic!("{other:?}"),
    }
}

/// Seed 003: 1 % of the DAO treasury, here of its whole allocation of 200,000,000 SWAN.
#[test]
fn voters_share_one_percent_of_the_treasury_by_their_stake() {
    let mut town = Town::new();
    let began = town.now;
    let id = town.propose(CLEO, discount(1_500)).unwrap();
    town.vote(ANN, id, Choice::No).unwrap();
    town.vote(BEN, id, Choice::Yes).unwrap();
    town.wait(8 * DAY);
    let due = began.after(365 * DAY);
    assert_eq!(
        reward(&mut town, "200000000"),
        Err(GovernanceError::RewardNotDue { due })
    );
    town.now = Timestamp::from_millis(due.as_millis() - 1);
    assert!(reward(&mut town, "200000000").is_err());
    town.now = due;
    // 2,000,000 SWAN by 60,000 and 30,000; Cleo proposed and did not vote.
    assert_eq!(
        reward(&mut town, "200000000").unwrap(),
        [
            (ANN, "1333333.333333333333".to_owned()),
            (BEN, "666666.666666666667".to_owned())
        ]
    );
    let due = due.after(365 * DAY);
    assert_eq!(town.governance.rewards_due(), Some(due));
    town.wait(365 * DAY);
    assert_eq!(
        reward(&mut town, "200000000"),
        Err(GovernanceError::Reward(RewardError::NobodyVoted)),
        "a vote is rewarded once"
    );
}

/// Ann votes once with 60,000 SWAN, Ben twice with 30,000.
#[test]
fn every_vote_of_the_period_counts() {
    let mut town = Town::new();
    for voters in [&[ANN, BEN][..], &[BEN]] {
        let id = town.propose(CLEO, discount(1_500)).unwrap();
        for voter in voters {
            town.vote(*voter, id, Choice::No).unwrap();
        }
        town.wait(8 * DAY);
    }
    town.wait(365 * DAY);
    let half = "1000000".to_owned();
    assert_eq!(
        reward(&mut town, "200000000").unwrap(),
        [(ANN, half.clone()), (BEN, half)]
    );
}

#[test]
fn votes_on_what_is_withdrawn_or_misses_its_quorum_earn_nothing() {
    let mut town = Town::new();
    for _ in 0..5 {
        let id = town.propose(ANN, discount(1_500)).unwrap();
        town.vote(ANN, id, Choice::Yes).unwrap();
        town.perform(Action::Cancel { by: ANN, id }).unwrap();
    }
    town.unstake(CLEO, "1").unwrap();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(CLEO, id, Choice::Yes).unwrap();
    town.wait(366 * DAY);
    assert_eq!(
        reward(&mut town, "100"),
        Err(GovernanceError::Reward(RewardError::NobodyVoted))
    );
    let id = town.propose(ANN, discount(1_500)).unwrap();
    town.vote(CLEO, id, Choice::Abstain).unwrap();
    town.vote(BEN, id, Choice::No).unwrap();
    town.wait(8 * DAY);
    assert_eq!(
        reward(&mut town, "0"),
        Err(GovernanceError::Reward(RewardError::NothingToShare {
            treasury: Amount::ZERO,
            share: one_percent(),
        }))
    );
    // 0.01 SWAN by 30,000 and 9,999.
    let parts = reward(&mut town, "1").unwrap();
    assert_eq!(
        parts,
        [
            (BEN, "0.007500187505".to_owned()),
            (CLEO, "0.002499812495".to_owned())
        ]
    );
}

#[test]
fn nothing_absurd_is_shared() {
    let share = one_percent();
    let one = BTreeMap::from([(ANN, 1)]);
    for treasury in ["0", "-5", "0.000000000099"] {
        let treasury = amount(treasury);
        assert_eq!(
            share_reward(treasury, share, &one),
            Err(RewardError::NothingToShare { treasury, share })
        );
    }
    let least = share_reward(amount("0.000000000199"), share, &one).unwrap();
    assert_eq!(least.pool, amount("0.000000000001"), "rounded down");
    let no_weight = BTreeMap::from([(ANN, 0)]);
    for nobody in [BTreeMap::new(), no_weight] {
        assert_eq!(
            share_reward(amount("5"), share, &nobody),
            Err(RewardError::NobodyVoted)
        );
    }
    let overflow = BTreeMap::from([(ANN, u128::MAX), (BEN, 1)]);
    assert_eq!(
        share_reward(amount("5"), share, &overflow),
        Err(RewardError::OutOfRange)
    );
    // Equal remainders: the smaller account id.
    let three = BTreeMap::from([(ANN, 7), (BEN, 7), (CLEO, 7)]);
    let parts = share_reward(amount("0.000000001000"), share, &three)
        .unwrap()
        .parts;
    let parts: Vec<i128> = parts.into_values().map(Amount::pico).collect();
    assert_eq!(parts, [4, 3, 3]);
}

proptest! {
    #[test]
    fn rewards_sum_to_the_pool_and_follow_the_stake(
        treasury in 100..Amount::MAX.pico(),
        weights in prop::collection::btree_map(0..1_000_u128, prop_oneof![0..100_u128, 0..Amount::MAX.pico().unsigned_abs()], 1..40),
    ) {
        let weights: BTreeMap<AccountId, u128> =
            weights.into_iter().map(|(who, weight)| (AccountId::from_u128(who), weight)).collect();
        let treasury = Amount::from_pico(treasury).unwrap();
        match share_reward(treasury, one_percent(), &weights) {
            Err(error) => {
                prop_assert_eq!(error, RewardError::NobodyVoted);
                prop_assert!(weights.values().all(|weight| *weight == 0));
            }
            Ok(rewards) => {
                prop_assert_eq!(rewards.pool.pico(), treasury.pico() / 100);
                prop_assert_eq!(Amount::checked_sum(rewards.parts.values().copied()), Ok(rewards.pool));
                for (a, weight_of_a) in &weights {
                    prop_assert_eq!(rewards.parts.contains_key(a), *weight_of_a > 0);
                    for (b, weight_of_b) in &weights {
                        if weight_of_a > weight_of_b && *weight_of_b > 0 {
                            prop_assert!(rewards.parts[a] >= rewards.parts[b]);
                        }
                    }
                }
            }
        }
    }
}
