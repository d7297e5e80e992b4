use std::str::FromStr;

use swan_core::Timestamp;

use crate::documents::Month;
use crate::gateway::iso;

/// By what an export is summed up: one period at most, the key, the model. Currencies are never summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    pub(in crate::documents) period: Option<Period>,
    pub(super) by_key: bool,
    pub(in crate::documents) by_model: bool,
}

/// A stretch of time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::documents) enum Period {
    Hour,
    Day,
    Month,
}

impl Period {
    /// The name of the period that a time lies in.
    pub(in crate::documents) fn of(self, at: Timestamp) -> String {
        match self {
            Self::Hour => {
                let hour = at.as_millis() / 3_600_000 * 3_600_000;
                iso(Timestamp::from_millis(hour))
            }
            Self::Day => at.day().to_string(),
            Self::Month => Month::of(at).to_string(),
        }
    }
}

impl Grouping {
    /// Whether keys are told apart.
    pub(crate) const fn is_by_key(self) -> bool {
        self.by_key
    }
}

impl FromStr for Grouping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut grouping = Self::default();
        for name in text.split(',') {
            let period = match name {
                "hour" => Period::Hour,
                "day" => Period::Day,
                "month" => Period::Month,
                "key" if !grouping.by_key => {
                    grouping.by_key = true;
                    continue;
                }
                "model" if !grouping.by_model => {
                    grouping.by_model = true;
                    continue;
                }
                _ => return Err(EXPECTED),
            };
            if grouping.period.replace(period).is_some() {
                return Err(EXPECTED);
            }
        }
        Ok(grouping)
    }
}

const EXPECTED: &str =
    "expected some of hour, day or month (one of them), key and model, with commas between them";

#[cfg(test)]
mod tests {
    use super::{Grouping, Period};
    use swan_core::Timestamp;

    #[test]
    fn groups_are_named_once_and_have_one_period() {
        let all: Grouping = "model,day,key".parse().unwrap();
        assert!(all.by_key && all.by_model && all.period == Some(Period::Day));
        for wrong in [
            "", "day,", "day,hour", "day,day", "key,key", "colour", "Day",
        ] {
            assert!(wrong.parse::<Grouping>().is_err(), "{wrong}");
        }
        let at = Timestamp::from_millis(1_800_003_723_456);
        let names = [Period::Hour, Period::Day, Period::Month].map(|period| period.of(at));
        assert_eq!(names, ["2027-01-15T09:00:00.000Z", "2027-01-15", "2027-01"]);
    }
}
