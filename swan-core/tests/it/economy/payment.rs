//! What paying with SWAN brings, and how old an exchange rate may be.

use proptest::prelude::*;
use swan_core::pricing::{DepositBonus, SwanIncentive};
use swan_core::{
    Amount, BasisPoints, Currency, MoneyError, Policy, Pricing, PricingError, RateError,
    SeedPricing, StampedRate, Timestamp, Usage,
};

use super::{amount, swan_2_0, with};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const BONUS: &str = "swan = \"deposit_bonus\"\nswan_deposit_bonus_bps = 2_000\n";
const DISCOUNT: &str = "swan = \"discount\"\n";
const POINTS: &str = "swan_discount_bps = 2_000\n";

/// Swan 2.0 with the other form of the incentive.
fn with_bonus() -> Policy {
    let text = Policy::SWAN_2_0_TOML.replacen(DISCOUNT, BONUS, 1);
    Policy::from_toml(&text.replacen(POINTS, "", 1)).unwrap()
}

fn rate(usd: &str, at: u64) -> StampedRate {
    StampedRate::new(usd.parse().unwrap(), "a feed", Timestamp::from_millis(at))
}

fn bonus(points: u16) -> DepositBonus {
    DepositBonus::new(BasisPoints::new(points).unwrap())
}

#[test]
fn exactly_one_form_of_the_incentive_is_in_force() {
    let discount = *Policy::swan_2_0().payment();
    assert_eq!(
        discount.swan(),
        SwanIncentive::Discount(BasisPoints::new(2_000).unwrap())
    );
    assert_eq!(discount.swan_discount().get(), 2_000);
    let policy = with_bonus();
    assert_eq!(
        policy.payment().swan(),
        SwanIncentive::DepositBonus(bonus(2_000))
    );
    assert_eq!(policy.swan_discount(), BasisPoints::ZERO);
    assert_eq!(Policy::swan_1_0().swan_discount(), BasisPoints::ZERO);
    let text = |replacement: &str| with(DISCOUNT, replacement).unwrap_err().to_string();
    assert_eq!(
        text("swan = \"discount\"\nswan_deposit_bonus_bps = 2_000\n"),
        "the policy says payment.swan_deposit_bonus_bps = 2000, but with payment.swan = \"discount\" only \
         payment.swan_discount_bps is in force"
    );
    assert_eq!(
        text(BONUS),
        "the policy says payment.swan_discount_bps = 2000, but with payment.swan = \"deposit_bonus\" only \
         payment.swan_deposit_bonus_bps is in force"
    );
    assert!(text("swan = \"both\"\n").contains("both"));
    assert_eq!(
        with(POINTS, "").unwrap_err().to_string(),
        "the policy says payment.swan_discount_bps = (missing), but payment.swan = \"discount\" needs it"
    );
    let age = |secs: &str| {
        with("rate_max_age_secs = 900", secs).map(|policy| policy.payment().rate_max_age())
    };
    assert_eq!(
        age("rate_max_age_secs = 604_800").unwrap().as_secs(),
        604_800
    );
    assert!(age("rate_max_age_secs = 604_801").is_err());
    assert!(age("rate_max_age_secs = 0").is_err());
}

#[test]
fn twenty_percent_more_credit_is_a_discount_of_sixteen_point_seven_percent() {
    let policy = with_bonus();
    // Seed 001's example at both forms: $0.03 costs $0.024 of SWAN, or $0.03 of credit that cost $0.025.
    let terms = SeedPricing::new()
        .terms(
            &policy,
            policy.model("qwen3:8b").unwrap(),
            Currency::Swan,
            Some(&rate("1", NOW.as_millis())),
            NOW,
        )
        .unwrap();
    assert_eq!(
        terms.price(&Usage::tokens(0, 0, 1_000_000)),
        Ok(amount("0.03"))
    );
    let credit = bonus(2_000)
        .credit(amount("0.025"), &rate("1", 0), policy.stamp().clone())
        .unwrap();
    assert_eq!(credit.credit, amount("0.03"));
    for (points, discount) in [
        (0, 0),
        (1, 1),
        (2_000, 1_667),
        (2_500, 2_000),
        (10_000, 5_000),
    ] {
        assert_eq!(bonus(points).as_discount().get(), discount, "{points}");
    }
    assert_eq!(bonus(2_000).as_discount().to_string(), "16.67%");
}

