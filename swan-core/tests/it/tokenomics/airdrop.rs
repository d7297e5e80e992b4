use proptest::prelude::*;
use swan_core::tokenomics::{AirdropCap, TokenError};
use swan_core::{Amount, BasisPoints};

use super::{amount, day, rules, units};

#[test]
fn a_year_of_airdrops_ends_at_a_tenth_of_the_circulation() {
    let (first, circulation) = (day("2026-01-01"), units(50_000_000));
    let mut cap = AirdropCap::new(rules().airdrop_cap());
    cap.drop(first, units(2_000_000), circulation).unwrap();
    cap.drop(first.plus(100), units(3_000_000), circulation)
        .unwrap();
    let before = cap.clone();
    let least = amount("0.000000000001");
    let over = |left, day| {
        Err(TokenError::OverCap {
            asked: least,
            left,
            day,
        })
    };
    assert_eq!(
        cap.drop(first.plus(364), least, circulation),
        over(Amount::ZERO, first.plus(364))
    );
    assert_eq!(cap, before, "a refusal changes nothing");
    assert_eq!(cap.left(first.plus(365), circulation), Ok(units(2_000_000)));
    cap.drop(first.plus(365), units(2_000_000), circulation)
        .unwrap();
    assert_eq!(
        cap.drop(first.plus(365), least, circulation),
        over(Amount::ZERO, first.plus(365))
    );
    assert_eq!(cap.left(first.plus(464), circulation), Ok(Amount::ZERO));
    assert_eq!(cap.left(first.plus(465), circulation), Ok(units(3_000_000)));
}

/// The cap follows the circulation of the moment; when that falls, nothing is left rather than less than nothing.
#[test]
fn the_cap_moves_with_the_circulation() {
    let today = day("2026-01-01");
    let mut cap = AirdropCap::new(BasisPoints::new(1_000).unwrap());
    cap.drop(today, units(10), units(100)).unwrap();
    assert_eq!(cap.left(today, units(200)), Ok(units(10)));
    assert_eq!(cap.left(today, units(50)), Ok(Amount::ZERO));
    assert_eq!(
        cap.left(today, amount("100.000000000019")),
        Ok(amount("0.000000000001"))
    );
}

#[test]
fn backward_days_and_negative_amounts_are_named() {
    let today = day("2026-01-02");
    let mut cap = AirdropCap::new(BasisPoints::new(1_000).unwrap());
    cap.drop(today, units(1), units(100)).unwrap();
    let (day, last) = (day("2026-01-01"), today);
    assert_eq!(
        cap.drop(day, units(1), units(100)),
        Err(TokenError::Backwards { day, last })
    );
    assert_eq!(
        cap.drop(today, units(-1), units(100)),
        Err(TokenError::Negative { what: "an airdrop" })
    );
    assert_eq!(
        cap.left(today, units(-1)),
        Err(TokenError::Negative {
            what: "the circulation"
        })
    );
}

proptest! {
    /// Whatever is asked for and when: no 365 days in a row see more than the cap.
    #[test]
    fn no_year_exceeds_the_cap(asks in prop::collection::vec((0..200_u32, 0..12_000_i64), 1..60)) {
        let (mut cap, circulation) = (AirdropCap::new(BasisPoints::new(1_000).unwrap()), units(100_000));
        let (mut on, mut given) = (day("2026-01-01"), Vec::new());
        for (days, ask) in asks {
            on = on.plus(days);
            if cap.drop(on, units(ask), circulation).is_ok() {
                given.push((on, ask));
            }
        }
        for (first, _) in &given {
            let year = given.iter().filter(|(day, _)| day >= first && day.since(*first) < 365);
            prop_assert!(year.map(|(_, ask)| ask).sum::<i64>() <= 10_000);
        }
    }
}
