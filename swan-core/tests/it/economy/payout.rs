//! Payouts by price instead of by share, and prices compared with what others charge.

use proptest::prelude::*;
use swan_core::{
    Amount, BasisPoints, Currency, ModelPrice, PayoutSplit, Policy, PolicyError, Pricing,
    RevenueShares, RevenueSplit, SeedPricing, Split, StampedRate, Terms, Timestamp, TokenPrice,
    Usage,
};

use super::{amount, swan_2_0, with};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
/// The end of the entry of Qwen3 32B, which costs $0.08 and $0.12 and is the fourth.
const QWEN: &str = "output_usd_per_million_tokens = \"0.12\"\n\n[[model]]";
const SDXL: &str = "usd_per_image = \"0.002\"\n";

fn qwen_with(extra: &str) -> Result<Policy, PolicyError> {
    let rest = QWEN.replacen("\n\n", &format!("\n\n{extra}\n\n"), 1);
    with(QWEN, &rest)
}

fn payout(input: &str, output: &str) -> Result<Policy, PolicyError> {
    qwen_with(&format!(
        "[model.payout]\ninput_usd_per_million_tokens = \"{input}\"\noutput_usd_per_million_tokens = \"{output}\""
    ))
}

fn shares([provider, growth_fund, treasury, burn]: [u16; 4]) -> RevenueShares {
    let points = |points| BasisPoints::new(points).unwrap();
    RevenueShares::new(
        points(provider),
        points(growth_fund),
        points(treasury),
        points(burn),
    )
    .unwrap()
}

