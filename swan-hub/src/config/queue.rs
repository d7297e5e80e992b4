//! `[queue]`: how long and in what number requests wait for a place at a provider.

use std::time::Duration;

use serde::Deserialize;

use super::layers::set;
use crate::admission::QueueRules;
use crate::error::ConfigError;

/// The longest wait: consumers and the proxies before them give up earlier.
const WAIT_MAX_MS: u64 = 600_000;
/// The deepest queue: each request that waits keeps its body in memory.
const DEPTH_MAX: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueLayer {
    wait_ms: Option<u64>,
    per_account: Option<usize>,
    total: Option<usize>,
}

impl QueueLayer {
    pub(super) fn lay_over(&self, rules: &mut QueueRules) -> Result<(), ConfigError> {
        if let Some(wait) = self.wait_ms.filter(|wait| *wait > WAIT_MAX_MS) {
            return Err(wrong(
                "queue.wait_ms",
                wait.to_string(),
                "milliseconds from 0 (nothing waits) to 600000",
            ));
        }
        let depths = [
            ("queue.per_account", self.per_account),
            ("queue.total", self.total),
        ];
        for (key, depth) in depths {
            if let Some(depth) = depth.filter(|depth| *depth == 0 || *depth > DEPTH_MAX) {
                let expected =
                    "a whole number from 1 to 100000; queue.wait_ms = 0 turns waiting off";
                return Err(wrong(key, depth.to_string(), expected));
            }
        }
        set(&mut rules.wait, self.wait_ms.map(Duration::from_millis));
        set(&mut rules.per_account, self.per_account);
        set(&mut rules.total, self.total);
        Ok(())
    }
}

fn wrong(key: &'static str, value: String, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        expected,
    }
}
