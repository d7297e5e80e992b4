//! Which provider gets a request.

mod least_connections;
mod round_robin;
#[cfg(test)]
mod tests;
mod two_choices;

pub use least_connections::LeastConnections;
pub use round_robin::RoundRobin;
pub use two_choices::TwoChoices;

use std::fmt;

use crate::{ProviderId, Rng};

/// One provider of a model, as a routing strategy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the hub and tests of strategies build it"
)]
pub struct Candidate {
    /// Who it is.
    pub provider: ProviderId,
    /// Requests of this model that it works on now.
    pub in_flight: u32,
    /// Requests of this model that it takes at once.
    pub capacity: u32,
    /// Its moving average of the time to the first content, in milliseconds; `None` until there is one.
    pub ewma_ttft_ms: Option<u64>,
    /// Requests out of a thousand that went well lately.
    pub success_permille: u16,
    /// Whether it finishes what it has and takes nothing new.
    pub draining: bool,
    /// Whether its breaker lets nothing through.
    pub breaker_open: bool,
}

impl Candidate {
    /// Whether it may get a request now: neither full nor draining, and its breaker lets requests through.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.in_flight < self.capacity && !self.draining && !self.breaker_open
    }
}

/// The rule that picks a provider. It is asked for every attempt, so it takes no lock and allocates nothing.
pub trait RoutingStrategy: fmt::Debug + Send + Sync {
    /// The position of the chosen candidate; `None` when none is [usable](Candidate::is_usable).
    fn choose(&self, candidates: &[Candidate], rng: &mut dyn Rng) -> Option<usize>;
}

const _: fn(&dyn RoutingStrategy) = |_| {};

/// How many candidates are usable.
fn usable(candidates: &[Candidate]) -> u64 {
    candidates
        .iter()
        .filter(|candidate| candidate.is_usable())
        .map(|_| 1)
        .sum()
}

/// The usable candidate that `number` others stand before, and its position.
fn nth_usable(candidates: &[Candidate], number: u64) -> Option<(usize, &Candidate)> {
    let number = usize::try_from(number).ok()?;
    candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.is_usable())
        .nth(number)
}
