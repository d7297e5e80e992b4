//! How much more than it was asked the hub may ask of providers. Without such a bound an outage turns each request into three, and
//! those that still serve go down under what the others dropped.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tokio::time::Instant;

use crate::config::{Hedging, Limits};

/// One request beyond what was asked, in parts.
const WHOLE: i64 = 1_000;
/// How many seconds of the floor, and how many requests' worth of the share, can be saved up.
const SECONDS: i64 = 10;

/// What the hub may ask of providers beyond what consumers ask of it.
#[derive(Debug)]
pub(crate) struct Spare {
    /// Further attempts after failures.
    pub(crate) retries: Budget,
    /// Second providers beside the first.
    pub(crate) hedges: Budget,
    /// When these are asked.
    pub(crate) hedging: Hedging,
}

impl Spare {
    pub(crate) fn new(limits: &Limits, hedging: Hedging) -> Self {
        Self {
            retries: Budget::new(limits.retry_percent, limits.retries_per_sec),
            hedges: Budget::new(hedging.percent, hedging.per_sec),
            hedging,
        }
    }

    /// A request has come.
    pub(crate) fn deposit(&self) {
        self.retries.deposit();
        if self.hedging.after.is_some() {
            self.hedges.deposit();
        }
    }
}

/// A bucket that requests fill by a share each, and time by a floor; whoever asks once more takes one out.
#[derive(Debug)]
pub(crate) struct Budget {
    /// What each request brings.
    share: i64,
    per_sec: i64,
    most: i64,
    balance: AtomicI64,
    began: Instant,
    /// Milliseconds after `began` up to which the floor has been paid in.
    paid: AtomicU64,
}

impl Budget {
    /// `percent` of the requests, and `per_sec` each second whatever their number.
    pub(crate) fn new(percent: u32, per_sec: u32) -> Self {
        let (share, per_sec) = (i64::from(percent) * WHOLE / 100, i64::from(per_sec) * WHOLE);
        let most = (per_sec * SECONDS)
            .max(share.min(WHOLE) * 100)
            .max(WHOLE.min(share));
        Self {
            share,
            per_sec,
            most,
            balance: AtomicI64::new(per_sec * SECONDS),
            began: Instant::now(),
            paid: AtomicU64::new(0),
        }
    }

    /// A request has come.
    pub(crate) fn deposit(&self) {
        // A full bucket, as it nearly always is, is only read.
        if self.balance.load(Ordering::Relaxed) < self.most {
            self.balance.fetch_add(self.share, Ordering::Relaxed);
        }
    }

    /// Takes leave to ask once more.
    pub(crate) fn withdraw(&self) -> bool {
        self.pay_floor();
        let taken = self
            .balance
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
                (now >= WHOLE).then_some(now - WHOLE)
            });
        taken.is_ok()
    }

    fn pay_floor(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.paid.fetch_max(now, Ordering::AcqRel);
        let millis = i64::try_from(now.saturating_sub(before)).unwrap_or(i64::MAX);
        let due = millis.saturating_mul(self.per_sec) / 1_000;
        let paid = |balance: i64| Some(balance.saturating_add(due).min(self.most.max(balance)));
        let _ = self
            .balance
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, paid);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(budget: &Budget) -> usize {
        (0..10_000).take_while(|_| budget.withdraw()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_adds_a_fifth_and_the_floor_and_no_more() {
        let budget = Budget::new(20, 10);
        assert_eq!(
            taken(&budget),
            100,
            "ten seconds of the floor were saved up"
        );
        for _ in 0..1_000 {
            budget.deposit();
        }
        assert_eq!(taken(&budget), 100, "and that is all that can be");
        for _ in 0..100 {
            budget.deposit();
        }
        assert_eq!(taken(&budget), 20);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(taken(&budget), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_allowed_where_nothing_is_configured() {
        let budget = Budget::new(0, 0);
        budget.deposit();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(taken(&budget), 0);
    }
}
