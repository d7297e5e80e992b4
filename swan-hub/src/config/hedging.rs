//! Whether a request is given to a second provider when the first takes long.

use std::time::Duration;

use serde::Deserialize;

use super::layers::set;
use crate::error::ConfigError;

/// When a second provider is asked as well, and how often at most. The table `[hedging]`; off unless `after_ms` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hedging {
    /// After how long without content a second provider is asked. Default: never.
    pub after: Option<Duration>,
    /// Instead after the time in which so many of a hundred answers of the model have begun of late, from 1 to 99; [`Hedging::after`]
    /// holds while too few are known. Default: none.
    pub percentile: Option<u8>,
    /// The shortest such time. Default 100 ms.
    pub least: Duration,
    /// The longest such time. Default 10 s.
    pub most: Duration,
    /// Second providers for each hundred requests. Default 5.
    pub percent: u32,
    /// Second providers a second that are allowed in any case. Default 1.
    pub per_sec: u32,
}

impl Default for Hedging {
    fn default() -> Self {
        Self {
            after: None,
            percentile: None,
            least: Duration::from_millis(100),
            most: Duration::from_secs(10),
            percent: 5,
            per_sec: 1,
        }
    }
}

/// The table as it stands in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HedgingLayer {
    after_ms: Option<u64>,
    percentile: Option<u8>,
    least_ms: Option<u64>,
    most_ms: Option<u64>,
    percent: Option<u32>,
    per_sec: Option<u32>,
}

impl Hedging {
    pub(super) fn apply(&mut self, layer: &HedgingLayer) -> Result<(), ConfigError> {
        match layer.after_ms {
            Some(0) => {
                return Err(ConfigError::Value {
                    key: "hedging.after_ms",
                    value: "0".into(),
                    expected: "at least one millisecond",
                });
            }
            Some(millis) => self.after = Some(Duration::from_millis(millis)),
            None => {}
        }
        set(&mut self.least, layer.least_ms.map(Duration::from_millis));
        set(&mut self.most, layer.most_ms.map(Duration::from_millis));
        set(&mut self.percentile, layer.percentile.map(Some));
        self.check_percentile()?;
        if let Some(percent) = layer.percent {
            self.percent = percent;
        }
        if let Some(per_sec) = layer.per_sec {
            self.per_sec = per_sec;
        }
        Ok(())
    }

    fn check_percentile(&self) -> Result<(), ConfigError> {
        let Some(percentile) = self.percentile else {
            return Ok(());
        };
        let wrong = |key, value: String, expected| {
            Err(ConfigError::Value {
                key,
                value,
                expected,
            })
        };
        if !(1..=99).contains(&percentile) {
            let expected = "a whole number from 1 to 99, such as 95";
            return wrong("hedging.percentile", percentile.to_string(), expected);
        }
        if self.after.is_none() {
            let expected = "hedging.after_ms beside it, which holds while little is known";
            return wrong("hedging.percentile", percentile.to_string(), expected);
        }
        if self.least > self.most {
            let expected = "no more than hedging.most_ms";
            return wrong(
                "hedging.least_ms",
                self.least.as_millis().to_string(),
                expected,
            );
        }
        Ok(())
    }
}
