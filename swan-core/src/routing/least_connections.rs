use super::{Pool, RoutingStrategy};
use crate::Rng;

/// Takes the usable candidate with the fewest requests in flight, and one of them at random when several have as few
/// (Seed 001, "Health Monitoring").
///
/// Of more than 64 candidates it draws 64 and takes the least busy of these, so that its cost does not grow with the market.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LeastConnections;

impl LeastConnections {
    /// The strategy.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl RoutingStrategy for LeastConnections {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        pool.best_drawn(rng, &|a, b| a.in_flight.cmp(&b.in_flight))
            .map(|(position, _)| position)
    }

    fn name(&self) -> &'static str {
        "least-connections"
    }
}
