use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use swan_core::{Day, Timestamp};

/// A month of the calendar in UTC; it shows and reads as `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: u32,
    month: u32,
}

/// The text is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as 2026-10 and lies between 1970 and 9998")]
#[non_exhaustive]
pub struct MonthError;

impl Month {
    /// The month that a time lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let (year, month, _) = at.day().date();
        Self { year, month }
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> Day {
        // Every month has a first day.
        Day::from_date(self.year, self.month, 1).unwrap_or_default()
    }

    /// The month after it.
    #[must_use]
    pub const fn following(self) -> Self {
        match self.month {
            12 => Self {
                year: self.year + 1,
                month: 1,
            },
            month => Self {
                year: self.year,
                month: month + 1,
            },
        }
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.first().start()
    }

    /// The first moment of the next month.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.following().start()
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let first: Day = format!("{text}-01").parse().map_err(|_| MonthError)?;
        let (year, month, _) = first.date();
        let found = Self { year, month };
        let is_plain = text.len() == 7 && year < 9_999;
        is_plain.then_some(found).ok_or(MonthError)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Month;

    #[test]
    fn months_follow_each_other_and_meet() {
        let mut month: Month = "2026-10".parse().unwrap();
        let mut seen = Vec::new();
        for _ in 0..4 {
            assert_eq!(month.end(), month.following().start());
            assert_eq!(Month::of(month.start()), month);
            seen.push(month.to_string());
            month = month.following();
        }
        assert_eq!(seen, ["2026-10", "2026-11", "2026-12", "2027-01"]);
        for wrong in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            "2026-10-01",
            "+026-10",
            "9999-01",
        ] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
