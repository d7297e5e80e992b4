use proptest::prelude::*;
use swan_core::hardware::{ComputingUnits, Role};
use swan_core::ubi::{Cards, UbiError, UsageRate, breakeven, completion_rate, income, worth};
use swan_core::{Amount, ExchangeRate, MoneyError, Policy};

use super::{amount, points};

const fn cards(role: Role, count: u64, tenths: u64) -> Cards {
    Cards {
        role,
        count,
        units: ComputingUnits::from_tenths(tenths),
    }
}

/// Two edge cards of 2.9 and one fog card of 28, which weighs 1.2 times as much (Seed 002, W_FCP).
#[test]
fn a_workload_weighs_cards_by_factor_and_role() {
    let policy = Policy::swan_1_0();
    let rules = policy.ubi().unwrap().workload().unwrap();
    let (edge, fog) = (cards(Role::Edge, 2, 29), cards(Role::Fog, 1, 280));
    assert_eq!(rules.weight(edge), Ok(580_000));
    assert_eq!(rules.weight(fog), Ok(3_360_000));
    assert_eq!(rules.workload(&[edge, fog]), Ok(3_940_000));
    assert_eq!(rules.workload(&[]), Ok(0));
    let huge = cards(Role::Fog, u64::MAX, u64::MAX);
    assert_eq!(
        rules.weight(huge),
        Err(UbiError::TooLarge { what: "a workload" })
    );
}

/// Public record 3.1: u = T_day / T_total over hours times f_k, fog times W_FCP.
#[test]
fn usage_counts_time_times_factor() {
    let policy = Policy::swan_1_0();
    let rules = policy.ubi().unwrap().workload().unwrap();
    let (edge, fog) = (cards(Role::Edge, 2, 10), cards(Role::Fog, 1, 20));
    let half_day = 43_200;
    for (worked, used, there) in [
        (vec![], 0, 44),
        (vec![(edge, half_day)], 10, 44),
        (vec![(fog, half_day)], 12, 44),
        (vec![(edge, 2 * half_day), (fog, 2 * half_day)], 44, 44),
    ] {
        let rate = rules.usage_rate(&[edge, fog], &worked).unwrap();
        assert_eq!(rate.used() * there, used * rate.there(), "{worked:?}");
    }
    let over = rules.usage_rate(&[edge], &[(edge, 86_401)]);
    assert!(matches!(over, Err(UbiError::Overused { .. })));
    assert_eq!(rules.usage_rate(&[], &[]), Err(UbiError::NoCapacity));
}

#[test]
fn a_market_value_is_a_day_at_each_price() {
    let policy = Policy::swan_1_0();
    let rules = policy.ubi().unwrap().workload().unwrap();
    let (edge, fog) = (cards(Role::Edge, 2, 29), cards(Role::Fog, 3, 280));
    let value = rules.market_value(&[(edge, amount("0.5")), (fog, amount("2"))]);
    assert_eq!(
        value,
        Ok(amount("196.8")),
        "2 x 0.5 x 24 + 3 x 2 x 24 x 1.2; f_k does not count in a price"
    );
    assert_eq!(
        rules.market_value(&[(edge, amount("-1"))]),
        Err(UbiError::Negative { what: "a price" })
    );
    let most = rules.market_value(&[(edge, Amount::MAX)]);
    assert_eq!(most, Err(UbiError::Money(MoneyError::OutOfRange)));
}

/// Seed 002, "Resource Usage Rate Impact": all of one, all of the other, or both in proportion.
#[test]
fn income_moves_from_the_curve_to_the_market_as_usage_rises() {
    let policy = Policy::swan_1_0();
    let curve = policy.ubi().unwrap().curve().unwrap();
    let on = |used, there| {
        income(
            curve,
            360,
            UsageRate::new(used, there).unwrap(),
            amount("1000"),
        )
        .unwrap()
    };
    let (none, all) = (on(0, 4), on(4, 4));
    assert_eq!(
        (none.ubi, none.paid),
        (curve.full(360).unwrap(), Amount::ZERO)
    );
    assert_eq!((all.ubi, all.paid), (Amount::ZERO, amount("1000")));
    let quarter = on(1, 4);
    assert_eq!(
        (quarter.ubi, quarter.paid),
        (amount("50437.878525859367"), amount("250"))
    );
    assert_eq!(quarter.total(), Ok(amount("50687.878525859367")));
    assert_eq!(on(1, 3).paid, amount("333.333333333333"));
    assert_eq!(on(2, 3).paid, amount("666.666666666667"));
    let what = "the market value";
    assert_eq!(
        income(curve, 360, UsageRate::NONE, amount("-1")),
        Err(UbiError::Negative { what })
    );
    let pico = |market, used, there| {
        let usage = UsageRate::new(used, there).unwrap();
        income(curve, 1, usage, Amount::from_pico(market).unwrap())
            .unwrap()
            .paid
            .pico()
    };
    assert_eq!(
        [pico(1, 1, 2), pico(3, 1, 2), pico(5, 1, 2)],
        [0, 2, 2],
        "half to even"
    );
}

