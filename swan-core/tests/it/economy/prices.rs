use proptest::prelude::*;
use swan_core::{
    Amount, BasisPoints, Currency, ExchangeRate, ModelPrice, Policy, Pricing, PricingError,
    SeedPricing, StampedRate, Terms, Timestamp, TokenPrice, Usage,
};

use super::amount;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn usage(prompt_tokens: u64, completion_tokens: u64) -> Usage {
    Usage::tokens(prompt_tokens, 0, completion_tokens)
}

fn terms(model: &str, payment: Currency, rate: Option<&str>) -> Terms {
    let policy = Policy::swan_2_0();
    let rate = rate.map(|rate| StampedRate::new(rate.parse().unwrap(), "test", NOW));
    SeedPricing::new()
        .terms(
            &policy,
            policy.model(model).unwrap(),
            payment,
            rate.as_ref(),
            NOW,
        )
        .unwrap()
}

#[test]
fn requests_cost_what_the_seed_says() {
    const M: u64 = 1_000_000;
    for (model, used, rate, cost) in [
        // Seed 001, "Dual Payment Options": 1M Tier B output tokens, $0.03 and $0.024 in SWAN.
        ("qwen3:8b", usage(0, M), None, "0.03"),
        ("qwen3:8b", usage(0, M), Some("1"), "0.024"),
        // At the rate that SIP-003 reports: 0.024 / 0.0005016 = 47.846889952153…
        (
            "qwen3:8b",
            usage(0, M),
            Some("0.0005016"),
            "47.846889952153",
        ),
        ("qwen3:32b", usage(M, M), None, "0.2"),
        ("qwen3:32b", usage(M, M), Some("1"), "0.16"),
        ("nevoria-70b", usage(1_000, 500), None, "0.00035"),
        ("nevoria-70b", usage(1_000, 500), Some("2"), "0.00014"),
        ("qwen3:8b", usage(1, 0), None, "0.00000001"),
        ("qwen3:8b", usage(1, 1), Some("1"), "0.000000032"),
        ("qwen3:8b", usage(0, 0), None, "0"),
    ] {
        let currency = if rate.is_some() {
            Currency::Swan
        } else {
            Currency::Usd
        };
        let terms = terms(model, currency, rate);
        assert_eq!(terms.currency(), currency);
        assert_eq!(
            terms.price(&used),
            Ok(amount(cost)),
            "{model} {used:?} {rate:?}"
        );
    }
}

#[test]
fn terms_keep_what_was_agreed() {
    let terms = terms("qwen3:8b", Currency::Swan, Some("0.5"));
    assert_eq!(terms.policy().version().as_str(), "swan-2.0");
    assert_eq!(terms.discount().to_string(), "20%");
    assert_eq!(terms.rate().unwrap().rate().usd(), amount("0.5"));
    let quote = terms.quote(usage(100, 50)).unwrap();
    assert_eq!(
        (quote.amount(), quote.currency()),
        (amount("0.000004"), Currency::Swan)
    );
    assert_eq!(*quote.worst(), usage(100, 50));
}

#[test]
fn cached_tokens_cost_their_own_price() {
    let price = TokenPrice::per_million(amount("1"), amount("2")).unwrap();
    let price = price.with_cached(amount("0.1")).unwrap();
    let terms = Terms::in_usd(Policy::swan_2_0().stamp().clone(), price, BasisPoints::ZERO);
    let cached = |cached_tokens| Usage::tokens(10, cached_tokens, 0);
    assert_eq!(terms.price(&cached(0)), Ok(amount("0.00001")));
    assert_eq!(terms.price(&cached(4)), Ok(amount("0.0000064")));
    assert_eq!(
        terms.price(&cached(u64::MAX)),
        Ok(amount("0.000001")),
        "never below all cached"
    );
    assert_eq!(
        terms.quote(cached(10)).unwrap().amount(),
        amount("0.00001"),
        "a hold counts on no cache"
    );
}

#[test]
fn what_has_no_price_is_an_error() {
    let policy = Policy::swan_2_0();
    let terms = |name: &str, payment| {
        SeedPricing::new().terms(&policy, policy.model(name).unwrap(), payment, None, NOW)
    };
    assert_eq!(
        terms("qwen3:8b", Currency::Swan),
        Err(PricingError::NoRate {
            currency: Currency::Swan
        })
    );
    assert_eq!(
        terms("qwen3:8b", Currency::Usd)
            .unwrap()
            .price(&usage(u64::MAX, u64::MAX)),
        Ok(amount("737869762948.3820646")),
        "the largest counts are exact too"
    );
    let version = Policy::swan_2_0().stamp().clone();
    let price = TokenPrice::per_million(TokenPrice::MAX_PER_MILLION, Amount::ZERO).unwrap();
    let rate: ExchangeRate = "0.000000000001".parse().unwrap();
    let rate = StampedRate::new(rate, "test", NOW);
    let absurd = Terms::in_swan(version, price, BasisPoints::ZERO, rate);
    assert_eq!(
        absurd.price(&usage(u64::MAX, 0)),
        Err(PricingError::TooLarge)
    );
}

