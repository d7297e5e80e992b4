//! How much more than it was asked the hub may ask of providers. Without such a bound an outage turns each request into three, and
//! those that still serve go down under what the others dropped.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use tokio::time::Instant;

use super::first_tokens::FirstTokens;
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
    /// How long models have taken to show content, by which these may go.
    pub(super) first_tokens: FirstTokens,
    /// Whether any are.
    hedges_at_all: AtomicBool,
}

impl Spare {
    pub(crate) fn new(limits: &Limits, hedging: &Hedging) -> Self {
        Self {
            retries: Budget::new(limits.retry_percent, limits.retries_per_sec),
            hedges: Budget::new(hedging.percent, hedging.per_sec),
            first_tokens: FirstTokens::default(),
            hedges_at_all: AtomicBool::new(hedging.after.is_some()),
        }
    }

    /// From now on these bounds hold; what has been saved up under those before stays, as far as they allow.
    pub(crate) fn set(&self, limits: &Limits, hedging: &Hedging) {
        self.retries
            .set(limits.retry_percent, limits.retries_per_sec);
        self.hedges.set(hedging.percent, hedging.per_sec);
        let at_all = hedging.after.is_some();
        self.hedges_at_all.store(at_all, Ordering::Relaxed);
    }

    /// A request has come.
    pub(crate) fn deposit(&self) {
        self.retries.deposit();
        if self.hedges_at_all.load(Ordering::Relaxed) {
            self.hedges.deposit();
        }
    }
}

/// A bucket that requests fill by a share each, and time by a floor; whoever asks once more takes one out.
#[derive(Debug)]
pub(crate) struct Budget {
    /// What each request brings.
    share: AtomicI64,
    per_sec: AtomicI64,
    most: AtomicI64,
    balance: AtomicI64,
    began: Instant,
    /// Milliseconds after `began` up to which the floor has been paid in.
    paid: AtomicU64,
}

impl Budget {
    /// `percent` of the requests, and `per_sec` each second whatever their number.
    pub(crate) fn new(percent: u32, per_sec: u32) -> Self {
        let budget = Self {
            share: AtomicI64::new(0),
            per_sec: AtomicI64::new(0),
            most: AtomicI64::new(0),
            balance: AtomicI64::new(0),
            began: Instant::now(),
            paid: AtomicU64::new(0),
        };
        budget.set(percent, per_sec);
        let saved = budget.per_sec.load(Ordering::Relaxed) * SECONDS;
        budget.balance.store(saved, Ordering::Relaxed);
        budget
    }

    /// From now on requests bring so much, and time does.
    fn set(&self, percent: u32, per_sec: u32) {
        // What time has brought until now it has brought by the rule before.
        self.pay_floor();
        let (share, per_sec) = (i64::from(percent) * WHOLE / 100, i64::from(per_sec) * WHOLE);
        let most = (per_sec * SECONDS)
            .max(share.min(WHOLE) * 100)
            .max(WHOLE.min(share));
        self.share.store(share, Ordering::Relaxed);
        self.per_sec.store(per_sec, Ordering::Relaxed);
        self.most.store(most, Ordering::Relaxed);
        self.balance.fetch_min(most, Ordering::AcqRel);
    }

    /// A request has come.
    pub(crate) fn deposit(&self) {
        // A full bucket, as it nearly always is, is only read.
        if self.balance.load(Ordering::Relaxed) < self.most.load(Ordering::Relaxed) {
            let share = self.share.load(Ordering::Relaxed);
            self.balance.fetch_add(share, Ordering::Relaxed);
        }
    }

    /// Takes leave to ask once more.
    pub(crate) fn withdraw(&self) -> bool {
        self.take(WHOLE)
    }

    /// Takes leave to ask once more where that is no need: half of what can be saved up stays for those who need it.
    pub(crate) fn withdraw_spare(&self) -> bool {
        self.take(WHOLE + self.most.load(Ordering::Relaxed) / 2)
    }

    /// Takes one out, if there is as much as `least`.
    fn take(&self, least: i64) -> bool {
        self.pay_floor();
        let taken = self
            .balance
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
                (now >= least).then_some(now - WHOLE)
            });
        taken.is_ok()
    }

    fn pay_floor(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.paid.fetch_max(now, Ordering::AcqRel);
        let millis = i64::try_from(now.saturating_sub(before)).unwrap_or(i64::MAX);
        let due = millis.saturating_mul(self.per_sec.load(Ordering::Relaxed)) / 1_000;
        let most = self.most.load(Ordering::Relaxed);
        let paid = |balance: i64| Some(balance.saturating_add(due).min(most.max(balance)));
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
    async fn what_is_no_need_leaves_half() {
        let budget = Budget::new(20, 10);
        let spare = (0..10_000).take_while(|_| budget.withdraw_spare()).count();
        assert_eq!((spare, taken(&budget)), (50, 50));
    }

    #[tokio::test(start_paused = true)]
    async fn other_bounds_keep_what_they_allow_of_what_was_saved_up() {
        let budget = Budget::new(20, 10);
        budget.set(0, 3);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(taken(&budget), 30);
        budget.set(50, 0);
        tokio::time::advance(Duration::from_secs(60)).await;
        (0..10).for_each(|_| budget.deposit());
        assert_eq!(taken(&budget), 5);
        budget.set(0, 0);
        budget.deposit();
        assert_eq!(taken(&budget), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_allowed_where_nothing_is_configured() {
        let budget = Budget::new(0, 0);
        budget.deposit();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(taken(&budget), 0);
    }
}
