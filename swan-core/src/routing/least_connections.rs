use super::{Candidate, RoutingStrategy};
use crate::Rng;

/// Takes the usable candidate with the fewest requests in flight, and one of them at random when several have as few.
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
    fn choose(&self, candidates: &[Candidate], rng: &mut dyn Rng) -> Option<usize> {
        let usable = || candidates.iter().enumerate().filter(|(_, c)| c.is_usable());
        let least = usable().map(|(_, candidate)| candidate.in_flight).min()?;
        let idle = || usable().filter(|(_, candidate)| candidate.in_flight == least);
        let count: u64 = idle().map(|_| 1).sum();
        let drawn = usize::try_from(rng.below(count)).ok()?;
        idle().nth(drawn).map(|(position, _)| position)
    }
}
