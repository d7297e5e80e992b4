use std::cmp::Ordering;

use super::{Candidate, RoutingStrategy, nth_usable, usable};
use crate::Rng;

/// The default strategy: draws two usable candidates at random and takes the better one.
///
/// Two draws keep every provider in use and spread load almost as evenly as looking at all of them, while a hub whose view
/// of a provider is a moment old does not send everybody to the same one. Better means less load for its capacity, weighed by
/// the time to the first content and by how often requests go well; a provider that does badly still gets a little traffic, so
/// that it is seen to recover.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TwoChoices;

impl TwoChoices {
    /// The strategy.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl RoutingStrategy for TwoChoices {
    fn choose(&self, candidates: &[Candidate], rng: &mut dyn Rng) -> Option<usize> {
        let count = usable(candidates);
        if count < 2 {
            return nth_usable(candidates, 0).map(|(position, _)| position);
        }
        let first = rng.below(count);
        // The second draw skips the first, so that the two differ.
        let draw = rng.below(count - 1);
        let second = if draw >= first { draw + 1 } else { draw };
        let (first_position, first) = nth_usable(candidates, first)?;
        let (second_position, second) = nth_usable(candidates, second)?;
        match compare_cost(first, second) {
            Ordering::Less | Ordering::Equal => Some(first_position),
            Ordering::Greater => Some(second_position),
        }
    }
}

/// Which of two has the lower cost: (load + 1) / capacity * time to first content / success.
///
/// The fractions are compared crosswise in integers. Where one has no time yet, times do not count.
fn compare_cost(a: &Candidate, b: &Candidate) -> Ordering {
    let (time_a, time_b) = match (a.ewma_ttft_ms, b.ewma_ttft_ms) {
        (Some(a), Some(b)) => (a, b),
        (None, _) | (_, None) => (1, 1),
    };
    let above = |c: &Candidate, time: u64| {
        (u128::from(c.in_flight) + 1) * u128::from(time.clamp(1, LONGEST_MS))
    };
    let below = |c: &Candidate| {
        u128::from(c.capacity.max(1)) * u128::from(c.success_permille.clamp(LEAST_SUCCESS, 1_000))
    };
    (above(a, time_a) * below(b)).cmp(&(above(b, time_b) * below(a)))
}

/// The longest wait for a first content that still counts: the deadline of a streamed request.
const LONGEST_MS: u64 = 600_000;
/// A provider that never succeeds is not a hundred times worse than one that always does, or it would never be tried again.
const LEAST_SUCCESS: u16 = 20;
