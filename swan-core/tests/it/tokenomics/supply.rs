use swan_core::tokenomics::TokenError;
use swan_core::{Amount, Policy, PolicyError};

use super::{day, rules, units};

/// Seed 003, "Token Allocation and Distribution Breakdown".
#[test]
fn a_thousand_million_tokens_are_allocated_as_the_seed_lists_them() {
    for policy in [Policy::swan_1_0(), Policy::swan_2_0()] {
        let supply = policy.tokenomics().unwrap().supply().clone();
        assert_eq!(supply.total(), units(1_000_000_000));
        for (name, points, tokens) in [
            ("investors", 2_000, 200_000_000),
            ("dao-treasury", 2_000, 200_000_000),
            ("ecosystem-fund", 2_500, 250_000_000),
            ("core-contributors", 1_500, 150_000_000),
            ("airdrops", 2_000, 200_000_000),
        ] {
            let bucket = supply.bucket(name).unwrap();
            assert_eq!(
                (bucket.share().get(), bucket.amount()),
                (points, units(tokens)),
                "{name}"
            );
        }
        let all = supply.buckets().iter().map(|bucket| bucket.amount());
        assert_eq!(Amount::checked_sum(all), Ok(supply.total()));
        assert_eq!(supply.provider_reserve(), units(100_000_000));
        let name = "miners".to_owned();
        assert_eq!(
            supply.bucket("miners"),
            Err(TokenError::NoSuchBucket { name })
        );
    }
}

/// The income curve of Swan 1.0 pays out less than what is reserved for providers, even over a century: a rising and then
/// falling curve's days sum to less than its integral and twice its peak.
#[test]
fn the_basic_income_of_a_century_fits_into_the_reserve() {
    let policy = Policy::swan_1_0();
    let century = policy
        .ubi()
        .unwrap()
        .curve()
        .unwrap()
        .integral(1, 36_525)
        .unwrap();
    let reserve = policy.tokenomics().unwrap().supply().provider_reserve();
    assert!(century > units(76_096_538) && century < units(76_096_539));
    assert!(century.checked_add(units(2 * 73_669)).unwrap() < reserve);
}

#[test]
fn no_vesting_schedule_is_public_and_that_is_what_it_says() {
    let rules = rules();
    let error = rules
        .supply()
        .bucket("investors")
        .unwrap()
        .released(day("2026-01-01"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no vesting schedule of \"investors\" is public, and the policy gives none for it"
    );
    assert_eq!(rules.supply().released(day("2026-01-01")), Err(error));
}

fn with(change: impl FnOnce(&mut toml::Table)) -> Result<Policy, PolicyError> {
    let mut source = Policy::swan_1_0().source().clone();
    change(source["tokenomics"].as_table_mut().unwrap());
    Policy::from_toml(&source.to_string())
}

#[test]
fn a_policy_gives_parts_their_schedules() {
    let vesting = "starts = '2025-01-01'\ncliff_months = 12\nmonths = 24\nrelease = 'daily'";
    let policy = with(|section| {
        for part in section["allocation"].as_array_mut().unwrap() {
            let schedule: toml::Table = toml::from_str(vesting).unwrap();
            part.as_table_mut()
                .unwrap()
                .insert("vesting".into(), schedule.into());
        }
    });
    let supply = policy.unwrap().tokenomics().unwrap().supply().clone();
    assert_eq!(supply.released(day("2025-12-31")), Ok(Amount::ZERO));
    assert_eq!(supply.released(day("2026-01-01")), Ok(units(500_000_000)));
    assert_eq!(supply.released(day("2027-01-01")), Ok(units(1_000_000_000)));
}

#[test]
fn numbers_that_do_not_fit_together_name_their_key() {
    type Change = fn(&mut toml::Table);
    let cases: [(&str, Change); 9] = [
        ("tokenomics.supply_swan", |s| {
            _ = s.insert("supply_swan".into(), "0".into());
        }),
        ("tokenomics.inflation_bps", |s| {
            _ = s.insert("inflation_bps".into(), 1.into());
        }),
        ("tokenomics.provider_reserve_bps", |s| {
            _ = s.insert("provider_reserve_bps".into(), 2_001.into());
        }),
        ("tokenomics.airdrop_cap_bps", |s| {
            _ = s.insert("airdrop_cap_bps".into(), 10_001.into());
        }),
        ("tokenomics.buy_back_fee_bps", |s| {
            _ = s.insert("buy_back_fee_bps".into(), 2_499.into());
        }),
        ("tokenomics.allocation", |s| {
            _ = s["allocation"].as_array_mut().unwrap().pop();
        }),
        ("tokenomics.allocation.2.name", |s| {
            s["allocation"][1]
                .as_table_mut()
                .unwrap()
                .insert("name".into(), "investors".into());
        }),
        ("tokenomics.annual_ubi", |s| {
            s["annual_ubi"]
                .as_table_mut()
                .unwrap()
                .insert("edge_bps".into(), 4_001.into());
        }),
        ("tokenomics.allocation.1.vesting.months", |s| {
            let vesting = "starts = '2025-01-01'\ncliff_months = 3\nmonths = 2\nrelease = 'daily'";
            let schedule: toml::Table = toml::from_str(vesting).unwrap();
            s["allocation"][0]
                .as_table_mut()
                .unwrap()
                .insert("vesting".into(), schedule.into());
        }),
    ];
    for (named, change) in cases {
        match with(change) {
            Err(PolicyError::Invalid { key, .. }) => assert_eq!(key, named),
            other => panic!(
                "{named}: {:?}",
                other.map(|policy| policy.version().clone())
            ),
        }
    }
    assert!(with(|s| _ = s.insert("provider_reserve_bps".into(), 2_000.into())).is_ok());
}

#[test]
fn a_policy_without_the_section_says_so() {
    let mut source = Policy::swan_1_0().source().clone();
    source.remove("tokenomics");
    let policy = Policy::from_toml(&source.to_string()).unwrap();
    assert_eq!(
        policy.tokenomics().unwrap_err(),
        PolicyError::missing("tokenomics")
    );
    let rules = Policy::swan_2_0().tokenomics().unwrap().clone();
    assert_eq!(
        rules.annual().unwrap_err(),
        PolicyError::missing("tokenomics.annual_ubi")
    );
}
