//! What every section of a policy document checks its values with, so that errors read alike.
//!
//! A section lives beside its rules: `standing/section.rs` holds the serde shape of `[standing]` and turns it into the
//! checked `StandingRules`; a key is named by its whole path, such as `standing.grace_days`.

use std::time::Duration;

use super::PolicyError;
use crate::Day;
use crate::catalogue::TokenPrice;
use crate::money::{Amount, BasisPoints};

/// `value`, if it lies between `least` and `most`.
pub(crate) fn within(key: &str, value: u64, least: u64, most: u64) -> Result<u64, PolicyError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(PolicyError::invalid(
            key,
            value,
            format!("it lies between {least} and {most}"),
        ))
    }
}

/// A share of a whole.
pub(crate) fn points(key: &str, value: u64) -> Result<BasisPoints, PolicyError> {
    u16::try_from(value)
        .ok()
        .and_then(|points| BasisPoints::new(points).ok())
        .ok_or_else(|| PolicyError::invalid(key, value, "a share is at most 10000 basis points"))
}

/// That `shares` make a whole; `what` they are is the subject of the rule.
pub(crate) fn whole(key: &str, what: &str, shares: &[BasisPoints]) -> Result<(), PolicyError> {
    let sum: u64 = shares.iter().map(|share| u64::from(share.get())).sum();
    if sum == u64::from(BasisPoints::WHOLE.get()) {
        return Ok(());
    }
    let rule = format!("{what} sum to 10000 basis points");
    let found = format!("{sum} basis points in all");
    Err(PolicyError::invalid(key, found, rule))
}

/// A span of `least` to `most` whole days.
pub(crate) fn days(key: &str, value: u64, least: u64, most: u64) -> Result<Duration, PolicyError> {
    within(key, value, least, most).map(|days| Duration::from_secs(days.saturating_mul(86_400)))
}

/// A span of `least` to `most` whole hours.
pub(crate) fn hours(key: &str, value: u64, least: u64, most: u64) -> Result<Duration, PolicyError> {
    within(key, value, least, most).map(|hours| Duration::from_secs(hours.saturating_mul(3_600)))
}

/// A day of the calendar, written as `2026-04-10`.
pub(crate) fn day(key: &str, text: &str) -> Result<Day, PolicyError> {
    text.parse()
        .map_err(|error| PolicyError::invalid(key, format!("{text:?}"), error))
}

/// An amount of money written as text: exact and not below zero.
pub(crate) fn amount(key: &str, text: &str) -> Result<Amount, PolicyError> {
    let amount = exact(key, text)?;
    if amount.is_negative() {
        let rule = "an amount is not below zero";
        return Err(PolicyError::invalid(key, format!("{text:?}"), rule));
    }
    Ok(amount)
}

/// A price in dollars: exact, not below zero, and not absurd.
pub(crate) fn price(key: &str, text: &str) -> Result<Amount, PolicyError> {
    let price = exact(key, text)?;
    if price.is_negative() || price > TokenPrice::MAX_PER_MILLION {
        let rule = "a price lies between 0 and 10000 dollars";
        return Err(PolicyError::invalid(key, format!("{text:?}"), rule));
    }
    Ok(price)
}

fn exact(key: &str, text: &str) -> Result<Amount, PolicyError> {
    text.parse()
        .map_err(|error| PolicyError::invalid(key, format!("{text:?}"), error))
}
