use proptest::prelude::*;
use swan_core::governance::{Action, Choice, Effect, GovernanceError};
use swan_core::{AccountId, Amount, MoneyError, Policy};

use super::{ANN, BEN, CLEO, DAN, DAY, MILLI, Town, amount, discount, swan_2_0};

#[test]
fn what_leaves_the_stake_waits_nine_days() {
    let mut town = Town::new();
    let began = town.now;
    let until = began.after(9 * DAY);
    let Ok(Effect::Leaves { leaving }) = town.unstake(ANN, "60000") else {
        panic!("Ann has 60,000 SWAN at stake");
    };
    assert_eq!((leaving.amount, leaving.until), (amount("60000"), until));
    assert_eq!(town.governance.stake().stake(ANN), Amount::ZERO);
    assert_eq!(town.governance.stake().total(), amount("40000"));
    assert_eq!(
        town.governance.stake().stakers(),
        3,
        "Ann's tokens are still here"
    );
    let withdraw = Action::Withdraw { by: ANN };
    town.now = until;
    town.now = super::Timestamp::from_millis(until.as_millis() - 1);
    assert_eq!(
        town.perform(withdraw.clone()),
        Err(GovernanceError::StillLeaving { until })
    );
    town.wait(MILLI);
    assert_eq!(
        town.perform(withdraw.clone()),
        Ok(Effect::Withdrawn {
            amount: amount("60000")
        })
    );
    assert_eq!(town.perform(withdraw), Err(GovernanceError::NothingLeaving));
    assert_eq!(town.governance.stake().stakers(), 2);
}

#[test]
fn what_cannot_be_staked_or_unstaked_is_named() {
    let mut town = Town::new();
    let has = amount("60000");
    for (swan, error) in [
        (
            "0",
            GovernanceError::NotPositive {
                amount: amount("0"),
            },
        ),
        (
            "-5",
            GovernanceError::NotPositive {
                amount: amount("-5"),
            },
        ),
        (
            "1000000000000000",
            GovernanceError::Money(MoneyError::OutOfRange),
        ),
    ] {
        assert_eq!(town.stake(ANN, swan), Err(error));
    }
    for (swan, error) in [
        (
            "0",
            GovernanceError::NotPositive {
                amount: amount("0"),
            },
        ),
        (
            "60000.000000000001",
            GovernanceError::NotEnoughStake {
                has,
                needed: amount("60000.000000000001"),
            },
        ),
    ] {
        assert_eq!(town.unstake(ANN, swan), Err(error));
    }
    assert!(matches!(
        town.unstake(DAN, "1"),
        Err(GovernanceError::NotEnoughStake { .. })
    ));
    town.unstake(ANN, "1").unwrap();
    let until = town.now.after(9 * DAY);
    assert_eq!(
        town.unstake(ANN, "1"),
        Err(GovernanceError::AlreadyLeaving { until })
    );
    assert_eq!(town.governance.stake().stake(ANN), amount("59999"));
}

#[test]
fn there_are_no_more_stakers_than_the_policy_allows() {
    let text = Policy::SWAN_2_0_TOML.replace("max_stakers = 100_000", "max_stakers = 2");
    let mut town = Town::of(Policy::from_toml(&text).unwrap(), "2026-05-01");
    town.stake(ANN, "1").unwrap();
    town.stake(BEN, "1").unwrap();
    let full = Err(GovernanceError::TooManyStakers { most: 2 });
    assert_eq!(town.stake(CLEO, "1"), full);
    town.stake(ANN, "1").unwrap();
    // Who leaves makes room only when the tokens are out.
    town.unstake(BEN, "1").unwrap();
    assert_eq!(town.stake(CLEO, "1"), full);
    town.stake(BEN, "1").unwrap();
    town.unstake(ANN, "2").unwrap();
    town.wait(9 * DAY);
    town.perform(Action::Withdraw { by: ANN }).unwrap();
    town.stake(CLEO, "1").unwrap();
}

#[test]
fn tokens_do_not_vote_twice_by_moving() {
    let mut town = Town::new();
    let id = town.propose(ANN, discount(1_500)).unwrap();
    // Ann votes, and lets her tokens go to Dan, who stakes them.
    assert_eq!(
        town.vote(ANN, id, Choice::Yes),
        Ok(Effect::Voted {
            power: amount("60000")
        })
    );
    town.unstake(ANN, "60000").unwrap();
    town.stake(DAN, "60000").unwrap();
    assert_eq!(
        town.vote(DAN, id, Choice::Yes),
        Err(GovernanceError::NoPower)
    );
    // More stake is no more power, and less is no less, in what was opened before.
    town.stake(BEN, "70000").unwrap();
    assert_eq!(
        town.vote(BEN, id, Choice::No),
        Ok(Effect::Voted {
            power: amount("30000")
        })
    );
    town.unstake(CLEO, "10000").unwrap();
    assert_eq!(
        town.vote(CLEO, id, Choice::No),
        Ok(Effect::Voted {
            power: amount("10000")
        })
    );
    let proposal = town.governance.proposal(id).unwrap();
    assert_eq!(proposal.total_stake(), amount("100000"));
    // The tokens are out only after the vote would have taken effect.
    let until = town.governance.stake().leaving(ANN).unwrap().until;
    assert!(until >= proposal.executable_at());
}

proptest! {
    #[test]
    fn no_token_appears_or_is_lost(steps in prop::collection::vec((0..3_u8, 1..5_u128, 1..50_i64, 0..12_u32), 1..60)) {
        let mut town = Town::of(swan_2_0(), "2026-05-01");
        let mut paid_in = 0_i64;
        let mut paid_out = Amount::ZERO;
        for (kind, who, units, days) in steps {
            town.wait(days * DAY);
            let (by, amount) = (AccountId::from_u128(who), Amount::from_units(units).unwrap());
            match kind {
                0 => {
                    town.perform(Action::Stake { by, amount }).unwrap();
                    paid_in += units;
                }
                1 => drop(town.perform(Action::Unstake { by, amount })),
                _ => {
                    if let Ok(Effect::Withdrawn { amount }) = town.perform(Action::Withdraw { by }) {
                        paid_out = paid_out.checked_add(amount).unwrap();
                    }
                }
            }
            let stake = town.governance.stake();
            let people = (1..5).map(AccountId::from_u128);
            let staked = Amount::checked_sum(people.clone().map(|who| stake.stake(who))).unwrap();
            let leaving = people.filter_map(|who| stake.leaving(who)).map(|leaving| leaving.amount);
            prop_assert_eq!(staked, stake.total());
            let all = Amount::checked_sum(leaving.chain([staked, paid_out])).unwrap();
            prop_assert_eq!(all, Amount::from_units(paid_in).unwrap());
        }
    }
}
