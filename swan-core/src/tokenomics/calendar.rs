use crate::Day;

/// The first day after `months` calendar months that begin on `from`.
///
/// A month that lacks the day ends with its last: three months from 30 November end with February, so this is 1 March.
pub(crate) fn months_after(from: Day, months: u32) -> Day {
    let (year, month, day) = from.date();
    let later = (month - 1).saturating_add(months);
    let (year, month) = (year.saturating_add(later / 12), later % 12 + 1);
    let longest = (1..=day)
        .rev()
        .find_map(|day| Day::from_date(year, month, day));
    match longest {
        Some(found) if found.date().2 < day => found.plus(1),
        Some(found) => found,
        // No calendar reaches there, so the span never ends.
        None => Day::from_days(u32::MAX),
    }
}

/// The whole calendar months that have passed from `from` to `day`; zero when `day` comes earlier.
pub(crate) fn months_between(from: Day, day: Day) -> u32 {
    let ((y1, m1, _), (y2, m2, _)) = (from.date(), day.date());
    let months = (y2.saturating_mul(12).saturating_add(m2)).saturating_sub(y1 * 12 + m1);
    if months_after(from, months) <= day {
        months
    } else {
        months.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_calendar_has_their_day() {
        for (from, months, after) in [
            ("2026-06-10", 0, "2026-06-10"),
            ("2026-06-10", 3, "2026-09-10"),
            ("2026-12-31", 1, "2027-01-31"),
            ("2026-11-30", 3, "2027-03-01"),
            ("2027-11-30", 3, "2028-03-01"),
            ("2024-02-29", 12, "2025-03-01"),
            ("2024-02-29", 48, "2028-02-29"),
        ] {
            let (from, after): (Day, Day) = (from.parse().unwrap(), after.parse().unwrap());
            assert_eq!(months_after(from, months), after, "{from} {months}");
            assert_eq!(months_between(from, after), months, "{from} {after}");
            if months > 0 {
                let before = Day::from_days(after.as_days() - 1);
                assert_eq!(months_between(from, before), months - 1, "{from} {before}");
            }
        }
        let end: Day = "9999-12-31".parse().unwrap();
        assert_eq!(months_after(end, 1).as_days(), u32::MAX);
        assert_eq!(months_between(end, Day::from_days(0)), 0);
    }
}
