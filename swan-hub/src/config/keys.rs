//! `[keys]`: what holds for keys, and whose word on addresses counts.

use ipnet::IpNet;
use serde::Deserialize;

use crate::admission::KeyRules;
use crate::error::ConfigError;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysLayer {
    rpm: Option<u64>,
    tpm: Option<u64>,
    concurrency: Option<u32>,
    trusted_proxies: Option<Vec<IpNet>>,
    free_tier: Option<bool>,
}

impl KeysLayer {
    pub(super) fn apply(self, rules: &mut KeyRules) -> Result<(), ConfigError> {
        for (key, count) in [("keys.rpm", self.rpm), ("keys.tpm", self.tpm)] {
            if count.is_some_and(|count| !(1..=1_000_000_000).contains(&count)) {
                return Err(wrong(key, "a whole number from 1 to 1000000000"));
            }
        }
        if self.concurrency == Some(0) {
            return Err(wrong("keys.concurrency", "a whole number from 1 on"));
        }
        let defaults = &mut rules.defaults;
        defaults.rpm = self.rpm.or(defaults.rpm);
        defaults.tpm = self.tpm.or(defaults.tpm);
        defaults.concurrency = self.concurrency.or(defaults.concurrency);
        if let Some(proxies) = self.trusted_proxies {
            rules.trusted_proxies = proxies;
        }
        rules.free_tier = self.free_tier.unwrap_or(rules.free_tier);
        Ok(())
    }
}

fn wrong(key: &'static str, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        key,
        value: "a number out of range".into(),
        expected,
    }
}
