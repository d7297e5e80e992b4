use proptest::prelude::*;
use swan_core::tokenomics::{Release, TokenError, Vesting};
use swan_core::{Amount, Day};

use super::{amount, day};

fn released(release: Release, on: &str) -> Amount {
    let vesting = Vesting::new(day("2025-01-31"), 2, 4, release).unwrap();
    assert_eq!(
        (vesting.starts(), vesting.cliff_ends()),
        (day("2025-01-31"), day("2025-03-31"))
    );
    assert_eq!(vesting.ends(), day("2025-05-31"));
    vesting.released(amount("1000"), day(on))
}

#[test]
fn nothing_before_the_cliff_then_what_has_accrued_then_everything() {
    for (on, monthly, daily) in [
        ("1999-01-01", "0", "0"),
        ("2025-03-30", "0", "0"),
        ("2025-03-31", "500", "491.666666666666"),
        ("2025-04-01", "500", "500"),
        ("2025-04-30", "500", "741.666666666666"),
        ("2025-05-01", "750", "750"),
        ("2025-05-30", "750", "991.666666666666"),
        ("2025-05-31", "1000", "1000"),
        ("9999-12-31", "1000", "1000"),
    ] {
        assert_eq!(released(Release::Monthly, on), amount(monthly), "{on}");
        assert_eq!(released(Release::Daily, on), amount(daily), "{on}");
    }
}

#[test]
fn schedules_that_cannot_be_are_named() {
    let make = |cliff, span| Vesting::new(day("2025-01-01"), cliff, span, Release::Daily);
    for (cliff, span) in [(0, 0), (2, 1), (0, 1_201), (u32::MAX, u32::MAX)] {
        assert_eq!(make(cliff, span), Err(TokenError::Schedule { span, cliff }));
    }
    for (cliff, span) in [(0, 1), (1, 1), (1_200, 1_200)] {
        assert!(make(cliff, span).is_ok());
    }
}

proptest! {
    #[test]
    fn release_never_falls_and_ends_exactly(
        starts in 0..40_000_u32, cliff in 0..60_u32, more in 0..60_u32, total in 0..=Amount::MAX.pico(),
        days in prop::collection::vec(0..5_000_u32, 2..20), monthly: bool,
    ) {
        let release = if monthly { Release::Monthly } else { Release::Daily };
        let vesting = Vesting::new(Day::from_days(starts), cliff, (cliff + more).max(1), release).unwrap();
        let total = Amount::from_pico(total).unwrap();
        let mut days = days;
        days.sort_unstable();
        let out: Vec<Amount> = days.iter().map(|day| vesting.released(total, Day::from_days(starts + day))).collect();
        prop_assert!(out.windows(2).all(|pair| pair[0] <= pair[1]));
        prop_assert!(out.iter().all(|out| *out <= total && !out.is_negative()));
        prop_assert_eq!(vesting.released(total, vesting.ends()), total);
    }
}
