//! The table `[market]`.

use std::time::Duration;

use serde::Deserialize;
use swan_core::Amount;

use crate::error::ConfigError;
use crate::market::{MarketOptions, Signup};

/// One source of settings; every key may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarketLayer {
    signup: Option<Signup>,
    session_hours: Option<u32>,
    signups_per_hour: Option<u32>,
    logins_per_minute: Option<u32>,
    low_balance: Option<Amount>,
    low_balance_swan: Option<Amount>,
}

/// A year.
const LONGEST_HOURS: u32 = 366 * 24;

impl MarketLayer {
    /// Lays this source over `options`.
    pub(super) fn apply(&self, options: &mut MarketOptions) -> Result<(), ConfigError> {
        if let Some(signup) = self.signup {
            options.signup = signup;
        }
        for (key, target, amount, expected) in [
            (
                "market.low_balance",
                &mut options.low_balance,
                self.low_balance,
                "US dollars as a decimal string, 0 for none",
            ),
            (
                "market.low_balance_swan",
                &mut options.low_balance_swan,
                self.low_balance_swan,
                "SWAN as a decimal string, 0 for none",
            ),
        ] {
            let Some(amount) = amount else { continue };
            if amount.is_negative() {
                return Err(ConfigError::Value {
                    key,
                    value: amount.to_string(),
                    expected,
                });
            }
            *target = (!amount.is_zero()).then_some(amount);
        }
        for (key, most, value) in [
            ("market.session_hours", LONGEST_HOURS, self.session_hours),
            ("market.signups_per_hour", 1_000_000, self.signups_per_hour),
            (
                "market.logins_per_minute",
                1_000_000,
                self.logins_per_minute,
            ),
        ] {
            let Some(value) = value else { continue };
            if !(1..=most).contains(&value) {
                return Err(ConfigError::Value {
                    key,
                    value: value.to_string(),
                    expected: "a whole number of at least 1, and of hours at most a year",
                });
            }
            match key {
                "market.session_hours" => {
                    options.session = Duration::from_secs(u64::from(value) * 3_600);
                }
                "market.signups_per_hour" => options.signups_per_hour = value,
                _ => options.logins_per_minute = value,
            }
        }
        Ok(())
    }
}