prop_compose! {
    /// Terms at any price, discount and rate that the types allow.
    fn any_terms()(
        input in 0..=TokenPrice::MAX_PER_MILLION.pico(),
        output in prop_oneof![0..=TokenPrice::MAX_PER_MILLION.pico(), 0..1_000_000_i128],
        cached_permille in 0..=1_000_i128,
        discount in 0..=10_000_u16,
        rate in proptest::option::of(prop_oneof![1..1_000_000_000_000_i128, 1..Amount::MAX.pico()]),
    ) -> Terms {
        let pico = |pico| Amount::from_pico(pico).unwrap();
        let price = TokenPrice::per_million(pico(input), pico(output)).unwrap();
        let price = price.with_cached(pico(input * cached_permille / 1_000)).unwrap();
        let version = Policy::swan_2_0().stamp().clone();
        let discount = BasisPoints::new(discount).unwrap();
        match rate {
            None => Terms::in_usd(version, price, discount),
            Some(rate) => {
                let rate = ExchangeRate::usd_per_swan(pico(rate)).unwrap();
                let rate = StampedRate::new(rate, "test", NOW);
                Terms::in_swan(version, price, discount, rate)
            }
        }
    }
}

fn any_tokens() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_000_u64, 0..10_000_000_u64, any::<u64>()]
}

fn tokens_of(terms: &Terms) -> &TokenPrice {
    match terms.listed() {
        ModelPrice::Tokens(tokens) => tokens,
        other => panic!("{other:?}"),
    }
}

/// The same price by schoolbook arithmetic in arbitrary steps: twice the numerator against the denominator.
fn is_nearest(terms: &Terms, used: &Usage, charged: Amount) -> Option<bool> {
    let cost = |tokens: u64, price: Amount| i128::from(tokens).checked_mul(price.pico());
    let fresh = used.prompt_tokens - used.cached_tokens;
    let dollars = cost(fresh, tokens_of(terms).input_per_million())?
        .checked_add(cost(
            used.cached_tokens,
            tokens_of(terms).cached_per_million(),
        )?)?
        .checked_add(cost(
            used.completion_tokens,
            tokens_of(terms).output_per_million(),
        )?)?;
    let unit = Amount::PICO_PER_UNIT;
    let rate = terms.rate().map_or(unit, |rate| rate.rate().usd().pico());
    let exact = dollars
        .checked_mul(i128::from(terms.discount().complement().get()))?
        .checked_mul(unit)?;
    let denominator = 10_000_000_000_i128.checked_mul(rate)?;
    let off = exact.checked_sub(charged.pico().checked_mul(denominator)?)?;
    Some(off.abs().checked_mul(2)? <= denominator)
}

proptest! {
    #[test]
    fn more_tokens_never_cost_less(
        terms in any_terms(), prompt in any_tokens(), completion in any_tokens(), more in any_tokens(), cached in any_tokens(),
    ) {
        let cached_tokens = cached.min(prompt);
        let used = Usage::tokens(prompt, cached_tokens, completion);
        let longer = Usage { prompt_tokens: prompt.saturating_add(more), ..used };
        let wordier = Usage { completion_tokens: completion.saturating_add(more), ..used };
        let less_cached = Usage { cached_tokens: cached_tokens / 2, ..used };
        for dearer in [longer, wordier, less_cached] {
            if let Ok(cost) = terms.price(&dearer) {
                prop_assert!(terms.price(&used).unwrap() <= cost, "{used:?} against {dearer:?}");
            }
        }
    }

    #[test]
    fn a_price_is_the_exact_one_rounded_once(
        terms in any_terms(), prompt in 0..10_000_000_u64, cached in 0..10_000_000_u64, completion in 0..10_000_000_u64,
    ) {
        let used = Usage::tokens(prompt, cached.min(prompt), completion);
        if let Ok(charged) = terms.price(&used) {
            prop_assert!(!charged.is_negative());
            prop_assert_ne!(is_nearest(&terms, &used, charged), Some(false));
        }
    }
}
