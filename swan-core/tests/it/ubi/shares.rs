use proptest::prelude::*;
use swan_core::hardware::{ComputingUnits, Role};
use swan_core::ubi::{Cards, Contributor, UbiError, share_by_workload};
use swan_core::{Amount, Policy, PolicyError, ProviderId};

use super::{amount, points};

fn provider(number: u128, role: Role, count: u64, tenths: u64, completion: u16) -> Contributor {
    Contributor {
        provider: ProviderId::from_u128(number),
        cards: vec![Cards {
            role,
            count,
            units: ComputingUnits::from_tenths(tenths),
        }],
        completion: points(completion),
        collateral: amount("100"),
        collateral_needed: amount("100"),
    }
}

fn earlier_rule() -> Policy {
    let mut source = Policy::swan_1_0().source().clone();
    source["ubi"]["workload"]
        .as_table_mut()
        .unwrap()
        .insert("share_rule".into(), "of-completed".into());
    Policy::from_toml(&source.to_string()).unwrap()
}

fn amounts(policy: &Policy, income: &str, list: &[Contributor]) -> (Vec<Amount>, Amount) {
    let found = share_by_workload(policy, amount(income), list).unwrap();
    (
        found.shares.iter().map(|(_, share)| *share).collect(),
        found.unclaimed,
    )
}

/// Seed 002, "Individual CP's UBI": 10 and 12 parts of 22, the second three quarters completed.
#[test]
fn shares_follow_hardware_role_and_completion() {
    let list = [
        provider(1, Role::Edge, 1, 10, 10_000),
        provider(2, Role::Fog, 1, 10, 7_500),
    ];
    let (shares, unclaimed) = amounts(&Policy::swan_1_0(), "2200", &list);
    assert_eq!(
        (shares, unclaimed),
        (vec![amount("1000"), amount("900")], amount("300"))
    );
    let (shares, unclaimed) = amounts(&earlier_rule(), "2200", &list);
    assert_eq!(unclaimed, Amount::ZERO);
    assert_eq!(
        shares,
        [amount("1157.894736842105"), amount("1042.105263157895")]
    );
}

/// Seed 002: "if the same configuration of servers is deployed for FCP, it will generate 20% more earnings than ECP".
#[test]
fn a_fog_provider_earns_a_fifth_more_for_the_same_cards() {
    let list = [
        provider(1, Role::Edge, 7, 29, 9_000),
        provider(2, Role::Fog, 7, 29, 9_000),
    ];
    let (shares, _) = amounts(&Policy::swan_1_0(), "67250.504701145823", &list);
    assert!((shares[0].pico() * 12 - shares[1].pico() * 10).abs() <= 12);
}

#[test]
fn who_does_not_qualify_is_told_why_and_dilutes_nobody() {
    let mut poor = provider(2, Role::Edge, 1_000, 280, 10_000);
    poor.collateral = amount("99.999999999999");
    let idle = provider(3, Role::Fog, 1, 10, 0);
    let unknown = provider(4, Role::Edge, 5, 0, 10_000);
    let list = [provider(1, Role::Edge, 1, 10, 10_000), poor, idle, unknown];
    let found = share_by_workload(&Policy::swan_1_0(), amount("10"), &list).unwrap();
    assert_eq!(found.shares, [(ProviderId::from_u128(1), amount("10"))]);
    let reasons: Vec<String> = found
        .refused
        .iter()
        .map(|(_, unmet)| unmet[0].to_string())
        .collect();
    assert_eq!(
        reasons,
        [
            "collateral was 99.999999999999 SWAN, needed at least 100 SWAN",
            "completed test tasks was 0%, needed more than none",
            "cards that count was 0, needed at least 1",
        ]
    );
    assert!(
        found
            .grounds
            .to_string()
            .contains("Seed 002, Individual CP's UBI")
    );
    let nobody = share_by_workload(&Policy::swan_1_0(), amount("10"), &list[1..]).unwrap();
    assert_eq!((nobody.shares.len(), nobody.unclaimed), (0, amount("10")));
}

#[test]
fn what_cannot_be_is_named() {
    let policy = Policy::swan_1_0();
    let one = provider(1, Role::Edge, 1, 10, 10_000);
    let twice = share_by_workload(&policy, amount("10"), &[one.clone(), one.clone()]);
    assert_eq!(
        twice,
        Err(UbiError::Twice {
            provider: one.provider
        })
    );
    let negative = share_by_workload(&policy, amount("-10"), std::slice::from_ref(&one));
    assert_eq!(negative, Err(UbiError::Negative { what: "the income" }));
    let mut owing = one.clone();
    owing.collateral = amount("-1");
    let owing = share_by_workload(&policy, amount("10"), &[owing]);
    assert_eq!(
        owing,
        Err(UbiError::Negative {
            what: "a collateral"
        })
    );
    let mut source = policy.source().clone();
    source["ubi"].as_table_mut().unwrap().remove("workload");
    let lacking = Policy::from_toml(&source.to_string()).unwrap();
    let missing = UbiError::Policy(PolicyError::missing("ubi.workload"));
    assert_eq!(
        share_by_workload(&lacking, amount("10"), &[one]),
        Err(missing)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shares_and_the_unclaimed_rest_are_the_income(
        income in 0..=100_000_000_000_000_000_i128,
        list in prop::collection::vec((any::<bool>(), 0..2_000_u64, 0..300_u64, 0..=10_000_u16), 0..20),
    ) {
        static POLICY: std::sync::OnceLock<[Policy; 2]> = std::sync::OnceLock::new();
        let policies = POLICY.get_or_init(|| [Policy::swan_1_0(), earlier_rule()]);
        let list: Vec<Contributor> = list.iter().zip(1..).map(|(&(fog, count, tenths, completion), number)| {
            provider(number, if fog { Role::Fog } else { Role::Edge }, count, tenths, completion)
        }).collect();
        let income = Amount::from_pico(income).unwrap();
        for policy in policies {
            let found = share_by_workload(policy, income, &list).unwrap();
            let all = found.shares.iter().map(|(_, share)| *share).chain([found.unclaimed]);
            prop_assert_eq!(Amount::checked_sum(all), Ok(income));
            prop_assert_eq!(found.shares.len() + found.refused.len(), list.len());
            prop_assert!(found.shares.iter().all(|(_, share)| !share.is_negative()));
        }
    }
}
