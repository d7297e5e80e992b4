//! When to dial again: a pure schedule.

use std::time::Duration;
use swan_core::Rng;

/// Full jitter under a ceiling that doubles: a hub that restarts is not met by all its providers in the same second.
///
/// The public agent dials at once, without jitter, and forgets its failures with each successful dial, so a hub that
/// accepts and then closes puts it into a tight loop (public-swan.md 1.6). Here only a session that lasted counts.
#[derive(Clone, Debug)]
pub(crate) struct Reconnect {
    base: Duration,
    cap: Duration,
    stable_after: Duration,
    failures: u32,
}

impl Reconnect {
    pub(crate) const BASE: Duration = Duration::from_secs(1);
    pub(crate) const CAP: Duration = Duration::from_secs(30);
    pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(30);

    pub(crate) const fn new(base: Duration, cap: Duration, stable_after: Duration) -> Self {
        Self {
            base,
            cap,
            stable_after,
            failures: 0,
        }
    }

    /// Notes a session that was registered for `lasted`; one shorter than the stable period changes nothing.
    pub(crate) fn on_session(&mut self, lasted: Duration) {
        if lasted >= self.stable_after {
            self.failures = 0;
        }
    }

    /// How long to wait before the next dial: anything from nothing to the ceiling, each equally likely.
    pub(crate) fn next_delay(&mut self, rng: &mut dyn Rng) -> Duration {
        let ceiling = self.ceiling();
        self.failures = self.failures.saturating_add(1);
        let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(rng.below(millis + 1))
    }

    fn ceiling(&self) -> Duration {
        let doubled = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::new(Self::BASE, Self::CAP, Self::STABLE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swan_core::SeededRng;

    /// Always the largest number: shows the ceiling.
    #[derive(Debug)]
    struct Highest;

    impl Rng for Highest {
        fn next_u64(&mut self) -> u64 {
            u64::MAX
        }

        fn below(&mut self, bound: u64) -> u64 {
            bound.saturating_sub(1)
        }
    }

    fn ceilings(reconnect: &mut Reconnect, n: usize) -> Vec<u64> {
        (0..n)
            .map(|_| reconnect.next_delay(&mut Highest).as_secs())
            .collect()
    }

    #[test]
    fn the_ceiling_doubles_from_1_to_30_seconds() {
        assert_eq!(
            ceilings(&mut Reconnect::default(), 8),
            [1, 2, 4, 8, 16, 30, 30, 30]
        );
    }

    #[test]
    fn only_a_stable_session_resets_it() {
        let mut reconnect = Reconnect::default();
        assert_eq!(ceilings(&mut reconnect, 3), [1, 2, 4]);
        reconnect.on_session(Duration::from_millis(29_999));
        assert_eq!(ceilings(&mut reconnect, 1), [8]);
        reconnect.on_session(Duration::from_secs(30));
        assert_eq!(ceilings(&mut reconnect, 2), [1, 2]);
    }

    #[test]
    fn delays_spread_over_the_whole_range() {
        let mut rng = SeededRng::new(7);
        let mut quarters = [0; 4];
        for _ in 0..1_000 {
            let delay = Reconnect::default().next_delay(&mut rng).as_millis();
            quarters[usize::try_from(delay.min(999) / 250).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|n| *n > 150), "{quarters:?}");
    }

    #[test]
    fn failures_without_end_do_not_overflow() {
        let mut reconnect = Reconnect {
            failures: u32::MAX,
            ..Reconnect::default()
        };
        assert_eq!(reconnect.next_delay(&mut Highest), Reconnect::CAP);
    }
}
