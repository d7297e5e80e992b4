use proptest::prelude::*;
use swan_core::{Amount, BasisPoints, MoneyError};

fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

#[test]
fn what_is_left_goes_to_the_largest_remainders_and_then_to_the_first() {
    for (total, weights, parts) in [
        (10, vec![1, 1, 1], vec![4, 3, 3]),
        (11, vec![1, 1, 1], vec![4, 4, 3]),
        (10, vec![1, 2, 4], vec![1, 3, 6]),
        (10, vec![4, 2, 1], vec![6, 3, 1]),
        (7, vec![0, 3, 0], vec![0, 7, 0]),
        (0, vec![5, 3], vec![0, 0]),
        (1, vec![1, 2], vec![0, 1]),
        (3, vec![1, 1], vec![2, 1]),
    ] {
        let found = pico(total).allocate(&weights).unwrap();
        let found: Vec<i128> = found.iter().map(|part| part.pico()).collect();
        assert_eq!(found, parts, "{total} by {weights:?}");
        let negative: Vec<i128> = parts.iter().map(|part| -part).collect();
        let found = pico(-total).allocate(&weights).unwrap();
        let found: Vec<i128> = found.iter().map(|part| part.pico()).collect();
        assert_eq!(found, negative, "{total} with the other sign");
    }
}

#[test]
fn what_cannot_be_allocated_is_named() {
    let one = pico(1);
    assert_eq!(one.allocate(&[]), Err(MoneyError::NoWeight));
    assert_eq!(one.allocate(&[0, 0]), Err(MoneyError::NoWeight));
    assert_eq!(one.divide([0]), Err(MoneyError::NoWeight));
    assert_eq!(one.allocate(&[u128::MAX, 1]), Err(MoneyError::OutOfRange));
}

#[test]
fn multiples_and_ratios_are_rounded_once_half_to_even() {
    for (units, numerator, denominator, result) in [
        (1, 1, 2, Ok(0)),
        (3, 1, 2, Ok(2)),
        (5, 1, 2, Ok(2)),
        (-3, 1, 2, Ok(-2)),
        (-1, 1, 2, Ok(0)),
        (2, 1, 3, Ok(1)),
        (7, 3, 1, Ok(21)),
        (7, 0, 3, Ok(0)),
        (1, 1, 0, Err(MoneyError::OutOfRange)),
        (0, 1, 0, Err(MoneyError::OutOfRange)),
        // The product has 217 bits.
        (
            Amount::MAX.pico(),
            u128::MAX,
            u128::MAX,
            Ok(Amount::MAX.pico()),
        ),
        (
            Amount::MAX.pico(),
            u128::MAX - 1,
            u128::MAX,
            Ok(Amount::MAX.pico()),
        ),
        (Amount::MAX.pico(), 2, 1, Err(MoneyError::OutOfRange)),
        (
            Amount::MAX.pico(),
            u128::MAX,
            1,
            Err(MoneyError::OutOfRange),
        ),
    ] {
        let found = pico(units).scaled(numerator, denominator);
        assert_eq!(
            found,
            result.map(pico),
            "{units} * {numerator} / {denominator}"
        );
    }
    assert_eq!(pico(-7).times(3), Ok(pico(-21)));
    assert_eq!(pico(7).times(0), Ok(Amount::ZERO));
    assert_eq!(Amount::MAX.times(1), Ok(Amount::MAX));
    assert_eq!(Amount::MAX.times(2), Err(MoneyError::OutOfRange));
    assert_eq!(Amount::MIN.times(u64::MAX), Err(MoneyError::OutOfRange));
    let half = BasisPoints::new(5_000).unwrap();
    assert_eq!(
        (pico(3).share(half), pico(-3).share(half)),
        (pico(2), pico(-2))
    );
    assert_eq!(Amount::MIN.share(BasisPoints::WHOLE), Amount::MIN);
    assert_eq!(-Amount::MAX, Amount::MIN);
}

#[test]
fn the_largest_numbers_are_allocated_exactly() {
    let half = u128::MAX / 2;
    let parts = Amount::MAX.allocate(&[half, half, 1]).unwrap();
    assert_eq!(parts[0].pico() + parts[1].pico(), Amount::MAX.pico());
    assert_eq!(parts[0], parts[1]);
    assert_eq!(Amount::MAX.allocate(&[u128::MAX]), Ok(vec![Amount::MAX]));
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole_and_are_off_by_less_than_one(
        total in 0..=Amount::MAX.pico(),
        weights in prop::collection::vec(prop_oneof![0..50_u128, 0..=u128::MAX / 64], 1..40),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let parts = pico(total).allocate(&weights).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.pico()).sum::<i128>(), total);
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert!(*weight > 0 || part.is_zero());
        }
        for (a, wa) in parts.iter().zip(&weights) {
            for (b, wb) in parts.iter().zip(&weights) {
                prop_assert!(wa < wb || a.pico() + 1 >= b.pico(), "a larger weight never gets less but for one unit");
            }
        }
        if let Ok(weights) = <[u128; 4]>::try_from(weights.as_slice()) {
            prop_assert_eq!(pico(total).divide(weights).unwrap().to_vec(), parts);
        }
    }

    #[test]
    fn small_allocations_are_the_floor_or_one_more(total in 0..1_000_000_i128, weights in prop::collection::vec(0..1_000_u128, 1..9)) {
        let sum: u128 = weights.iter().sum();
        prop_assume!(sum > 0);
        for (part, weight) in pico(total).allocate(&weights).unwrap().iter().zip(&weights) {
            let floor = (total.unsigned_abs() * weight / sum).cast_signed();
            prop_assert!(part.pico() == floor || part.pico() == floor + 1);
        }
    }
}
