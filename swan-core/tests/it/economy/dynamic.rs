//! Prices that follow demand, against the worked examples of public record 3.4.

use proptest::prelude::*;
use swan_core::pricing::{Demand, DynamicError, DynamicPricing, PriceFactor, ProviderPrice};
use swan_core::{
    Amount, Currency, ModelPrice, Policy, Pricing, PricingError, SeedPricing, Timestamp,
    TokenPrice, Usage,
};

use super::{amount, swan_2_0, with};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Demand with H in thousandths of the way from mean to peak, and occupancy in thousandths.
const fn demand(hour: u64, occupied: u64) -> Demand {
    Demand {
        hour_average: 500 + hour,
        mean: 500,
        peak: 1_500,
        occupied,
        capacity: 1_000,
    }
}

#[test]
fn the_published_examples_come_out() {
    let policy = Policy::swan_2_0();
    for (hour, occupied, factor) in [
        // Published as 1.061, which is this cut off after three places.
        (200, 450, "1.061669"),
        (500, 700, "2.000000"),
        (1_000, 1_000, "5.000000"),
        (0, 0, "1.000000"),
        (0, 400, "1.000000"),
        // 4 * (0.65 / 600)^2 is 0.0000046944….
        (0, 401, "1.000005"),
        (1_000, 0, "1.490000"),
        (0, 1_000, "2.690000"),
    ] {
        let found = policy
            .dynamic_price()
            .factor(&demand(hour, occupied))
            .unwrap();
        assert_eq!(found.to_string(), factor, "{hour} {occupied}");
    }
}

#[test]
fn demand_outside_its_range_counts_as_its_ends() {
    let policy = Policy::swan_2_0();
    let factor = |demand: Demand| {
        policy
            .dynamic_price()
            .factor(&demand)
            .map(PriceFactor::millionths)
    };
    let quiet = demand(0, 0);
    assert_eq!(
        factor(Demand {
            hour_average: 0,
            ..quiet
        }),
        Ok(1_000_000),
        "below the mean"
    );
    assert_eq!(
        factor(Demand {
            hour_average: 9_999,
            ..quiet
        }),
        Ok(1_490_000),
        "above the peak"
    );
    assert_eq!(
        factor(Demand {
            peak: 500,
            hour_average: 500,
            ..quiet
        }),
        Ok(1_000_000),
        "all hours alike"
    );
    assert_eq!(
        factor(Demand {
            capacity: 0,
            ..quiet
        }),
        Ok(2_690_000),
        "nothing to be had"
    );
    let wrong = DynamicError::PeakBelowMean {
        mean: 500,
        peak: 499,
    };
    assert_eq!(factor(Demand { peak: 499, ..quiet }), Err(wrong));
    let wrong = DynamicError::OverOccupied {
        occupied: 1_001,
        capacity: 1_000,
    };
    assert_eq!(factor(demand(0, 1_001)), Err(wrong));
}

#[test]
fn a_base_price_is_the_mean_of_those_who_quote() {
    let quote = |price: &str, providers| ProviderPrice {
        price: amount(price),
        providers,
    };
    for (quoted, mean) in [
        (vec![quote("0.01", 3), quote("0.02", 1)], "0.0125"),
        (vec![quote("0.01", 0), quote("0.02", 1)], "0.02"),
        // 1.5 and 2.5 pico-dollars, rounded to the even 2.
        (
            vec![quote("0.000000000001", 1), quote("0.000000000002", 1)],
            "0.000000000002",
        ),
        (
            vec![quote("0.000000000002", 1), quote("0.000000000003", 1)],
            "0.000000000002",
        ),
    ] {
        assert_eq!(ProviderPrice::mean(&quoted), Ok(amount(mean)), "{quoted:?}");
    }
    assert_eq!(ProviderPrice::mean(&[]), Err(DynamicError::NoPrices));
    assert_eq!(
        ProviderPrice::mean(&[quote("1", 0)]),
        Err(DynamicError::NoPrices)
    );
    for absurd in ["-0.01", "10000.01"] {
        let mean = ProviderPrice::mean(&[quote(absurd, 1)]);
        assert!(matches!(mean, Err(DynamicError::Price(_))), "{absurd}");
    }
    let tokens =
        ProviderPrice::mean_of_tokens(&[quote("0.01", 1)], &[quote("0.02", 1), quote("0.04", 1)]);
    let expected = TokenPrice::per_million(amount("0.01"), amount("0.03")).unwrap();
    assert_eq!(tokens, Ok(expected.into()));
}

