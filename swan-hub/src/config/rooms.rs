//! The tables of what is kept of requests.

use std::time::Duration;

use serde::Deserialize;

use super::layers::set;
use crate::error::ConfigError;
use crate::generations::GenerationsOptions;
use crate::idempotency::IdempotencyOptions;

/// The table `[idempotency]` of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdempotencyLayer {
    ttl_secs: Option<u64>,
    entry_bytes: Option<usize>,
    bytes: Option<usize>,
    entries: Option<usize>,
    account_bytes: Option<usize>,
    account_entries: Option<usize>,
}

/// The table `[generations]` of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GenerationsLayer {
    keep_days: Option<u32>,
    bytes: Option<u64>,
}

impl IdempotencyLayer {
    pub(super) fn lay_over(&self, options: &mut IdempotencyOptions) -> Result<(), ConfigError> {
        check(
            "idempotency.ttl_secs",
            self.ttl_secs,
            &1,
            "at least one second",
        )?;
        check("idempotency.entries", self.entries, &1, "at least one key")?;
        check(
            "idempotency.account_entries",
            self.account_entries,
            &1,
            "at least one key",
        )?;
        set(&mut options.ttl, self.ttl_secs.map(Duration::from_secs));
        set(&mut options.entry_bytes, self.entry_bytes);
        set(&mut options.bytes, self.bytes);
        set(&mut options.entries, self.entries);
        set(&mut options.account_bytes, self.account_bytes);
        set(&mut options.account_entries, self.account_entries);
        Ok(())
    }
}

impl GenerationsLayer {
    pub(super) fn lay_over(&self, options: &mut GenerationsOptions) -> Result<(), ConfigError> {
        check(
            "generations.keep_days",
            self.keep_days,
            &1,
            "at least one day",
        )?;
        set(&mut options.keep_days, self.keep_days);
        set(&mut options.bytes, self.bytes);
        Ok(())
    }
}

pub(super) fn check<T: PartialOrd + ToString>(
    key: &'static str,
    value: Option<T>,
    least: &T,
    expected: &'static str,
) -> Result<(), ConfigError> {
    match value.filter(|value| *value < *least) {
        None => Ok(()),
        Some(value) => Err(ConfigError::Value {
            key,
            value: value.to_string(),
            expected,
        }),
    }
}