#[test]
fn a_deposit_is_credited_with_its_worth_and_the_bonus() {
    let stamp = Policy::swan_2_0().stamp().clone();
    for (deposit, usd, worth, more, credit) in [
        ("100", "0.01", "1", "0.2", "1.2"),
        ("0", "0.01", "0", "0", "0"),
        // At the rate that SIP-003 reports.
        ("100000", "0.0005016", "50.16", "10.032", "60.192"),
        // 2.5 and 3 pico-dollars: worth is rounded to the even 2, credit is exact, and the bonus is what lies between.
        (
            "0.000000000005",
            "0.5",
            "0.000000000002",
            "0.000000000001",
            "0.000000000003",
        ),
    ] {
        let told = bonus(2_000)
            .credit(amount(deposit), &rate(usd, 0), stamp.clone())
            .unwrap();
        let found = (told.deposit, told.worth, told.bonus, told.credit);
        assert_eq!(
            found,
            (amount(deposit), amount(worth), amount(more), amount(credit))
        );
        let told = told.grounds.to_string();
        for part in ["public record 3.9", "bonus was 20%", "swan-2.0", "a feed"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let refused = |deposit, usd| bonus(2_000).credit(deposit, &rate(usd, 0), stamp.clone());
    assert_eq!(
        refused(amount("-1"), "1").unwrap_err(),
        MoneyError::OutOfRange
    );
    assert_eq!(
        refused(Amount::MAX, "1").unwrap_err(),
        MoneyError::OutOfRange
    );
    assert_eq!(
        refused(Amount::MAX, "1000000000000000").unwrap_err(),
        MoneyError::OutOfRange
    );
}

#[test]
fn an_old_rate_is_refused_with_its_age() {
    let policy = Policy::swan_2_0();
    let now = NOW.as_millis();
    let terms = |at| {
        SeedPricing::new().terms(
            &policy,
            policy.model("qwen3:8b").unwrap(),
            Currency::Swan,
            Some(&rate("1", at)),
            NOW,
        )
    };
    for at in [now, now - 900_000, now + 900_000] {
        assert_eq!(terms(at).unwrap().rate(), Some(&rate("1", at)));
    }
    let old = terms(now - 900_001).unwrap_err();
    assert_eq!(
        old.to_string(),
        "the exchange rate of a feed is 900001 ms old, and the policy allows 900000 ms"
    );
    assert!(matches!(
        old,
        PricingError::Rate(RateError::TooOld {
            age_ms: 900_001,
            ..
        })
    ));
    let ahead = terms(now + 900_001).unwrap_err();
    assert_eq!(
        ahead.to_string(),
        "the exchange rate of a feed is from 900001 ms in the future"
    );
    // Payment in dollars needs no rate, however old it is.
    let dollars = SeedPricing::new()
        .terms(
            &policy,
            policy.model("qwen3:8b").unwrap(),
            Currency::Usd,
            Some(&rate("1", 0)),
            NOW,
        )
        .unwrap();
    assert_eq!(dollars.rate(), None);
}

proptest! {
    #[test]
    fn a_credit_is_its_worth_and_its_bonus(
        deposit in 0..1_000_000_000_000_000_000_000_i128, usd in 1..10_000_000_000_000_i128, points in 0..=10_000_u16,
    ) {
        let usd = Amount::from_pico(usd).unwrap().to_string();
        let deposit = Amount::from_pico(deposit).unwrap();
        let stamp = swan_2_0().stamp().clone();
        let told = bonus(points).credit(deposit, &rate(&usd, 0), stamp).unwrap();
        prop_assert_eq!(told.worth.checked_add(told.bonus), Ok(told.credit));
        prop_assert!(!told.bonus.is_negative());
        // The bonus is exact to a pico-dollar, since each of two sums is rounded by half of one at most.
        let off = told.worth.pico() * i128::from(points) - told.bonus.pico() * 10_000;
        prop_assert!(off.abs() <= 15_000, "{} {}", told.worth, told.bonus);
    }

    #[test]
    fn a_larger_bonus_is_a_larger_discount(points in 0..10_000_u16) {
        prop_assert!(bonus(points).as_discount() <= bonus(points + 1).as_discount());
        prop_assert!(bonus(points).as_discount() <= bonus(points).points());
    }
}
