//! Who gets a request: always somebody who may, evenly, and for a reason that can be read.

mod affinity;
mod always;
mod eligibility;
mod simulation;
mod stages;

use swan_core::ProviderId;
use swan_core::routing::{Candidate, Candidates, Offer};

/// An idle provider with an average time to its first content.
fn idle(number: u128, capacity: u32) -> Candidate {
    Candidate {
        ewma_ttft_ms: Some(200),
        ..Candidate::new(ProviderId::from_u128(number), capacity)
    }
}

/// `count` idle providers.
fn many(count: u128, capacity: u32) -> Vec<Candidate> {
    (0..count).map(|number| idle(number, capacity)).collect()
}

/// Candidates with what they declare.
#[derive(Debug)]
struct Market<'a>(Vec<(Candidate, Offer<'a>)>);

impl Candidates for Market<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.0.get(position).map(|(candidate, _)| *candidate)
    }

    fn offer(&self, position: usize) -> Offer<'_> {
        self.0
            .get(position)
            .map_or(Offer::UNDECLARED, |(_, offer)| *offer)
    }
}
