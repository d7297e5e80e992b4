use std::sync::LazyLock;

use proptest::prelude::*;
use swan_core::collateral::{CardGroup, CollateralError, CollateralRule, JobGroup, Position};
use swan_core::hardware::{ComputingUnits, GpuName, HardwareTier, Role};
use swan_core::{Currency, Policy, PolicyError};

use super::amount;

/// Read once, since property tests ask for it thousands of times.
static SWAN_1: LazyLock<Policy> = LazyLock::new(Policy::swan_1_0);

fn units(whole: u64) -> ComputingUnits {
    ComputingUnits::from_tenths(whole * 10)
}

fn group(name: &str, count: u64, role: Role) -> CardGroup {
    CardGroup {
        name: GpuName::parse(name).unwrap(),
        units: SWAN_1.hardware().computing_units(name),
        count,
        role,
    }
}

/// A provider of Swan 1.0 in a network of so many units.
fn position(cards: Vec<CardGroup>, network: u64) -> Position {
    let mut position = Position::new(Currency::Swan);
    position.cards = cards;
    position.network_units = units(network);
    position
}

fn with(document: &str, original: &str, replacement: &str) -> Result<Policy, PolicyError> {
    assert!(
        document.contains(original),
        "the document does not say {original}"
    );
    Policy::from_toml(&document.replacen(original, replacement, 1))
}

/// Public record 3.7.
#[test]
fn swan_2_asks_for_20_dollars_or_35_000_swan() {
    let policy = Policy::swan_2_0();
    let rule = policy.collateral().unwrap().rule().unwrap();
    for tier in HardwareTier::ALL {
        for (currency, expected) in [(Currency::Usd, "20"), (Currency::Swan, "35000")] {
            let mut position = Position::new(currency);
            position.tier = Some(tier);
            let required = rule.required(&position).unwrap();
            assert_eq!(
                (required.amount, required.currency),
                (amount(expected), currency)
            );
            let text = required.grounds(policy.stamp()).to_string();
            assert!(text.contains("Public record 3.7"), "{text}");
            assert!(
                text.ends_with(&format!("hardware tier was {tier}")),
                "{text}"
            );
        }
    }
    let error = rule.required(&Position::new(Currency::Usd)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the collateral cannot be computed without a hardware tier"
    );
}

/// Public record 3.5.
#[test]
fn sip_002_asks_by_class_of_card() {
    let policy = Policy::swan_2_0();
    let rule = policy.collateral().unwrap().by_card().unwrap();
    for (name, count, expected) in [
        ("RTX 3090", 1, "5000"),
        ("RTX A4000", 1, "5000"),
        ("RTX 4090", 1, "10000"),
        ("A5000", 1, "10000"),
        ("RTX A6000", 1, "10000"),
        ("NVIDIA A100-SXM4-80GB", 1, "25000"),
        ("NVIDIA H100 80GB HBM3", 1, "50000"),
        ("H100 PCIe", 8, "400000"),
    ] {
        let required = rule.required(&position(vec![group(name, count, Role::Edge)], 0));
        assert_eq!(required.unwrap().amount, amount(expected), "{name}");
    }
    let unlisted = position(vec![group("L40S", 1, Role::Edge)], 0);
    let error = rule.required(&unlisted).unwrap_err().to_string();
    assert_eq!(error, "the policy names no collateral for the card l40s");
    let none = rule.required(&position(Vec::new(), 0)).unwrap_err();
    assert_eq!(none, CollateralError::Missing { what: "cards" });
}

/// Public record 3.2: 3,533 at launch, 1,866.67 at 6,000 units, 1,200 at 10,000.
#[test]
fn the_base_collateral_falls_with_the_network() {
    let policy = Policy::swan_1_0();
    let rule = policy.collateral().unwrap().by_computing_units().unwrap();
    for (network, exact, charged) in [
        (0, "3533.333333333333", "3533"),
        (2_999, "3533.333333333333", "3533"),
        (3_000, "3533.333333333333", "3533"),
        (3_001, "3532.222592469177", "3532"),
        (6_000, "1866.666666666667", "1866"),
        (10_000, "1200", "1200"),
        (100_000_000, "200.1", "200"),
    ] {
        let network = units(network);
        assert_eq!(rule.exact_base(network), Ok(amount(exact)), "{network}");
        assert_eq!(rule.base(network), Ok(amount(charged)), "{network}");
    }
}

/// Seed 002 with the factors of public record 3.3: 28 units of 3,533 for an H100 are 98,924.
#[test]
fn swan_1_asks_by_computing_units() {
    let policy = Policy::swan_1_0();
    let rule = policy.collateral().unwrap().rule().unwrap();
    for (cards, network, expected) in [
        (vec![group("H100 PCIe", 1, Role::Edge)], 3_000, "98924"),
        (vec![group("H100 PCIe", 1, Role::Fog)], 3_000, "118708.8"),
        (vec![group("RTX 4090", 1, Role::Edge)], 0, "10245.7"),
        (vec![group("RTX 3070", 3, Role::Edge)], 10_000, "2880"),
        (
            vec![
                group("RTX 4090", 2, Role::Edge),
                group("RTX 3080", 4, Role::Fog),
            ],
            3_000,
            // 3,533 x (2 x 2.9 + 4 x 1 x 1.2)
            "37449.8",
        ),
        (vec![group("RTX 4090", 0, Role::Edge)], 3_000, "0"),
    ] {
        let required = rule.required(&position(cards, network)).unwrap();
        assert_eq!(required.amount, amount(expected));
        assert_eq!(required.currency, Currency::Swan);
    }
    let unknown = rule.required(&position(vec![group("L4000", 1, Role::Edge)], 0));
    let card = "l4000".to_owned();
    assert_eq!(unknown, Err(CollateralError::UnknownCard { card }));
    let huge = rule.required(&position(vec![group("H100 PCIe", u64::MAX, Role::Fog)], 0));
    assert!(matches!(huge, Err(CollateralError::Money(_))), "{huge:?}");
    let mut dollars = position(vec![group("H100 PCIe", 1, Role::Edge)], 0);
    dollars.currency = Currency::Usd;
    let currency = Currency::Usd;
    assert_eq!(
        rule.required(&dollars),
        Err(CollateralError::Currency { currency })
    );
}

