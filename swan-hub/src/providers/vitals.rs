//! How well a provider has been doing with one model, as the hub has seen it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use swan_core::{Breaker, BreakerConfig, BreakerState, Permit, Timestamp};

use super::attempt::Fault;
use super::slot::Outcome;

/// No answer has been timed yet.
const UNTIMED: u64 = u64::MAX;

/// Outlives connections, so that reconnecting does not make a bad provider new.
#[derive(Debug)]
pub(crate) struct Vitals {
    breaker: Mutex<Breaker>,
    /// Whether the breaker is closed, for readers who would take no lock for a provider that is well.
    closed: AtomicBool,
    first_token_ms: AtomicU64,
    success_permille: AtomicU32,
}

impl Vitals {
    /// A clean sheet.
    pub(crate) const fn new(breaker: BreakerConfig) -> Self {
        Self {
            breaker: Mutex::new(Breaker::new(breaker)),
            closed: AtomicBool::new(true),
            first_token_ms: AtomicU64::new(UNTIMED),
            success_permille: AtomicU32::new(1_000),
        }
    }

    /// Asks the breaker for leave to send one request. The permit must come back through [`Vitals::learn`].
    pub(crate) fn try_permit(&self, now: Timestamp) -> Option<Permit> {
        self.breaker.lock().try_permit(now)
    }

    /// Learns from an attempt; `None` says nothing about the provider.
    pub(crate) fn learn(&self, permit: Permit, outcome: Option<Outcome>, now: Timestamp) {
        let mut breaker = self.breaker.lock();
        let served = match outcome {
            Some(Outcome::Served { .. }) => {
                breaker.on_success(permit);
                Some(true)
            }
            Some(Outcome::Failed(Fault::Provider)) => {
                breaker.on_failure(permit, now);
                Some(false)
            }
            Some(Outcome::Failed(Fault::Consumer | Fault::Hub)) | None => {
                breaker.on_neutral(permit);
                None
            }
        };
        let closed = matches!(breaker.state(), BreakerState::Closed { .. });
        self.closed.store(closed, Ordering::Relaxed);
        drop(breaker);
        if let Some(Outcome::Served {
            first_token: Some(first_token),
        }) = outcome
        {
            let ms = u64::try_from(first_token.as_millis()).unwrap_or(UNTIMED);
            average(&self.first_token_ms, ms.min(UNTIMED - 1));
        }
        if let Some(served) = served {
            self.count(served);
        }
    }

    /// Whether the breaker would let nothing through now.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        !self.closed.load(Ordering::Relaxed) && !self.breaker.lock().would_permit(now)
    }

    /// The average time to the first content, weighted towards the latest eight.
    pub(crate) fn first_token_ms(&self) -> Option<u64> {
        let ms = self.first_token_ms.load(Ordering::Relaxed);
        (ms != UNTIMED).then_some(ms)
    }

    /// The share of attempts that were served, weighted towards the latest sixteen.
    pub(crate) fn success_permille(&self) -> u16 {
        u16::try_from(self.success_permille.load(Ordering::Relaxed)).unwrap_or(1_000)
    }

    fn count(&self, served: bool) {
        let step = |permille: u32| {
            let permille = permille.min(1_000);
            // Rounded towards the news, or the ends of the scale would never be reached.
            Some(if served {
                permille + (1_000 - permille).div_ceil(16)
            } else {
                permille - permille.div_ceil(16)
            })
        };
        let _ = self
            .success_permille
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    }
}

fn average(cell: &AtomicU64, latest: u64) {
    let step = |ms: u64| {
        Some(if ms == UNTIMED {
            latest
        } else {
            ms - ms / 8 + latest / 8
        })
    };
    let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn attempt(vitals: &Vitals, outcome: Option<Outcome>) {
        let permit = vitals.try_permit(NOW).expect("the breaker is closed");
        vitals.learn(permit, outcome, NOW);
    }

    #[test]
    fn only_the_providers_own_failures_count_against_it() {
        let vitals = Vitals::new(BreakerConfig::default());
        for _ in 0..20 {
            attempt(&vitals, Some(Outcome::Failed(Fault::Consumer)));
            attempt(&vitals, Some(Outcome::Failed(Fault::Hub)));
            attempt(&vitals, None);
        }
        assert_eq!(
            (vitals.success_permille(), vitals.is_open(NOW)),
            (1_000, false)
        );
        for _ in 0..5 {
            attempt(&vitals, Some(Outcome::Failed(Fault::Provider)));
        }
        assert!(
            vitals.is_open(NOW),
            "five failures in a row open the breaker"
        );
        assert!(vitals.success_permille() < 750);
        assert!(
            !vitals.is_open(NOW.after(Duration::from_secs(6))),
            "then a probe may pass"
        );
    }

    #[test]
    fn averages_follow_what_happens() {
        let vitals = Vitals::new(BreakerConfig::default());
        assert_eq!(vitals.first_token_ms(), None);
        let served = |ms| {
            Some(Outcome::Served {
                first_token: Some(Duration::from_millis(ms)),
            })
        };
        attempt(&vitals, served(80));
        assert_eq!(vitals.first_token_ms(), Some(80));
        for _ in 0..50 {
            attempt(&vitals, served(800));
        }
        let settled = vitals.first_token_ms().expect("timed");
        assert!((700..=800).contains(&settled), "{settled}");
        for _ in 0..100 {
            vitals.count(false);
        }
        assert_eq!(vitals.success_permille(), 0);
        for _ in 0..200 {
            vitals.count(true);
        }
        assert_eq!(vitals.success_permille(), 1_000);
    }
}