#[test]
fn a_request_is_priced_by_the_demand_of_its_model() {
    let policy = Policy::swan_2_0();
    assert!(!policy.dynamic_price().enabled() && !Policy::swan_1_0().dynamic_price().enabled());
    let (model, other) = (
        policy.model("qwen3:8b").unwrap(),
        policy.model("sdxl").unwrap(),
    );
    let mut pricing = DynamicPricing::new();
    let rules = policy.dynamic_price();
    let base = TokenPrice::per_million(amount("0.01"), amount("0.03")).unwrap();
    let base = ModelPrice::from(base.with_cached(amount("0.005")).unwrap());
    let price = pricing
        .set(rules, model.id.clone(), &base, &demand(500, 700))
        .unwrap();
    let doubled = TokenPrice::per_million(amount("0.02"), amount("0.06")).unwrap();
    assert_eq!(price, doubled.with_cached(amount("0.01")).unwrap().into());
    let terms = pricing
        .terms(&policy, model, Currency::Usd, None, NOW)
        .unwrap();
    assert_eq!(
        terms.price(&Usage::tokens(0, 0, 1_000_000)),
        Ok(amount("0.06"))
    );
    // What has no demand yet, or a price in another unit, has no price.
    let unknown = PricingError::NoDemand {
        model: other.id.clone(),
    };
    assert_eq!(
        pricing.terms(&policy, other, Currency::Usd, None, NOW),
        Err(unknown.clone())
    );
    pricing
        .set(rules, other.id.clone(), &base, &demand(0, 0))
        .unwrap();
    assert_eq!(
        pricing.terms(&policy, other, Currency::Usd, None, NOW),
        Err(unknown)
    );
    let most = TokenPrice::per_million(TokenPrice::MAX_PER_MILLION, Amount::ZERO)
        .unwrap()
        .into();
    assert!(
        pricing
            .set(rules, model.id.clone(), &most, &demand(500, 700))
            .is_err()
    );
    assert!(
        pricing
            .terms(&policy, model, Currency::Usd, None, NOW)
            .is_ok(),
        "the price it had"
    );
}

#[test]
fn fixed_prices_are_refused_where_the_policy_says_dynamic() {
    let policy = with("enabled = false", "enabled = true").unwrap();
    let model = policy.model("qwen3:8b").unwrap();
    let refused = SeedPricing::new()
        .terms(&policy, model, Currency::Usd, None, NOW)
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the price of Qwen/Qwen3-8B follows demand, which is not known"
    );
    for (original, replacement, told) in [
        (
            "hour_weight_bps = 3_500",
            "hour_weight_bps = 3_501",
            "dynamic_price.occupancy_weight_bps = 6500",
        ),
        (
            "free_occupancy_bps = 4_000",
            "free_occupancy_bps = 10_000",
            "dynamic_price.free_occupancy_bps = 10000",
        ),
        (
            "max_factor = 5",
            "max_factor = 0",
            "dynamic_price.max_factor = 0",
        ),
        (
            "max_factor = 5",
            "max_factor = 101",
            "dynamic_price.max_factor = 101",
        ),
    ] {
        let error = with(original, replacement).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

proptest! {
    #[test]
    fn a_factor_lies_between_one_and_five_and_grows_with_demand(
        hour: u64, mean: u64, peak: u64, occupied: u64, capacity: u64, more in 0..1_000_u64,
    ) {
        let (mean, peak) = (mean.min(peak), mean.max(peak));
        let (occupied, capacity) = (occupied.min(capacity), occupied.max(capacity));
        let demand = Demand { hour_average: hour, mean, peak, occupied, capacity };
        let policy = swan_2_0();
        let factor = policy.dynamic_price().factor(&demand).unwrap();
        prop_assert!((1_000_000..=5_000_000).contains(&factor.millionths()));
        let busier = Demand {
            hour_average: hour.saturating_add(more), occupied: occupied.saturating_add(more).min(capacity), ..demand
        };
        prop_assert!(factor <= policy.dynamic_price().factor(&busier).unwrap());
    }

    #[test]
    fn a_mean_lies_between_the_least_and_the_most(
        quoted in prop::collection::vec((0..=10_000_000_000_000_000_i128, 1..=u32::MAX), 1..8),
    ) {
        let quoted: Vec<_> = quoted.into_iter()
            .map(|(price, providers)| ProviderPrice { price: Amount::from_pico(price).unwrap(), providers })
            .collect();
        let mean = ProviderPrice::mean(&quoted).unwrap();
        prop_assert!(quoted.iter().any(|quote| quote.price <= mean));
        prop_assert!(quoted.iter().any(|quote| quote.price >= mean));
    }
}

/// Public record 3.4.
#[test]
fn the_rules_show_the_policys_numbers() {
    let text = Policy::SWAN_2_0_TOML;
    let number = |key: &str| -> u64 {
        let (_, rest) = text.split_once(&format!("\n{key} = ")).unwrap();
        rest.lines()
            .next()
            .unwrap()
            .replace('_', "")
            .parse()
            .unwrap()
    };
    let policy = Policy::swan_2_0();
    let rules = policy.dynamic_price();
    for (found, key) in [
        (rules.hour_weight(), "hour_weight_bps"),
        (rules.occupancy_weight(), "occupancy_weight_bps"),
        (rules.free_occupancy(), "free_occupancy_bps"),
    ] {
        assert_eq!(u64::from(found.get()), number(key), "{key}");
    }
    assert_eq!(rules.max_factor(), number("max_factor"));
}
