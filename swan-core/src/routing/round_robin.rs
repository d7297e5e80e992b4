use std::sync::atomic::{AtomicU64, Ordering};

use super::{Candidate, RoutingStrategy, nth_usable, usable};
use crate::Rng;

/// Takes the usable candidates in turn, whatever their load.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turn: AtomicU64,
}

impl RoundRobin {
    /// A strategy that starts with the first candidate.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            turn: AtomicU64::new(0),
        }
    }
}

impl RoutingStrategy for RoundRobin {
    fn choose(&self, candidates: &[Candidate], _rng: &mut dyn Rng) -> Option<usize> {
        let count = usable(candidates);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        nth_usable(candidates, turn.checked_rem(count)?).map(|(position, _)| position)
    }
}
