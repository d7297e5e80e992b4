use std::time::Duration;

use crate::Timestamp;

/// When a breaker opens and how it tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain settings with a default")]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures_to_open: u32,
    /// How long it stays open the first time; each time in a row twice as long.
    pub open: Duration,
    /// How long it stays open at most.
    pub open_max: Duration,
    /// Requests that it lets through at once to try whether the provider is well again.
    pub probes_at_once: u32,
    /// Successes of such requests that close it.
    pub successes_to_close: u32,
}

impl Default for BreakerConfig {
    /// Opens after 5 failures in a row, for 5 seconds at first and 2 minutes at most; closes after 2 good probes, one at a time.
    fn default() -> Self {
        Self {
            failures_to_open: 5,
            open: Duration::from_secs(5),
            open_max: Duration::from_secs(120),
            probes_at_once: 1,
            successes_to_close: 2,
        }
    }
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a breaker has these three states")]
pub enum BreakerState {
    /// Every request passes.
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// No request passes.
    Open {
        /// When probes begin.
        until: Timestamp,
    },
    /// A few requests pass as probes.
    HalfOpen {
        /// Probes that are under way.
        probing: u32,
        /// Probes that went well.
        successes: u32,
    },
}

/// Leave to send one request past a breaker; give it back with the outcome, whatever that is.
///
/// It remembers the state in which it was given, so that the outcome of a request from before the breaker opened does not
/// decide about the probes after.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is never given back blocks a half-open breaker"]
pub struct Permit {
    generation: u64,
}

/// Keeps requests away from a provider that fails, and lets a few through again after a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    config: BreakerConfig,
    state: BreakerState,
    /// How often it opened since it was last closed, which sets how long it stays open.
    openings: u32,
    /// Counts the changes of state.
    generation: u64,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: BreakerState::Closed { failures: 0 },
            openings: 0,
            generation: 0,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether [`try_permit`](Self::try_permit) would give one now.
    #[must_use]
    pub fn would_permit(&self, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Closed { .. } => true,
            BreakerState::Open { until } => now >= until,
            BreakerState::HalfOpen { probing, .. } => probing < self.probes_at_once(),
        }
    }

    /// Leave for one request, unless the breaker is open or enough probes are under way.
    pub fn try_permit(&mut self, now: Timestamp) -> Option<Permit> {
        match self.state {
            BreakerState::Closed { .. } => {}
            BreakerState::Open { until } if now < until => return None,
            BreakerState::Open { .. } => {
                self.enter(BreakerState::HalfOpen {
                    probing: 1,
                    successes: 0,
                });
            }
            BreakerState::HalfOpen { probing, .. } if probing >= self.probes_at_once() => {
                return None;
            }
            BreakerState::HalfOpen { probing, successes } => {
                self.state = BreakerState::HalfOpen {
                    probing: probing + 1,
                    successes,
                };
            }
        }
        Some(Permit {
            generation: self.generation,
        })
    }

    /// The request went well.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is given back once")]
    pub fn on_success(&mut self, permit: Permit) {
        if permit.generation != self.generation {
            return;
        }
        match self.state {
            BreakerState::Closed { .. } => self.state = BreakerState::Closed { failures: 0 },
            BreakerState::Open { .. } => {}
            BreakerState::HalfOpen { probing, successes } => {
                let successes = successes.saturating_add(1);
                if successes >= self.config.successes_to_close {
                    self.openings = 0;
                    self.enter(BreakerState::Closed { failures: 0 });
                } else {
                    let probing = probing.saturating_sub(1);
                    self.state = BreakerState::HalfOpen { probing, successes };
                }
            }
        }
    }

    /// The request failed, and the provider is to blame.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is given back once")]
    pub fn on_failure(&mut self, permit: Permit, now: Timestamp) {
        if permit.generation != self.generation {
            return;
        }
        match self.state {
            BreakerState::Closed { failures } => {
                let failures = failures.saturating_add(1);
                if failures >= self.config.failures_to_open {
                    self.open(now);
                } else {
                    self.state = BreakerState::Closed { failures };
                }
            }
            BreakerState::Open { .. } => {}
            BreakerState::HalfOpen { .. } => self.open(now),
        }
    }

    /// The request says nothing about the provider: the consumer hung up, or was to blame.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is given back once")]
    pub fn on_neutral(&mut self, permit: Permit) {
        if permit.generation != self.generation {
            return;
        }
        match self.state {
            BreakerState::Closed { .. } | BreakerState::Open { .. } => {}
            BreakerState::HalfOpen { probing, successes } => {
                let probing = probing.saturating_sub(1);
                self.state = BreakerState::HalfOpen { probing, successes };
            }
        }
    }

    /// A breaker that lets no probe through could never close again.
    fn probes_at_once(&self) -> u32 {
        self.config.probes_at_once.max(1)
    }

    fn open(&mut self, now: Timestamp) {
        let doubled = 2_u32.saturating_pow(self.openings);
        let open = self
            .config
            .open
            .saturating_mul(doubled)
            .min(self.config.open_max);
        self.openings = self.openings.saturating_add(1);
        self.enter(BreakerState::Open {
            until: now.after(open),
        });
    }

    const fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerConfig::default())
    }
}
