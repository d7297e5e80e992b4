//! A budget of retries over all calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Retries that all calls of a client may cause together, as a share of the calls.
///
/// When a server is down, every call fails and every call would retry: three times the load at the worst moment. With
/// a budget the extra load stays at its share (20 % by default) after a small reserve (10 retries) is used up.
/// Clones share one budget, so that several clients can.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    /// Hundredths of a retry.
    balance: Arc<AtomicU64>,
    share: u64,
    most: u64,
}

const ONE: u64 = 100;

impl RetryBudget {
    /// A budget of `percent` retries per hundred calls, with `reserve` retries to begin with and at most.
    #[must_use]
    pub fn new(percent: u32, reserve: u32) -> Self {
        let most = u64::from(reserve).saturating_mul(ONE);
        Self {
            balance: Arc::new(AtomicU64::new(most)),
            share: u64::from(percent),
            most,
        }
    }

    pub(crate) fn deposit(&self) {
        let add = |balance: u64| Some(balance.saturating_add(self.share).min(self.most));
        let _ = self
            .balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Takes one retry out of the budget, if there is one.
    pub(crate) fn withdraw(&self) -> bool {
        let take = |balance: u64| balance.checked_sub(ONE);
        self.balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(20, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn after_the_reserve_retries_stay_at_their_share() {
        let budget = RetryBudget::new(20, 3);
        let mut retries = 0;
        for _ in 0..100 {
            budget.deposit();
            retries += u32::from(budget.withdraw());
        }
        assert!((20..=23).contains(&retries), "{retries}");
    }

    #[test]
    fn clones_share_and_idle_calls_do_not_pile_up() {
        let budget = RetryBudget::new(100, 2);
        for _ in 0..50 {
            budget.clone().deposit();
        }
        let taken = (0..10).filter(|_| budget.withdraw()).count();
        assert_eq!(taken, 2);
    }
}
