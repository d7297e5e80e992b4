use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::ExchangeRate;
use crate::Timestamp;

/// An exchange rate with where it comes from and when it was true.
///
/// A request is quoted and charged by the same stamped rate, so that a charge cannot drift away from its hold, and whoever
/// pays can look up what the rate was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampedRate {
    rate: ExchangeRate,
    feed: Cow<'static, str>,
    at: Timestamp,
}

/// Why a rate is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// It was true too long ago.
    #[error(
        "the exchange rate of {feed} is {age_ms} ms old, and the policy allows {max_age_ms} ms"
    )]
    TooOld {
        /// Where the rate comes from.
        feed: Cow<'static, str>,
        /// How old it is, in milliseconds.
        age_ms: u128,
        /// How old it may be, in milliseconds.
        max_age_ms: u128,
    },
    /// It is stamped with a time to come: a clock is wrong, and its age is unknown.
    #[error("the exchange rate of {feed} is from {ahead_ms} ms in the future")]
    FromTheFuture {
        /// Where the rate comes from.
        feed: Cow<'static, str>,
        /// How far ahead its time is, in milliseconds.
        ahead_ms: u128,
    },
    /// Its source has none that it stands for.
    #[error("{feed} has no exchange rate at the moment: {why}")]
    NotNow {
        /// Where the rate would come from.
        feed: Cow<'static, str>,
        /// Why there is none.
        why: Cow<'static, str>,
    },
}

impl StampedRate {
    /// `rate`, as `feed` told it `at` that time.
    #[must_use]
    pub fn new(rate: ExchangeRate, feed: impl Into<Cow<'static, str>>, at: Timestamp) -> Self {
        Self {
            rate,
            feed: feed.into(),
            at,
        }
    }

    /// The rate.
    #[must_use]
    pub const fn rate(&self) -> ExchangeRate {
        self.rate
    }

    /// Where it comes from.
    #[must_use]
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// When it was true.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The rate, if it is no older than `max_age`. A stamp may be ahead of `now` by as much, since clocks differ.
    ///
    /// # Errors
    ///
    /// [`RateError`] says how old the rate is, or how far ahead.
    pub fn fresh(&self, now: Timestamp, max_age: Duration) -> Result<ExchangeRate, RateError> {
        let (age, ahead) = (now.since(self.at), self.at.since(now));
        if age > max_age {
            Err(RateError::TooOld {
                feed: self.feed.clone(),
                age_ms: age.as_millis(),
                max_age_ms: max_age.as_millis(),
            })
        } else if ahead > max_age {
            Err(RateError::FromTheFuture {
                feed: self.feed.clone(),
                ahead_ms: ahead.as_millis(),
            })
        } else {
            Ok(self.rate)
        }
    }
}

impl fmt::Display for StampedRate {
    /// Writes `0.0005016 USD for 1 SWAN (configuration at 1700000000000ms)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, feed, at } = self;
        write!(f, "{rate} USD for 1 SWAN ({feed} at {at})")
    }
}
