use proptest::prelude::*;
use swan_core::{Amount, BasisPoints, Policy, RevenueShares, RevenueSplit, Split};

use super::amount;

fn shares(points: [u16; 4]) -> RevenueShares {
    let [provider, growth_fund, treasury, burn] = points.map(|p| BasisPoints::new(p).unwrap());
    RevenueShares::new(provider, growth_fund, treasury, burn).unwrap()
}

fn parts(split: &Split) -> [Amount; 4] {
    [
        split.provider,
        split.growth_fund,
        split.treasury,
        split.burn,
    ]
}

/// Seed 001, "Dynamic Revenue Split Schedule", each phase on a charge of $100.
#[test]
fn every_phase_of_the_seed_can_be_expressed() {
    for (phase, points, expected) in [
        ("bootstrap", [9_500, 500, 0, 0], ["95", "5", "0", "0"]),
        ("growth", [9_000, 500, 500, 0], ["90", "5", "5", "0"]),
        ("maturity", [8_500, 300, 1_000, 200], ["85", "3", "10", "2"]),
        ("scale", [8_000, 200, 1_500, 300], ["80", "2", "15", "3"]),
    ] {
        let shares = shares(points);
        let split = shares.split(amount("100"));
        assert_eq!(parts(&split), expected.map(amount), "{phase}");
        let shares = [
            shares.provider(),
            shares.growth_fund(),
            shares.treasury(),
            shares.burn(),
        ];
        assert_eq!(shares.map(BasisPoints::get), points, "{phase}");
    }
    assert_eq!(*Policy::swan_2_0().split(), shares([9_500, 500, 0, 0]));
}

#[test]
fn the_last_units_go_to_the_largest_remainders_and_then_in_order() {
    let pico = |pico| Amount::from_pico(pico).unwrap();
    for (points, gross, expected) in [
        // 0.95 and 0.05: the larger remainder takes the unit.
        ([9_500, 500, 0, 0], 1, [1, 0, 0, 0]),
        // 9.5 and 0.5: equal remainders, so the first.
        ([9_500, 500, 0, 0], 10, [10, 0, 0, 0]),
        ([2_500, 2_500, 2_500, 2_500], 3, [1, 1, 1, 0]),
        ([2_500, 2_500, 2_500, 2_500], -3, [-1, -1, -1, 0]),
        // 1.7, 0.06, 0.2 and 0.04: what is left goes to 0.7.
        ([8_500, 300, 1_000, 200], 2, [2, 0, 0, 0]),
        ([0, 0, 0, 10_000], 7, [0, 0, 0, 7]),
    ] {
        let split = shares(points).split(pico(gross));
        assert_eq!(parts(&split), expected.map(pico), "{gross} by {points:?}");
    }
}

#[test]
fn shares_that_make_no_whole_are_refused() {
    let [half, tenth] = [5_000, 1_000].map(|points| BasisPoints::new(points).unwrap());
    assert_eq!(
        RevenueShares::new(half, tenth, tenth, tenth)
            .unwrap_err()
            .sum,
        8_000
    );
    assert_eq!(
        RevenueShares::new(half, half, half, half).unwrap_err().sum,
        20_000
    );
}

/// Four shares from three cuts of the whole.
fn any_shares() -> impl Strategy<Value = [u16; 4]> {
    prop::array::uniform3(0..=10_000_u16).prop_map(|mut cuts| {
        cuts.sort_unstable();
        [
            cuts[0],
            cuts[1] - cuts[0],
            cuts[2] - cuts[1],
            10_000 - cuts[2],
        ]
    })
}

fn any_gross() -> impl Strategy<Value = Amount> {
    prop_oneof![
        -20_000..20_000_i128,
        Amount::MIN.pico()..=Amount::MAX.pico()
    ]
    .prop_map(|pico| Amount::from_pico(pico).unwrap())
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole_and_each_is_its_share(points in any_shares(), gross in any_gross()) {
        let split = shares(points).split(gross);
        prop_assert_eq!(split.total(), Ok(gross));
        for (part, share) in parts(&split).into_iter().zip(points) {
            let off = part.pico() * 10_000 - gross.pico() * i128::from(share);
            prop_assert!(off.abs() < 10_000, "{part} is a unit or more off {share} of {gross}");
            prop_assert!(part.is_zero() || part.is_negative() == gross.is_negative());
            prop_assert!(share > 0 || part.is_zero(), "no share, no part");
        }
    }

    #[test]
    fn who_has_the_same_share_and_stands_first_gets_no_less(points in any_shares(), gross in any_gross()) {
        let parts = parts(&shares(points).split(gross)).map(|part| part.pico().abs());
        for (a, b) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            if points[a] == points[b] {
                prop_assert!(parts[a] >= parts[b]);
            }
            if points[a] > points[b] {
                prop_assert!(parts[a] + 1 >= parts[b]);
            }
        }
    }

    #[test]
    fn a_refund_takes_back_exactly_what_was_given(points in any_shares(), gross in any_gross()) {
        let shares = shares(points);
        let back = shares.split(-gross);
        let given = shares.split(gross);
        for (given, back) in parts(&given).into_iter().zip(parts(&back)) {
            prop_assert_eq!(given.checked_add(back), Ok(Amount::ZERO));
        }
    }
}
