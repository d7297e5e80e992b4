//! Shares, the phases of the schedule, the revenue window and the changes of phase that it indicates.

mod phases;
mod revenue;
mod shares;

use swan_core::split::RevenueWindow;
use swan_core::{Amount, Day};

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A window in which each of the 30 days before `today` had this revenue.
fn steady(usd_per_day: &str, today: Day) -> RevenueWindow {
    let mut window = RevenueWindow::new(30);
    for back in 1..=30 {
        let day = Day::from_days(today.as_days() - back);
        window.report(day, amount(usd_per_day), today).unwrap();
    }
    window
}
