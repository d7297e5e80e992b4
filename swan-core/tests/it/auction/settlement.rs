use proptest::prelude::*;
use swan_core::auction::{CommissionFrom, Payment, Settlement};
use swan_core::tokenomics::TokenError;
use swan_core::{Amount, Policy, PolicyError};

use super::{policy, units};

/// Seed 003: a task of 1,000 SWAN earns its provider 1,000 and the market provider 50; fees go 75 % and 25 %.
#[test]
fn the_seeds_examples_hold_together_when_the_commission_comes_on_top() {
    let settled = Settlement::of(policy(), units(1_000), units(20)).unwrap();
    assert_eq!(
        (settled.provider, settled.market_provider),
        (units(1_000), units(50))
    );
    assert_eq!(
        (settled.fees.treasury, settled.fees.buy_back),
        (units(15), units(5))
    );
    assert_eq!(settled.consumer, units(1_070));
}

fn from_the_provider() -> Policy {
    let mut source = Policy::swan_1_0().source().clone();
    source["auction"]
        .as_table_mut()
        .unwrap()
        .insert("commission_from".into(), "provider".into());
    Policy::from_toml(&source.to_string()).unwrap()
}

#[test]
fn a_policy_may_take_the_commission_from_the_price() {
    let settled = Settlement::of(&from_the_provider(), units(1_000), Amount::ZERO).unwrap();
    assert_eq!(
        (settled.consumer, settled.provider),
        (units(1_000), units(950))
    );
    assert_eq!(settled.market_provider, units(50));
}

#[test]
fn what_cannot_be_settled_is_named() {
    let what = "the task's value";
    assert_eq!(
        Settlement::of(policy(), units(-1), Amount::ZERO),
        Err(TokenError::Negative { what })
    );
    let what = "what is divided";
    assert_eq!(
        Settlement::of(policy(), units(1), units(-1)),
        Err(TokenError::Negative { what })
    );
    assert!(matches!(
        Settlement::of(policy(), Amount::MAX, Amount::ZERO),
        Err(TokenError::Money(_))
    ));
    let missing = TokenError::Policy(PolicyError::missing("auction"));
    assert_eq!(
        Settlement::of(&Policy::swan_2_0(), units(1), Amount::ZERO),
        Err(missing)
    );
}

#[test]
fn the_built_in_numbers_are_read_and_absurd_ones_named() {
    let rules = policy().auction().unwrap();
    assert_eq!(
        (rules.payment(), rules.commission_from()),
        (Payment::FirstPrice, CommissionFrom::Consumer)
    );
    assert_eq!((rules.open().as_secs(), rules.reveal().as_secs()), (60, 30));
    assert_eq!(
        (rules.reputation_weight().get(), rules.most_bids()),
        (2_000, 10_000)
    );
    for (key, value) in [
        ("reputation_weight_bps", 10_001),
        ("open_secs", 0),
        ("open_secs", 86_401),
        ("reveal_secs", 0),
        ("most_bids", 0),
        ("most_bids", 100_001),
    ] {
        let mut source = policy().source().clone();
        source["auction"]
            .as_table_mut()
            .unwrap()
            .insert(key.into(), value.into());
        match Policy::from_toml(&source.to_string()) {
            Err(PolicyError::Invalid { key: named, .. }) => {
                assert_eq!(named, format!("auction.{key}"));
            }
            other => panic!("{key}: {:?}", other.map(|policy| policy.version().clone())),
        }
    }
}

proptest! {
    #[test]
    fn what_the_consumer_pays_is_what_the_others_get(price in 0..=1_000_000_000_000_000_000_i128, fees in 0..=1_000_000_000_000_000_i128) {
        static OTHER: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
        let (price, fees) = (Amount::from_pico(price).unwrap(), Amount::from_pico(fees).unwrap());
        for policy in [policy(), OTHER.get_or_init(from_the_provider)] {
            let settled = Settlement::of(policy, price, fees).unwrap();
            let got = [settled.provider, settled.market_provider, settled.fees.treasury, settled.fees.buy_back];
            prop_assert_eq!(Amount::checked_sum(got), Ok(settled.consumer));
            prop_assert!(got.iter().all(|part| !part.is_negative()));
        }
    }
}
