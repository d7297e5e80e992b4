use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Timestamp;

/// A day of the calendar in UTC, as days since 1 January 1970; it shows and reads as `2026-04-10`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

/// The text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no day; a day is written as 2026-04-10 and lies between 1970 and 9999")]
#[non_exhaustive]
pub struct DayError {
    /// The text.
    pub text: String,
}

const MILLIS: u64 = 86_400_000;

impl Day {
    /// The day that is `days` days after 1 January 1970.
    #[must_use]
    pub const fn from_days(days: u32) -> Self {
        Self(days)
    }

    /// Days since 1 January 1970.
    #[must_use]
    pub const fn as_days(self) -> u32 {
        self.0
    }

    /// The day of the calendar, if there is such a day between the years 1970 and 9999.
    #[must_use]
    pub fn from_date(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        // Years begin in March, so that the leap day is the last of its year.
        let (years, months) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let leaps = years / 4 - years / 100 + years / 400;
        let of_year = (153 * months + 2) / 5 + day - 1;
        // 719,468 days lie between 1 March of the year 0 and the epoch.
        let found = Self((years * 365 + leaps + of_year).checked_sub(719_468)?);
        (found.date() == (year, month, day)).then_some(found)
    }

    /// Year, month and day of the month.
    #[must_use]
    pub fn date(self) -> (u32, u32, u32) {
        let days = u64::from(self.0) + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months = (5 * of_year + 2) / 153;
        let day = of_year - (153 * months + 2) / 5 + 1;
        let month = if months < 10 { months + 3 } else { months - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let small = |part: u64| u32::try_from(part).unwrap_or(u32::MAX);
        (small(year), small(month), small(day))
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(u64::from(self.0) * MILLIS)
    }

    /// The first moment of the next day.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_millis((u64::from(self.0) + 1) * MILLIS)
    }

    /// The day `days` later.
    #[must_use]
    pub const fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The days from `earlier` to this one; zero when `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Timestamp {
    /// The day in UTC that it lies in.
    #[must_use]
    pub fn day(self) -> Day {
        Day(u32::try_from(self.as_millis() / MILLIS).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let mut parts = text.split('-').map(|part| {
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            (digits && matches!(part.len(), 2 | 4)).then(|| part.parse::<u32>().ok())?
        });
        let mut next = || parts.next().flatten();
        let (year, month, day) = (next(), next(), next());
        let found = year
            .zip(month)
            .zip(day)
            .and_then(|((year, month), day)| Self::from_date(year, month, day))
            .filter(|found| found.to_string() == text);
        found.ok_or_else(|| DayError {
            text: text.chars().take(40).collect(),
        })
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            u32::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_and_show_as_the_calendar_has_them() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1999-12-31", 10_956),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2024-02-29", 19_782),
            ("2026-04-10", 20_553),
            ("9999-12-31", 2_932_896),
        ] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.as_days(), days, "{text}");
            assert_eq!(day.to_string(), text);
        }
        for text in [
            "2023-02-29",
            "2026-13-01",
            "2026-4-10",
            "2026-04-10x",
            "1969-12-31",
            "",
            "10-04-2026",
            "2026-00-10",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = Day::from_days(0);
        for days in 1..50_000 {
            let day = Day::from_days(days);
            let (a, b) = (last.date(), day.date());
            assert!(a < b, "{last} {day}");
            assert_eq!(Day::from_date(b.0, b.1, b.2), Some(day));
            last = day;
        }
        let noon = Timestamp::from_millis(20_553 * 86_400_000 + 43_200_000);
        assert_eq!(noon.day().to_string(), "2026-04-10");
        assert_eq!(noon.day().end(), noon.day().plus(1).start());
    }
}