#[test]
fn a_payout_never_exceeds_the_price_less_the_discount() {
    // Seed 001's discount of 20 % leaves $0.064 and $0.096.
    let policy = payout("0.064", "0.096").unwrap();
    let paid = policy.model("qwen3:32b").unwrap().payout.unwrap();
    let listed = TokenPrice::per_million(amount("0.064"), amount("0.096")).unwrap();
    assert_eq!(paid, ModelPrice::Tokens(listed));
    assert_eq!(
        payout("0.064", "0.096000000001").unwrap_err().to_string(),
        "the policy says model.4.payout.output_usd_per_million_tokens = 0.096000000001, but a payout is at most the price, \
         which is 0.12, less 20% when paid with SWAN"
    );
    assert!(payout("0.064000000001", "0.096").is_err());
    let image = |price: &str| {
        with(
            SDXL,
            &format!("{SDXL}\n[model.payout]\nusd_per_image = \"{price}\"\n"),
        )
    };
    assert!(image("0.0016").is_ok());
    assert!(image("0.00161").is_err());
    let other_unit = with(
        SDXL,
        &format!("{SDXL}\n[model.payout]\nusd_per_minute = \"0.001\"\n"),
    );
    assert!(
        other_unit
            .unwrap_err()
            .to_string()
            .contains("model.15.payout.usd_per_minute")
    );
    // Fresh input may be paid up to its price while cached input is cheaper: then its payout has to be named.
    let cached = "cached_usd_per_million_tokens = \"0.02\"\n";
    let rest = "[model.payout]\ninput_usd_per_million_tokens = \"0.06\"\noutput_usd_per_million_tokens = \"0.09\"";
    let error = qwen_with(&format!("{cached}{rest}"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("model.4.payout.cached_usd_per_million_tokens = 0.06"),
        "{error}"
    );
    assert!(
        qwen_with(&format!(
            "{cached}{rest}\ncached_usd_per_million_tokens = \"0.016\""
        ))
        .is_ok()
    );
}

#[test]
fn a_provider_is_paid_its_price_and_the_others_share_the_rest() {
    let policy = payout("0.06", "0.09").unwrap();
    let model = policy.model("qwen3:32b").unwrap();
    let used = Usage::tokens(1_000_000, 0, 1_000_000);
    let rate = StampedRate::new("0.5".parse().unwrap(), "test", NOW);
    for (payment, charge, paid, fund) in [
        (Currency::Usd, "0.2", "0.15", "0.05"),
        // $0.16 and $0.15 at half a dollar for one.
        (Currency::Swan, "0.32", "0.3", "0.02"),
    ] {
        let terms = SeedPricing::new()
            .terms(&policy, model, payment, Some(&rate), NOW)
            .unwrap();
        assert_eq!(terms.price(&used), Ok(amount(charge)));
        let payout = terms.payout(&used).unwrap().unwrap();
        assert_eq!(payout, amount(paid));
        let split = PayoutSplit::new(payout, *policy.split()).split(amount(charge));
        let expected = Split {
            provider: amount(paid),
            growth_fund: amount(fund),
            ..Split::default()
        };
        assert_eq!(split, expected);
    }
    let shared = SeedPricing::new()
        .terms(
            &policy,
            policy.model("qwen3:8b").unwrap(),
            Currency::Usd,
            None,
            NOW,
        )
        .unwrap();
    assert_eq!(shared.payout(&used), Ok(None));
}

#[test]
fn a_payout_above_the_charge_is_the_charge() {
    let tokens = |price: &str| {
        ModelPrice::from(TokenPrice::per_million(amount(price), amount(price)).unwrap())
    };
    let half = BasisPoints::new(5_000).unwrap();
    let terms = Terms::in_usd(Policy::swan_2_0().stamp().clone(), tokens("1"), half)
        .with_payout(tokens("0.9"));
    let used = Usage::tokens(1_000_000, 0, 0);
    assert_eq!(terms.payout(&used), Ok(Some(amount("0.5"))));
}

#[test]
fn the_rest_is_divided_in_proportion_by_largest_remainder() {
    for (points, gross, payout, parts) in [
        // Seed 001, maturity: 10 % treasury, 3 % growth fund and 2 % burn share a rest of 15 as they stand.
        ([8_500, 300, 1_000, 200], 100, 85, [85, 3, 10, 2]),
        ([8_500, 300, 1_000, 200], 100, 90, [90, 2, 7, 1]),
        ([8_000, 200, 1_500, 300], 100, 100, [100, 0, 0, 0]),
        ([8_000, 200, 1_500, 300], 100, 101, [100, 0, 0, 0]),
        ([8_000, 200, 1_500, 300], 100, -5, [0, 10, 75, 15]),
        ([7_000, 1_000, 1_000, 1_000], 10, 0, [0, 4, 3, 3]),
        ([7_000, 1_000, 1_000, 1_000], 11, 0, [0, 4, 4, 3]),
        ([10_000, 0, 0, 0], 10, 4, [4, 6, 0, 0]),
        ([8_500, 300, 1_000, 200], -100, 85, [-85, -3, -10, -2]),
        ([8_500, 300, 1_000, 200], 0, 85, [0, 0, 0, 0]),
    ] {
        let pico = |pico| Amount::from_pico(pico).unwrap();
        let split = PayoutSplit::new(pico(payout), shares(points)).split(pico(gross));
        let found = [
            split.provider,
            split.growth_fund,
            split.treasury,
            split.burn,
        ]
        .map(Amount::pico);
        assert_eq!(found, parts, "{points:?} {gross} {payout}");
    }
}

fn compared(source: &str, input: &str, output: &str) -> Result<Policy, PolicyError> {
    qwen_with(&format!(
        "[[model.comparison]]\nsource = \"{source}\"\ninput_usd_per_million_tokens = \"{input}\"\n\
         output_usd_per_million_tokens = \"{output}\""
    ))
}

#[test]
fn prices_lie_fifty_to_sixty_six_percent_below_those_they_are_compared_with() {
    // $0.08 is exactly 50 % below $0.16; $0.12 is 66 % below $0.352941…, so $0.3529 is the last that is not too far.
    for (input, output) in [("0.16", "0.24"), ("0.2", "0.3"), ("0.23529", "0.3529")] {
        let policy = compared("Somebody, 2026-11-01", input, output).unwrap();
        let [comparison] = policy.model("qwen3:32b").unwrap().comparisons.as_slice() else {
            panic!("one comparison")
        };
        assert_eq!(comparison.source, "Somebody, 2026-11-01");
        let price = TokenPrice::per_million(amount(input), amount(output)).unwrap();
        assert_eq!(comparison.price, ModelPrice::Tokens(price));
    }
    for (input, output, told) in [
        (
            "0.159999999999",
            "0.24",
            "input_usd_per_million_tokens = 0.159999999999",
        ),
        ("0.16", "0.36", "66.67% below of Somebody"),
        ("0.2353", "0.24", "costs 0.08, 66.00% below of Somebody"),
        ("0.16", "0.1", "costs 0.12, 20.00% above of Somebody"),
        ("0.16", "0", "below a price of zero"),
        ("0", "0.24", "above a price of zero"),
    ] {
        let error = compared("Somebody", input, output).unwrap_err().to_string();
        let told = told
            .replace("below of", "below the price of")
            .replace("above of", "above the price of");
        assert!(error.contains("model.4.comparison.1."), "{error}");
        assert!(error.contains("Qwen/Qwen3-32B"), "{error}");
        if !told.contains("zero") {
            assert!(error.contains(&told), "{told}: {error}");
        }
    }
    assert!(
        compared(" ", "0.16", "0.24")
            .unwrap_err()
            .to_string()
            .contains("comparison.1.source")
    );
    let bounds = |text| {
        with("least_below_bps = 5_000", text)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        bounds("least_below_bps = 6_601"),
        "the policy says comparison.least_below_bps = 6601, but it is at most comparison.most_below_bps"
    );
}

proptest! {
    #[test]
    fn a_split_by_payout_gives_away_the_charge_and_nothing_else(
        cuts in prop::array::uniform3(0..=10_000_u16), gross in -1_000_000_000_000_000_i128..=1_000_000_000_000_000,
        payout in 0..2_000_000_000_000_000_i128,
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let points = [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 10_000 - cuts[2]];
        let pico = |pico| Amount::from_pico(pico).unwrap();
        let split = PayoutSplit::new(pico(payout), shares(points)).split(pico(gross));
        prop_assert_eq!(split.total(), Ok(pico(gross)));
        prop_assert_eq!(split.provider.pico().abs(), payout.min(gross.abs()));
        for part in [split.provider, split.growth_fund, split.treasury, split.burn] {
            prop_assert!(part.is_zero() || part.is_negative() == (gross < 0));
        }
    }

    #[test]
    fn a_payout_is_never_more_than_the_charge(
        price in 0..=10_000_000_000_000_000_i128, payout in 0..=10_000_000_000_000_000_i128, discount in 0..=10_000_u16,
        prompt in 0..10_000_000_u64, completion in 0..10_000_000_u64,
    ) {
        let tokens = |pico| {
            let price = Amount::from_pico(pico).unwrap();
            ModelPrice::from(TokenPrice::per_million(price, price).unwrap())
        };
        let discount = BasisPoints::new(discount).unwrap();
        let terms = Terms::in_usd(swan_2_0().stamp().clone(), tokens(price), discount)
            .with_payout(tokens(payout));
        let used = Usage::tokens(prompt, 0, completion);
        prop_assert!(terms.payout(&used).unwrap().unwrap() <= terms.price(&used).unwrap());
    }
}
