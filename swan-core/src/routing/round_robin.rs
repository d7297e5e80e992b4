use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Pool, RoutingStrategy};
use crate::Rng;

/// Takes the usable candidates in turn, whatever their load (Seed 001, "Health Monitoring").
///
/// The turn goes on behind whoever was chosen, so that standing behind an unusable one earns nothing extra. One strategy has
/// one turn: over several models it goes round all of them together.
#[derive(Debug, Default)]
pub struct RoundRobin {
    next: AtomicUsize,
}

impl RoundRobin {
    /// A strategy that starts with the first candidate.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next: AtomicUsize::new(0),
        }
    }
}

impl RoutingStrategy for RoundRobin {
    fn choose(&self, pool: &Pool<'_>, _rng: &mut dyn Rng) -> Option<usize> {
        let len = pool.len();
        // Taken at once, so that two requests at the same time get different turns.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let start = turn.checked_rem(len)?;
        let steps = (0..len).find(|step| pool.get((start + step) % len).is_some())?;
        self.next.fetch_add(steps, Ordering::Relaxed);
        Some((start + steps) % len)
    }

    fn name(&self) -> &'static str {
        "round-robin"
    }
}
