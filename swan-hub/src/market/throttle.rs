//! How often somebody may try.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::Timestamp;

/// Callers that are remembered at once. When more come, those whose window has ended are forgotten, then the oldest.
const REMEMBERED: usize = 16_384;

/// Counts attempts of each caller in windows of fixed length.
#[derive(Debug)]
pub(super) struct Throttle<K> {
    window: Duration,
    callers: Mutex<HashMap<K, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Timestamp,
    attempts: u32,
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    /// Counts within windows of this length.
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            callers: Mutex::default(),
        }
    }

    /// Counts an attempt, of which `most` may be made in each window; the error is the number of seconds until the next may be.
    pub(super) fn attempt(&self, caller: &K, most: u32, now: Timestamp) -> Result<(), u64> {
        self.check(caller, most, now)?;
        self.count(caller, now);
        Ok(())
    }

    /// Whether another attempt may be made.
    pub(super) fn check(&self, caller: &K, most: u32, now: Timestamp) -> Result<(), u64> {
        let callers = self.callers.lock();
        match callers.get(caller) {
            Some(window) if now.since(window.since) < self.window && window.attempts >= most => {
                let left = self.window.saturating_sub(now.since(window.since));
                Err(left.as_secs().saturating_add(1))
            }
            _ => Ok(()),
        }
    }

    /// Counts an attempt.
    pub(super) fn count(&self, caller: &K, now: Timestamp) {
        let mut callers = self.callers.lock();
        if callers.len() >= REMEMBERED && !callers.contains_key(caller) {
            callers.retain(|_, window| now.since(window.since) < self.window);
            if callers.len() >= REMEMBERED {
                let oldest = callers.iter().min_by_key(|(_, window)| window.since);
                if let Some(oldest) = oldest.map(|(caller, _)| caller.clone()) {
                    callers.remove(&oldest);
                }
            }
        }
        let fresh = Window {
            since: now,
            attempts: 0,
        };
        let window = callers.entry(caller.clone()).or_insert(fresh);
        if now.since(window.since) >= self.window {
            *window = fresh;
        }
        window.attempts = window.attempts.saturating_add(1);
    }
}

/// The network of an address: one subscriber has a whole /64 of IPv6.
pub(super) fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            Some(IpAddr::V6(prefix.into()))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn attempts_are_counted_by_caller_and_window() {
        let throttle = Throttle::new(Duration::from_secs(60));
        assert_eq!(throttle.attempt(&"a", 2, at(0)), Ok(()));
        assert_eq!(throttle.attempt(&"a", 2, at(59)), Ok(()));
        assert_eq!(throttle.attempt(&"a", 2, at(59)), Err(2));
        assert_eq!(throttle.attempt(&"b", 2, at(59)), Ok(()));
        assert_eq!(throttle.attempt(&"a", 2, at(60)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let throttle = Throttle::new(Duration::from_secs(60));
        for caller in 0..REMEMBERED + 10 {
            throttle.count(&caller, at(caller as u64 / 1_000));
        }
        assert!(throttle.callers.lock().len() <= REMEMBERED);
        assert!(throttle.attempt(&(REMEMBERED + 9), 1, at(20)).is_err());
    }

    #[test]
    fn neighbours_of_one_network_count_as_one() {
        let network = |text: &str| network(Some(text.parse().unwrap())).unwrap().to_string();
        assert_eq!(network("10.0.0.7"), "10.0.0.7");
        assert_eq!(network("::ffff:10.0.0.7"), "10.0.0.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
