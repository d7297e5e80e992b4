//! How well a provider has been doing with one model, as the hub has seen it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use swan_core::Timestamp;

use super::attempt::Fault;
use super::slot::Outcome;

/// No answer has been timed yet.
const UNTIMED: u64 = u64::MAX;

/// Outlives connections, so that reconnecting does not make a bad provider new.
#[derive(Debug)]
pub(crate) struct Vitals {
    first_token_ms: AtomicU64,
    success_permille: AtomicU32,
}

impl Default for Vitals {
    fn default() -> Self {
        Self {
            first_token_ms: AtomicU64::new(UNTIMED),
            success_permille: AtomicU32::new(1_000),
        }
    }
}

impl Vitals {
    /// Asks the breaker; `Some(true)` when it wants to hear about this very request.
    pub(crate) fn try_permit(&self, _now: Timestamp) -> Option<bool> {
        Some(false)
    }

    /// Gives an unused permit back.
    pub(crate) fn give_back(&self, _now: Timestamp) {}

    /// Learns from an attempt; `true` when it was a verdict.
    pub(crate) fn record(&self, outcome: Outcome, _now: Timestamp) -> bool {
        let served = match outcome {
            Outcome::Served { first_token } => {
                if let Some(first_token) = first_token {
                    let ms = u64::try_from(first_token.as_millis()).unwrap_or(UNTIMED - 1);
                    self.time(ms.min(UNTIMED - 1));
                }
                true
            }
            Outcome::Failed(Fault::Provider) => false,
            Outcome::Failed(Fault::Consumer | Fault::Hub) => return false,
        };
        let step = |now: u32| {
            if served {
                now + (1_000 - now).div_ceil(16)
            } else {
                now - now / 16
            }
        };
        let _ = self
            .success_permille
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                Some(step(now.min(1_000)))
            });
        true
    }

    /// The average time to the first content, weighted towards the latest eight.
    pub(crate) fn first_token_ms(&self) -> Option<u64> {
        let ms = self.first_token_ms.load(Ordering::Relaxed);
        (ms != UNTIMED).then_some(ms)
    }

    /// The share of attempts that were served, weighted towards the latest sixteen.
    pub(crate) fn success_permille(&self) -> u32 {
        self.success_permille.load(Ordering::Relaxed)
    }

    fn time(&self, ms: u64) {
        let _ = self
            .first_token_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                Some(if now == UNTIMED {
                    ms
                } else {
                    now - now / 8 + ms / 8
                })
            });
    }
}
