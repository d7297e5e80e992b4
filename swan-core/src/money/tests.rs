use proptest::prelude::*;
use rust_decimal::Decimal;

use super::rounding::{half_to_even, half_to_even_of};
use super::{Amount, BasisPoints, Currency, ExchangeRate, MoneyError};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn amounts_read_and_write_exact_decimals() {
    for (text, pico, written) in [
        ("5", 5_000_000_000_000, "5"),
        ("0.000024", 24_000_000, "0.000024"),
        ("-0.50", -500_000_000_000, "-0.5"),
        ("0.000000000001", 1, "0.000000000001"),
        ("007", 7_000_000_000_000, "7"),
        ("-0", 0, "0"),
        ("1000000000000000", Amount::MAX.pico(), "1000000000000000"),
    ] {
        assert_eq!(amount(text).pico(), pico, "{text}");
        assert_eq!(amount(text).to_string(), written);
    }
}

#[test]
fn what_is_no_amount_is_refused_with_its_reason() {
    for text in [
        "", "-", "+5", "5.", ".5", "1e3", "1_000", "1,5", " 5", "5 ", "NaN", "inf", "--1", "0x10",
        "٣",
    ] {
        assert_eq!(text.parse::<Amount>(), Err(MoneyError::Malformed), "{text}");
    }
    assert_eq!(
        "0.0000000000001".parse::<Amount>(),
        Err(MoneyError::TooFine)
    );
    assert_eq!(
        "1000000000000000.000000000001".parse::<Amount>(),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(
        "9".repeat(400).parse::<Amount>(),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(
        Amount::MAX.checked_add(amount("1")),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(Amount::from_pico(i128::MIN), Err(MoneyError::OutOfRange));
    assert!(
        serde_json::from_str::<Amount>("5").is_err(),
        "a JSON number is not an amount"
    );
    assert!(Amount::try_from(Decimal::MAX).is_err());
    assert_eq!(
        "0".parse::<ExchangeRate>(),
        Err(MoneyError::RateNotPositive)
    );
}

#[test]
fn shares_and_currencies_are_closed_sets() {
    assert_eq!(BasisPoints::new(10_001), Err(MoneyError::ShareTooLarge));
    assert_eq!(BasisPoints::new(9_500).unwrap().complement().get(), 500);
    for (points, text) in [(9_500, "95%"), (250, "2.5%"), (1, "0.01%"), (0, "0%")] {
        assert_eq!(BasisPoints::new(points).unwrap().to_string(), text);
    }
    assert_eq!("usdc".parse(), Ok(Currency::Usd));
    assert_eq!("swan".parse(), Ok(Currency::Swan));
    assert_eq!("EUR".parse::<Currency>(), Err(MoneyError::UnknownCurrency));
    assert_eq!(serde_json::to_string(&Currency::Swan).unwrap(), "\"SWAN\"");
}

#[test]
fn halves_go_to_the_even_neighbour() {
    for (numerator, denominator, rounded) in [
        (1, 2, 0),
        (3, 2, 2),
        (5, 2, 2),
        (7, 2, 4),
        (1, 3, 0),
        (2, 3, 1),
        (0, 9, 0),
        (10, 5, 2),
    ] {
        assert_eq!(
            half_to_even(numerator, denominator),
            Some(rounded),
            "{numerator}/{denominator}"
        );
    }
    assert_eq!(half_to_even(1, 0), None);
    assert_eq!(half_to_even(u128::MAX, u128::MAX), Some(1));
    assert_eq!(half_to_even(u128::MAX, 1), Some(u128::MAX));
}

fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        (Amount::MIN.pico()..=Amount::MAX.pico()),
        (-5_000_000_000_000_i128..5_000_000_000_000),
    ]
    .prop_map(|pico| Amount::from_pico(pico).unwrap())
}

#[test]
fn shares_are_stored_as_whole_basis_points() {
    for points in [0, 1, 500, 9_999, 10_000] {
        let share = BasisPoints::new(points).unwrap();
        assert_eq!(serde_json::to_string(&share).unwrap(), points.to_string());
        let read = serde_json::from_str::<BasisPoints>(&points.to_string());
        assert_eq!(read.unwrap(), share);
    }
    for wrong in ["10001", "65535", "65536", "-1", "0.5", "\"500\""] {
        assert!(serde_json::from_str::<BasisPoints>(wrong).is_err());
    }
}

#[test]
fn amounts_in_messages_are_written_as_people_read_them() {
    let shown = format!("{:?} {:?}", amount("-0.5"), [amount("1000")]);
    assert_eq!(shown, "-0.5 [1000]");
}

#[test]
fn a_rate_says_where_and_when_it_is_from() {
    let at = crate::Timestamp::from_millis(7);
    let rate = crate::StampedRate::new("0.5".parse().unwrap(), "test", at);
    assert_eq!((rate.feed(), rate.at()), ("test", at));
    assert_eq!(rate.rate().usd(), amount("0.5"));
}

/// Around 2^64, where the division changes its width.
#[test]
fn quotients_are_the_same_in_either_width() {
    for (numerator, denominator, expected) in [
        (18446744073709551615, 1, 18446744073709551615),
        (18446744073709551616, 1, 18446744073709551616),
        (18446744073709551616, 2, 9223372036854775808),
        (18446744073709551616, 3, 6148914691236517205),
        (18446744073709551615, 2, 9223372036854775808),
        (55340232221128654845, 2, 27670116110564327422),
        (129127208515966861310, 18446744073709551615, 7),
        (129127208515966861310, 18446744073709551616, 7),
        (5, 18446744073709551615, 0),
        (5, 18446744073709551616, 0),
        (18446744073709551615, 18446744073709551616, 1),
        (9223372036854775808, 18446744073709551616, 0),
    ] {
        assert_eq!(half_to_even(numerator, denominator), Some(expected));
    }
}

/// Beyond 2^128, where the product takes 256 bits.
#[test]
fn shares_of_the_largest_numbers_are_exact() {
    for (units, part, whole, expected) in [
        (
            340282366920938463463374607431768211455,
            2,
            7,
            Some(97223533405982418132392744980505203273),
        ),
        (
            340282366920938463463374607431768211455,
            10,
            20,
            Some(170141183460469231731687303715884105728),
        ),
        (
            340282366920938463463374607431768211455,
            100000000000000000000,
            1000000000000000000000,
            Some(34028236692093846346337460743176821146),
        ),
        (
            340282366920938463463374607431768211454,
            3,
            4,
            Some(255211775190703847597530955573826158590),
        ),
        (
            340282366920938463463374607431768211455,
            340282366920938463463374607431768211455,
            340282366920938463463374607431768211455,
            Some(340282366920938463463374607431768211455),
        ),
        (
            1000000000000000000000000000000,
            1000000000000,
            700000000000,
            Some(1428571428571428571428571428571),
        ),
        (u128::MAX, 2, 1, None),
        (u128::MAX, 2, 0, None),
        (1, 2, 0, None),
    ] {
        let found = half_to_even_of(units, part, whole);
        assert_eq!(found, expected, "{units} * {part} / {whole}");
    }
}

proptest! {
    #[test]
    fn every_amount_reads_back_as_written(amount in any_amount()) {
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        prop_assert_eq!(Amount::try_from(Decimal::from(amount)), Ok(amount));
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        let bytes = postcard::to_stdvec(&amount).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Amount>(&bytes).unwrap(), amount);
    }

    #[test]
    fn no_text_makes_reading_an_amount_fail_otherwise(text in ".{0,40}") {
        if let Ok(amount) = text.parse::<Amount>() {
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }

    #[test]
    fn rounding_is_nearest_and_never_falls(n in 0..u128::MAX / 4, d in 1..u128::MAX / 4) {
        let rounded = half_to_even(n, d).unwrap();
        prop_assert!(rounded == n / d || rounded == n / d + 1);
        prop_assert!(half_to_even(n + 1, d).unwrap() >= rounded);
    }
}
