use proptest::prelude::*;
use swan_core::Amount;
use swan_core::tokenomics::{TokenError, allocate};

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
        let found = allocate(pico(total), &weights).unwrap();
        let found: Vec<i128> = found.iter().map(|part| part.pico()).collect();
        assert_eq!(found, parts, "{total} by {weights:?}");
    }
}

#[test]
fn what_cannot_be_allocated_is_named() {
    let weights = TokenError::TooLarge {
        what: "the sum of weights",
    };
    let negative = TokenError::Negative {
        what: "what is allocated",
    };
    assert_eq!(allocate(pico(1), &[]), Err(TokenError::NoWeight));
    assert_eq!(allocate(pico(1), &[0, 0]), Err(TokenError::NoWeight));
    assert_eq!(allocate(pico(1), &[u128::MAX, 1]), Err(weights));
    assert_eq!(allocate(pico(-1), &[1]), Err(negative));
}

#[test]
fn the_largest_numbers_are_allocated_exactly() {
    let half = u128::MAX / 2;
    let parts = allocate(Amount::MAX, &[half, half, 1]).unwrap();
    assert_eq!(parts[0].pico() + parts[1].pico(), Amount::MAX.pico());
    assert_eq!(parts[0], parts[1]);
    assert_eq!(allocate(Amount::MAX, &[u128::MAX]), Ok(vec![Amount::MAX]));
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole_and_are_off_by_less_than_one(
        total in 0..=Amount::MAX.pico(),
        weights in prop::collection::vec(prop_oneof![0..50_u128, 0..=u128::MAX / 64], 1..40),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let parts = allocate(pico(total), &weights).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.pico()).sum::<i128>(), total);
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert!(*weight > 0 || part.is_zero());
        }
        for (a, wa) in parts.iter().zip(&weights) {
            for (b, wb) in parts.iter().zip(&weights) {
                prop_assert!(wa < wb || a.pico() + 1 >= b.pico(), "a larger weight never gets less but for one unit");
            }
        }
    }

    #[test]
    fn small_allocations_are_the_floor_or_one_more(total in 0..1_000_000_i128, weights in prop::collection::vec(0..1_000_u128, 1..9)) {
        let sum: u128 = weights.iter().sum();
        prop_assume!(sum > 0);
        for (part, weight) in allocate(pico(total), &weights).unwrap().iter().zip(&weights) {
            let floor = (total.unsigned_abs() * weight / sum).cast_signed();
            prop_assert!(part.pico() == floor || part.pico() == floor + 1);
        }
    }
}
