use proptest::prelude::*;
use swan_core::Amount;
use swan_core::tokenomics::{
    EqualParts, FeeSplit, Providers, TokenError, annual_ubi, market_commission, won_bids,
};

use super::{amount, cents, rules, units};

const SEED: Providers = Providers {
    edge: 400,
    fog: 100,
    market: 3,
};

/// Seed 003, "UBI Distribution Example", step by step.
#[test]
fn the_annual_distribution_comes_out_as_the_seed_computes_it() {
    let year = annual_ubi(&rules(), units(50_000_000), SEED).unwrap();
    assert_eq!(year.total, units(2_500_000));
    for (pot, sum, each, shown, monthly) in [
        (year.edge, 1_000_000, "2500", "2500", "208.33"),
        (year.fog, 1_000_000, "10000", "10000", "833.33"),
        (
            year.market,
            500_000,
            "166666.666666666667",
            "166666.67",
            "13888.89",
        ),
    ] {
        assert_eq!(pot.sum(), units(sum));
        let part = pot.part(0).unwrap();
        assert_eq!((part, cents(part)), (amount(each), shown.to_owned()));
        let months = EqualParts::new(part, 12);
        assert_eq!(cents(months.part(0).unwrap()), monthly);
        let paid = (0..12).map(|month| months.part(month).unwrap());
        assert_eq!(Amount::checked_sum(paid), Ok(part));
        assert!(pot.unclaimed().is_zero());
    }
    let market: Vec<Amount> = (0..4)
        .filter_map(|number| year.market.part(number))
        .collect();
    assert_eq!(market.len(), 3);
    assert_eq!(market[2], amount("166666.666666666666"));
    assert_eq!(Amount::checked_sum(market), Ok(units(500_000)));
}

#[test]
fn where_nobody_is_the_pot_stays_and_is_named() {
    let year = annual_ubi(&rules(), units(50_000_000), Providers { market: 0, ..SEED }).unwrap();
    assert_eq!(year.market.part(0), None);
    assert_eq!(year.market.unclaimed(), units(500_000));
}

#[test]
fn a_circulation_that_cannot_be_is_named() {
    let supply = units(1_000_000_000);
    let circulation = supply.checked_add(amount("0.000000000001")).unwrap();
    let beyond = TokenError::BeyondSupply {
        circulation,
        supply,
    };
    assert_eq!(annual_ubi(&rules(), circulation, SEED), Err(beyond));
    assert!(annual_ubi(&rules(), supply, SEED).is_ok());
    let negative = TokenError::Negative {
        what: "the circulation",
    };
    assert_eq!(annual_ubi(&rules(), units(-1), SEED), Err(negative));
    assert_eq!(
        annual_ubi(&rules(), Amount::ZERO, SEED).unwrap().total,
        Amount::ZERO
    );
}

/// Seed 003: 5 % of a task of 1,000 SWAN, 100 of them a month; and 20 tasks of 1,000 SWAN for a provider.
#[test]
fn commissions_and_won_bids_sum_to_the_seeds_months() {
    let commission = market_commission(&rules(), units(1_000)).unwrap();
    assert_eq!(commission, units(50));
    assert_eq!(
        won_bids(std::iter::repeat_n(commission, 100)),
        Ok(units(5_000))
    );
    assert_eq!(
        won_bids(std::iter::repeat_n(units(1_000), 20)),
        Ok(units(20_000))
    );
    assert_eq!(won_bids([]), Ok(Amount::ZERO));
    let what = "the task's value";
    assert_eq!(
        market_commission(&rules(), units(-1)),
        Err(TokenError::Negative { what })
    );
    assert_eq!(
        market_commission(&rules(), amount("0.00000000001")),
        Ok(Amount::ZERO),
        "half to even"
    );
    assert_eq!(
        market_commission(&rules(), amount("0.00000000003")),
        Ok(amount("0.000000000002"))
    );
}

/// Seed 003, "Fee Collection": 75 % to the treasury, 25 % to buy-back.
#[test]
fn fees_go_to_the_treasury_and_to_buy_back() {
    let fees = FeeSplit::of(&rules(), units(50)).unwrap();
    assert_eq!(
        (fees.treasury, fees.buy_back),
        (amount("37.5"), amount("12.5"))
    );
    let odd = FeeSplit::of(&rules(), amount("0.000000000002")).unwrap();
    assert_eq!(
        (odd.treasury.pico(), odd.buy_back.pico()),
        (2, 0),
        "a tie of remainders goes to the first"
    );
    let negative = TokenError::Negative {
        what: "what is divided",
    };
    assert_eq!(FeeSplit::of(&rules(), units(-1)), Err(negative));
}

proptest! {
    #[test]
    fn nothing_is_lost_in_fees_or_in_equal_parts(pico in 0..=Amount::MAX.pico(), parts in 1..200_u32) {
        let sum = Amount::from_pico(pico).unwrap();
        let fees = FeeSplit::of(&rules_once(), sum).unwrap();
        prop_assert_eq!(fees.treasury.checked_add(fees.buy_back), Ok(sum));
        let equal = EqualParts::new(sum, parts);
        let all: Vec<Amount> = (0..parts).map(|number| equal.part(number).unwrap()).collect();
        prop_assert!(all.first().unwrap().pico() - all.last().unwrap().pico() <= 1);
        prop_assert_eq!(Amount::checked_sum(all), Ok(sum));
    }
}

/// Parsing a policy for each case would take most of the time.
fn rules_once() -> swan_core::tokenomics::TokenRules {
    static RULES: std::sync::OnceLock<swan_core::tokenomics::TokenRules> =
        std::sync::OnceLock::new();
    RULES.get_or_init(rules).clone()
}