#[test]
fn a_completion_rate_is_rounded_down_to_a_basis_point() {
    for (done, assigned, rate) in [
        (0, 0, 0),
        (0, 5, 0),
        (1, 3, 3_333),
        (2, 3, 6_666),
        (48, 48, 10_000),
    ] {
        assert_eq!(
            completion_rate(done, assigned),
            Ok(points(rate)),
            "{done}/{assigned}"
        );
    }
    assert_eq!(completion_rate(u64::MAX, u64::MAX), Ok(points(10_000)));
    let error = UbiError::OverComplete {
        done: 3,
        assigned: 2,
    };
    assert_eq!(completion_rate(3, 2), Err(error));
}

/// SIP-003's facts (public record 3.5) against the seed's "$25/day": quoted, not derived.
#[test]
fn the_breakeven_of_25_dollars_is_only_near_one_reading() {
    let rate: ExchangeRate = "0.0005016".parse().unwrap();
    let whole = worth(amount("58369"), rate).unwrap();
    assert_eq!(whole, amount("29.2778904"));
    let of = |payout: &str, providers| breakeven(amount(payout), providers, points(9_500)).unwrap();
    assert_eq!(of("29.2778904", 1), amount("30.818832"), "the whole income");
    assert_eq!(
        of("7.3194726", 1),
        amount("7.704708"),
        "the quarter that reached providers with uptime"
    );
    assert_eq!(
        of("23.42231232", 1),
        amount("24.6550656"),
        "its liquid 80 %"
    );
    assert_eq!(
        of("3.958333333333", 6),
        amount("24.999999999998"),
        "$25 over 6 operational providers"
    );
    assert_eq!(
        of("0.000000000001", 1),
        amount("0.000000000002"),
        "rounded up, so that it suffices"
    );
    assert_eq!(
        breakeven(amount("1"), 0, points(9_500)),
        Err(UbiError::NoCapacity)
    );
    assert_eq!(
        breakeven(amount("1"), 1, points(0)),
        Err(UbiError::NoCapacity)
    );
    let negative = |what| Err(UbiError::Negative { what });
    assert_eq!(breakeven(amount("-1"), 1, points(1)), negative("a payout"));
    for (pico, worthy) in [(1, 0), (3, 2), (5, 2)] {
        let swan = Amount::from_pico(pico).unwrap();
        let half = worth(swan, "0.5".parse().unwrap()).unwrap();
        assert_eq!(half.pico(), worthy, "half to even");
    }
    assert_eq!(worth(amount("-1"), rate), negative("an income"));
    assert_eq!(worth(Amount::MAX, "1".parse().unwrap()), Ok(Amount::MAX));
    assert_eq!(
        worth(Amount::MAX, "1.1".parse().unwrap()),
        Err(UbiError::Money(MoneyError::OutOfRange))
    );
}

proptest! {
    /// The least revenue suffices, and one pico-dollar less does not.
    #[test]
    fn a_breakeven_is_the_least_that_suffices(payout in 1..=1_000_000_000_000_000_i128, providers in 1..5_000_u32, share in 1..=10_000_u16) {
        let revenue = breakeven(Amount::from_pico(payout).unwrap(), providers, points(share)).unwrap().pico();
        let needed = payout * i128::from(providers) * 10_000;
        prop_assert!(revenue * i128::from(share) >= needed);
        prop_assert!((revenue - 1) * i128::from(share) < needed);
    }
}
