use proptest::prelude::*;
use swan_core::split::{RevenueError, RevenueWindow};
use swan_core::{Amount, Day};

use super::{amount, day, steady};

const TODAY: &str = "2026-05-31";

#[test]
fn the_average_is_over_thirty_days_whatever_is_missing() {
    let today = day(TODAY);
    let mut window = RevenueWindow::new(30);
    assert_eq!(window.average(today), Ok(Amount::ZERO));
    // One good day of $2,999.70 is not thirty of them.
    window
        .report(day("2026-05-30"), amount("2999.7"), today)
        .unwrap();
    assert_eq!(window.average(today), Ok(amount("99.99")));
    // The first day that counts is 30 days back.
    window
        .report(day("2026-05-01"), amount("0.3"), today)
        .unwrap();
    assert_eq!(window.average(today), Ok(amount("100")));
    assert_eq!(window.reported_days(today), 2);
    // Tomorrow it no longer counts; in 30 days nothing does.
    assert_eq!(window.average(today.plus(1)), Ok(amount("99.99")));
    assert_eq!(window.average(today.plus(29)), Ok(amount("99.99")));
    assert_eq!(window.average(today.plus(30)), Ok(Amount::ZERO));
}

#[test]
fn what_cannot_be_a_report_is_named() {
    let today = day(TODAY);
    let mut window = RevenueWindow::new(30);
    let dollar = amount("1");
    let yesterday = day("2026-05-30");
    window.report(yesterday, dollar, today).unwrap();
    let before = window.clone();
    for (of, on, error) in [
        (today, today, RevenueError::Unfinished { day: today, today }),
        (
            today.plus(1),
            today,
            RevenueError::Unfinished {
                day: today.plus(1),
                today,
            },
        ),
        (yesterday, today, RevenueError::Duplicate { day: yesterday }),
        (
            day("2026-04-30"),
            today,
            RevenueError::TooOld {
                day: day("2026-04-30"),
                first: day("2026-05-01"),
            },
        ),
        (
            day("2026-05-28"),
            yesterday,
            RevenueError::ClockBackwards {
                today: yesterday,
                latest: today,
            },
        ),
    ] {
        assert_eq!(window.report(of, dollar, on), Err(error), "{of} on {on}");
        assert_eq!(window, before, "a refused report changes nothing");
    }
    assert_eq!(
        window.average(yesterday),
        Err(RevenueError::ClockBackwards {
            today: yesterday,
            latest: today
        })
    );
    assert_eq!(
        window
            .report(yesterday, dollar, today)
            .unwrap_err()
            .to_string(),
        "the revenue of 2026-05-30 was reported before"
    );
}

#[test]
fn money_that_is_refunded_adds_nothing() {
    let today = day(TODAY);
    let mut window = RevenueWindow::new(30);
    window
        .report(day("2026-05-29"), amount("30000"), today)
        .unwrap();
    window
        .report(day("2026-05-30"), amount("-30000"), today)
        .unwrap();
    assert_eq!(window.average(today), Ok(Amount::ZERO));
    let mut refunded = RevenueWindow::new(30);
    refunded
        .report(day("2026-05-30"), amount("-3"), today)
        .unwrap();
    assert_eq!(refunded.average(today), Ok(amount("-0.1")));
}

#[test]
fn the_window_keeps_no_more_days_than_it_averages() {
    let mut window = RevenueWindow::new(30);
    for number in 1..400 {
        window
            .report(
                Day::from_days(number),
                amount("5"),
                Day::from_days(number + 1),
            )
            .unwrap();
    }
    let json = serde_json::to_string(&window).unwrap();
    assert_eq!(json.matches("\"5\"").count(), 30, "{json}");
    assert_eq!(
        serde_json::from_str::<RevenueWindow>(&json).unwrap(),
        window
    );
    assert_eq!(RevenueWindow::new(0).length_days(), 1);
}

proptest! {
    #[test]
    fn the_average_lies_between_the_worst_and_the_best_day(days in prop::collection::vec(-1_000_000..1_000_000_000_i64, 30)) {
        let today = day(TODAY);
        let mut window = steady("0", today.plus(60));
        prop_assert_eq!(window.average(today.plus(60)), Ok(Amount::ZERO));
        window = RevenueWindow::new(30);
        for (units, back) in days.iter().zip(1..) {
            let of = Day::from_days(today.as_days() - back);
            window.report(of, Amount::from_units(*units).unwrap(), today).unwrap();
        }
        let average = window.average(today).unwrap();
        prop_assert!(average >= Amount::from_units(*days.iter().min().unwrap()).unwrap());
        prop_assert!(average <= Amount::from_units(*days.iter().max().unwrap()).unwrap());
        let sum: i128 = days.iter().map(|units| i128::from(*units) * Amount::PICO_PER_UNIT).sum();
        prop_assert!((average.pico() * 30 - sum).abs() <= 15, "rounded to the nearest unit");
    }
}
