use proptest::prelude::*;
use swan_core::ubi::{UbiCurve, UbiError, UsageRate};
use swan_core::{Amount, PolicyError};

use super::amount;

/// The public parameters (public record 3.1).
fn curve() -> UbiCurve {
    let decimal = |text: &str| text.parse().unwrap();
    UbiCurve::new(amount("20000"), decimal("0.31"), decimal("0.0017")).unwrap()
}

/// An amount to the cent, half to even, as pages print it.
fn cents(amount: Amount) -> String {
    let cent = Amount::PICO_PER_UNIT / 100;
    let (whole, rest) = (amount.pico() / cent, amount.pico() % cent);
    let up = rest * 2 > cent || (rest * 2 == cent && whole % 2 == 1);
    Amount::from_pico((whole + i128::from(up)) * cent)
        .unwrap()
        .to_string()
}

#[test]
fn the_published_table_of_days_comes_out() {
    for (day, published) in [
        (1, "19966.03"),
        (30, "54549.22"),
        (90, "69246.55"),
        (180, "73666.56"),
        (360, "67250.5"),
        (505, "58372.53"),
        (720, "45209.18"),
    ] {
        assert_eq!(cents(curve().full(day).unwrap()), published, "day {day}");
    }
}

/// Values computed elsewhere with 60 digits, rounded to pico-SWAN: every digit of ours is right.
#[test]
fn every_digit_of_a_day_is_right() {
    for (day, exact) in [
        (1, "19966.028883630291"),
        (2, "24709.997023113717"),
        (30, "54549.222645683105"),
        (90, "69246.546331632421"),
        (180, "73666.555023467663"),
        (182, "73668.429803529818"),
        (183, "73668.329201035581"),
        (360, "67250.504701145823"),
        (505, "58372.529075923682"),
        (720, "45209.179354199427"),
        (1_000, "31097.779254828245"),
        (3_650, "513.503636417681"),
        (36_525, "0"),
    ] {
        assert_eq!(curve().full(day), Ok(amount(exact)), "day {day}");
    }
}

/// Public record 3.1: the sample of the page's appendix contradicts the page's own table and the formula.
#[test]
fn the_appendix_sample_of_day_360_is_wrong() {
    assert_ne!(cents(curve().full(360).unwrap()), "13898.99");
}

/// The peak lies at x = B/C = 182.35, where the curve is 73,668.47.
#[test]
fn the_curve_rises_to_day_182_and_falls_after_it() {
    let days: Vec<Amount> = (1..=400).map(|day| curve().full(day).unwrap()).collect();
    assert!(days[..182].windows(2).all(|pair| pair[0] < pair[1]));
    assert!(days[181..].windows(2).all(|pair| pair[0] > pair[1]));
    assert!(days.iter().all(|&day| day < amount("73668.48")));
}

/// The page's cumulative column is the integral; what is paid out is the sum.
#[test]
fn cumulative_is_the_integral_and_not_the_sum_of_days() {
    assert_eq!(cents(curve().integral(1, 720).unwrap()), "44642617.97");
    assert_eq!(cents(curve().sum(1, 720).unwrap()), "44674696.31");
    assert_eq!(curve().sum(1, 720), Ok(amount("44674696.305958860826")));
}

/// Against values computed elsewhere with 60 digits: the stated bound is 0.001 SWAN up to day 3,650.
#[test]
fn the_integral_keeps_its_stated_bound() {
    for (until, exact) in [
        (30, "1261976.557878217615"),
        (90, "5072341.489920118312"),
        (180, "11581013.652083393709"),
        (360, "24412305.583414245613"),
        (720, "44642617.965514945272"),
        (3_650, "75780736.528668521134"),
    ] {
        let found = curve().integral(1, until).unwrap();
        let off = found.checked_sub(amount(exact)).unwrap();
        assert!(
            off.pico().abs() < 1_000_000_000,
            "{until} days: off by {off}"
        );
    }
    assert_eq!(curve().integral(7, 7), Ok(Amount::ZERO));
}

#[test]
fn days_off_the_curve_and_backward_spans_are_named() {
    for day in [0, 36_526, u32::MAX] {
        assert_eq!(curve().full(day), Err(UbiError::OffTheCurve { day }));
        assert_eq!(curve().sum(1, day), Err(UbiError::OffTheCurve { day }));
        assert_eq!(curve().integral(day, 9), Err(UbiError::OffTheCurve { day }));
    }
    let backwards = UbiError::Backwards { from: 9, until: 8 };
    assert_eq!(curve().sum(9, 8), Err(backwards.clone()));
    assert_eq!(curve().integral(9, 8), Err(backwards));
    assert_eq!(curve().sum(9, 9), curve().full(9));
}

#[test]
fn absurd_parameters_are_named() {
    let decimal = |text: &str| text.parse().unwrap();
    for (a, b, c, key) in [
        ("-1", "0.31", "0.0017", "ubi.curve.scale_swan_per_day"),
        (
            "1000000000.000000000001",
            "0.31",
            "0.0017",
            "ubi.curve.scale_swan_per_day",
        ),
        ("20000", "-0.1", "0.0017", "ubi.curve.exponent"),
        ("20000", "1.0001", "0.0017", "ubi.curve.exponent"),
        ("20000", "0.31", "-0.0017", "ubi.curve.decay"),
        ("20000", "0.31", "1.1", "ubi.curve.decay"),
    ] {
        match UbiCurve::new(amount(a), decimal(b), decimal(c)) {
            Err(PolicyError::Invalid { key: named, .. }) => assert_eq!(named, key),
            other => panic!("{other:?}"),
        }
    }
    let widest = UbiCurve::new(amount("1000000000"), decimal("1"), decimal("0")).unwrap();
    assert_eq!(widest.full(36_525), Ok(amount("36525000000000")));
    let flat = UbiCurve::new(amount("5"), decimal("0"), decimal("0")).unwrap();
    assert_eq!(flat.full(77), Ok(amount("5")));
}

#[test]
fn usage_takes_its_share_of_the_curve() {
    let on = |used, there| {
        curve()
            .on(360, UsageRate::new(used, there).unwrap())
            .unwrap()
    };
    assert_eq!(on(0, 5), curve().full(360).unwrap());
    assert_eq!(on(5, 5), Amount::ZERO);
    assert_eq!(on(1, 4), amount("50437.878525859367"));
    assert_eq!(UsageRate::new(0, 0), Err(UbiError::NoCapacity));
    let overused = UbiError::Overused { used: 6, there: 5 };
    assert_eq!(UsageRate::new(6, 5), Err(overused));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn income_falls_with_usage_and_never_below_zero(day in 1..=36_525_u32, a in 0..=1_000_u128, b in 0..=1_000_u128) {
        let on = |used| curve().on(day, UsageRate::new(used, 1_000).unwrap()).unwrap();
        prop_assert!(on(a.min(b)) >= on(a.max(b)));
        prop_assert!(!on(1_000).is_negative());
    }
}
