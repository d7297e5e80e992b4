//! `[payout]` of a policy document.

use std::time::Duration;

use serde::Deserialize;

use super::PayoutRules;
use crate::policy::check::{amount, within};
use crate::{Amount, PolicyError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    minimum_usd: String,
    fee_usd: String,
    minimum_swan: String,
    fee_swan: String,
    wait_minutes: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<PayoutRules, PolicyError> {
        let minutes = within("payout.wait_minutes", self.wait_minutes, 0, 525_600)?;
        let usd = both(
            ("payout.minimum_usd", &self.minimum_usd),
            ("payout.fee_usd", &self.fee_usd),
        )?;
        let swan = both(
            ("payout.minimum_swan", &self.minimum_swan),
            ("payout.fee_swan", &self.fee_swan),
        )?;
        Ok(PayoutRules {
            minimum: [usd.0, swan.0],
            fee: [usd.1, swan.1],
            wait: Duration::from_secs(minutes * 60),
        })
    }
}

/// Minimum and fee: something is left of every payout.
fn both(minimum: (&str, &str), fee: (&str, &str)) -> Result<(Amount, Amount), PolicyError> {
    let least = amount(minimum.0, minimum.1)?;
    let kept = amount(fee.0, fee.1)?;
    if kept < least {
        return Ok((least, kept));
    }
    let rule = "the fee is less than the minimum";
    Err(PolicyError::invalid(fee.0, format!("{:?}", fee.1), rule))
}