/// JCF and BC are public nowhere: without them there is an error that names the key, and with them the seed's formula.
#[test]
fn what_is_public_nowhere_is_asked_for_by_name() {
    let policy = Policy::swan_1_0();
    let rules = policy.collateral().unwrap();
    for (error, key) in [
        (
            rules.by_job().unwrap_err(),
            "collateral.job.complexity_swan",
        ),
        (
            rules.market_provider().unwrap_err(),
            "collateral.market_provider.base_swan",
        ),
        (rules.by_card().unwrap_err(), "collateral.card"),
        (rules.by_tier().unwrap_err(), "collateral.tier"),
    ] {
        assert!(error.to_string().contains(key), "{error}");
        assert_eq!(error, PolicyError::missing(key));
    }
    let selected = "rule = \"computing_units\"";
    let error = with(Policy::SWAN_1_0_TOML, selected, "rule = \"job\"").unwrap_err();
    assert_eq!(
        error,
        PolicyError::missing("collateral.job.complexity_swan")
    );
}

#[test]
fn jobs_and_market_providers_follow_the_formulas_of_seed_003() {
    let factors = "[collateral.job]\ncomplexity_swan = { small = \"2.5\", large = \"100\" }";
    let policy = with(Policy::SWAN_1_0_TOML, "[collateral.job]", factors).unwrap();
    let rule = policy.collateral().unwrap().by_job().unwrap().clone();
    let mut position = Position::new(Currency::Swan);
    let jobs = |complexity: &str, count| JobGroup {
        complexity: complexity.to_owned(),
        count,
    };
    assert_eq!(rule.required(&position).unwrap().amount, amount("0"));
    position.jobs = vec![jobs("small", 3), jobs("large", 2)];
    assert_eq!(rule.required(&position).unwrap().amount, amount("207.5"));
    position.jobs = vec![jobs("vast", 1)];
    let error = rule.required(&position).unwrap_err().to_string();
    assert_eq!(
        error,
        "the policy names no collateral.job.complexity_swan.vast"
    );

    let base = "multiplier = 200\nbase_swan = \"50\"";
    let policy = with(Policy::SWAN_1_0_TOML, "multiplier = 200", base).unwrap();
    let rule = policy.collateral().unwrap().market_provider().unwrap();
    position.volume = amount("1000");
    assert_eq!(rule.required(&position).unwrap().amount, amount("210000"));
    position.volume = amount("-1");
    assert!(rule.required(&position).is_err());
}

#[test]
fn a_wrong_value_is_named_with_its_key_and_its_rule() {
    for (document, original, replacement, message) in [
        (
            Policy::SWAN_2_0_TOML,
            "usd = \"20\"",
            "usd = \"0\"",
            "the policy says collateral.tier.1.usd = \"0\", but collateral is above zero",
        ),
        (
            Policy::SWAN_2_0_TOML,
            "usd = \"20\"",
            "usd = \"-20\"",
            "the policy says collateral.tier.1.usd = \"-20\", but an amount is not below zero",
        ),
        (
            Policy::SWAN_2_0_TOML,
            "withdrawal_days = 7",
            "withdrawal_days = 366",
            "the policy says collateral.withdrawal_days = 366, but it lies between 0 and 365",
        ),
        (
            Policy::SWAN_2_0_TOML,
            "cards = [\"RTX 3090\", ",
            "cards = [\"RTX 4090\", ",
            "the policy says collateral.card.2.cards = RTX 4090, but a card stands in the table once",
        ),
        (
            Policy::SWAN_1_0_TOML,
            "least_units = 3_000",
            "least_units = 0",
            "the policy says collateral.computing_units.least_units = 0, but it lies between 1 and 1000000000",
        ),
    ] {
        match with(document, original, replacement) {
            Ok(_) => panic!("accepted: {replacement}"),
            Err(error) => assert_eq!(error.to_string(), message),
        }
    }
}

proptest! {
    #[test]
    fn more_cards_never_need_less_and_more_network_never_more(
        (few, further) in (0_u64..10_000, 0_u64..10_000),
        (small, growth) in (0_u64..1_000_000, 0_u64..1_000_000),
    ) {
        let rule = SWAN_1.collateral().unwrap().rule().unwrap();
        let required = |cards, network| {
            let cards = vec![group("RTX 4090", cards, Role::Fog)];
            rule.required(&position(cards, network)).unwrap().amount
        };
        prop_assert!(required(few + further, small) >= required(few, small));
        prop_assert!(required(few, small + growth) <= required(few, small));
    }
}
