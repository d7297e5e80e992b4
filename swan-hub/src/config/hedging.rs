//! Whether a request is given to a second provider when the first takes long.

use std::time::Duration;

use serde::Deserialize;

use crate::error::ConfigError;

/// When a second provider is asked as well, and how often at most. The table `[hedging]`; off unless `after_ms` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hedging {
    /// After how long without content a second provider is asked. Default: never.
    pub after: Option<Duration>,
    /// Second providers for each hundred requests. Default 5.
    pub percent: u32,
    /// Second providers a second that are allowed in any case. Default 1.
    pub per_sec: u32,
}

impl Default for Hedging {
    fn default() -> Self {
        Self {
            after: None,
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
        if let Some(percent) = layer.percent {
            self.percent = percent;
        }
        if let Some(per_sec) = layer.per_sec {
            self.per_sec = per_sec;
        }
        Ok(())
    }
}
