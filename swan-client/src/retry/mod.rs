//! When a call is sent again, and after how long.
//!
//! Three guards, since a retry can cost money and can kill a struggling server: the server's own word
//! (`Retry-After`, `x-should-retry`), a number of retries per call, and a budget over all calls of a client.

mod after;
mod budget;

use std::time::Duration;

pub(crate) use after::{retry_after, should_retry};
pub use budget::RetryBudget;

/// How often and how patiently a call is sent again.
///
/// ```
/// use std::time::Duration;
/// use swan_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().with_max_retries(5).with_max_backoff(Duration::from_secs(20));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Retries of one call, 2 by default.
    pub max_retries: u32,
    /// The upper end of the first pause, 500 ms by default; it doubles with each retry.
    pub base_backoff: Duration,
    /// The upper end of any pause that the server does not ask for, 8 s by default.
    pub max_backoff: Duration,
    /// The longest `Retry-After` that is waited for, 60 s by default; a longer one is left to the caller.
    pub max_retry_after: Duration,
    /// How many retries all calls of the client may cause together.
    pub budget: RetryBudget,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 2,
            base_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(60),
            budget: RetryBudget::default(),
        }
    }
}

impl RetryPolicy {
    /// Never sends a call again.
    #[must_use]
    pub fn never() -> Self {
        Self::default().with_max_retries(0)
    }

    /// Sets the number of retries of one call.
    #[must_use]
    pub fn with_max_retries(self, max_retries: u32) -> Self {
        Self {
            max_retries,
            ..self
        }
    }

    /// Sets the upper end of the first pause.
    #[must_use]
    pub fn with_base_backoff(self, base_backoff: Duration) -> Self {
        Self {
            base_backoff,
            ..self
        }
    }

    /// Sets the upper end of any pause that the server does not ask for.
    #[must_use]
    pub fn with_max_backoff(self, max_backoff: Duration) -> Self {
        Self {
            max_backoff,
            ..self
        }
    }

    /// Sets the longest `Retry-After` that is waited for.
    #[must_use]
    pub fn with_max_retry_after(self, max_retry_after: Duration) -> Self {
        Self {
            max_retry_after,
            ..self
        }
    }

    /// Sets the budget of all calls.
    #[must_use]
    pub fn with_budget(self, budget: RetryBudget) -> Self {
        Self { budget, ..self }
    }

    /// The pause before retry number `retry` (from 1), `None` when the server asks for too much patience.
    ///
    /// Full jitter (any pause from nothing to the upper end) keeps clients that failed together from coming back
    /// together; the server's own wish is a lower end, so there the jitter comes on top.
    pub(crate) fn pause(
        &self,
        retry: u32,
        asked: Option<Duration>,
        random: u64,
    ) -> Option<Duration> {
        let doubled = self
            .base_backoff
            .saturating_mul(2_u32.saturating_pow(retry.saturating_sub(1)));
        match asked {
            Some(asked) if asked > self.max_retry_after => None,
            Some(asked) => Some(asked.saturating_add(share(self.base_backoff, random))),
            None => Some(share(doubled.min(self.max_backoff), random)),
        }
    }
}

/// The part of `whole` that a random number stands for.
fn share(whole: Duration, random: u64) -> Duration {
    let micros = whole.as_micros().saturating_mul(u128::from(random)) >> 64;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::RetryPolicy;
    use std::time::Duration;

    #[test]
    fn pauses_double_up_to_the_cap_and_obey_the_server() {
        let policy = RetryPolicy::default();
        let longest = |retry| policy.pause(retry, None, u64::MAX).unwrap();
        let ends: Vec<u128> = (1..=6).map(|retry| longest(retry).as_millis()).collect();
        assert_eq!(ends, [499, 999, 1_999, 3_999, 7_999, 7_999]);
        assert_eq!(policy.pause(3, None, 0), Some(Duration::ZERO));
        assert_eq!(longest(u32::MAX).as_millis(), 7_999);
        let asked = |secs| policy.pause(1, Some(Duration::from_secs(secs)), 0);
        assert_eq!(asked(60), Some(Duration::from_secs(60)));
        assert_eq!(asked(61), None);
    }
}
