use std::fmt;

use super::Offer;
use super::affinity::Ring;
use crate::ProviderId;
use crate::standing::RoutingClass;

/// One provider of a model, as a routing strategy sees it at this moment.
///
/// ```
/// use swan_core::{Candidate, ProviderId};
///
/// let busy = Candidate { in_flight: 4, ..Candidate::new(ProviderId::from_u128(1), 4) };
/// assert!(!busy.is_usable());
/// ```
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
    /// Its average of the time to the first content, in milliseconds ([`PeakEwma`](crate::health::PeakEwma)); `None` until
    /// there is one.
    pub ewma_ttft_ms: Option<u64>,
    /// Requests out of a thousand that went well lately.
    pub success_permille: u16,
    /// The part of its capacity that counts while it warms up, out of a thousand ([`Warmth`](crate::health::Warmth)).
    pub warmth_permille: u16,
    /// Whether its model is probably not loaded, so that it is worth a probe now and then.
    pub cold: bool,
    /// What its standing says.
    pub class: RoutingClass,
    /// Whether it finishes what it has and takes nothing new.
    pub draining: bool,
    /// Whether its breaker lets nothing through.
    pub breaker_open: bool,
    /// Whether it has been asked for as much as it may be for now: its account's limit, or a rest that it asked for.
    pub limited: bool,
    /// Whether it fails much more often than the others of its model ([`OutlierDetector`](crate::health::OutlierDetector)).
    pub ejected: bool,
}

impl Candidate {
    /// An idle, warm provider that takes `capacity` requests at once and has never failed.
    #[must_use]
    pub const fn new(provider: ProviderId, capacity: u32) -> Self {
        Self {
            provider,
            in_flight: 0,
            capacity,
            ewma_ttft_ms: None,
            success_permille: 1_000,
            warmth_permille: 1_000,
            cold: false,
            class: RoutingClass::Normal,
            draining: false,
            breaker_open: false,
            limited: false,
            ejected: false,
        }
    }

    /// Whether it may get a request now: in standing, neither full nor draining, and held off neither by its breaker nor by a
    /// limit nor as an outlier.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.in_flight < self.capacity
            && !self.draining
            && !self.breaker_open
            && !self.limited
            && !self.ejected
            && !matches!(self.class, RoutingClass::None(_))
    }

    /// Whether a share of the traffic goes to it only to see how it does.
    #[must_use]
    pub const fn is_probed(&self) -> bool {
        self.cold || matches!(self.class, RoutingClass::Deprioritised)
    }
}

/// What is under way and what can be, over all candidates of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two sums that shells report")]
pub struct Load {
    /// Requests under way.
    pub in_flight: u64,
    /// Requests that can be under way at once.
    pub capacity: u64,
}

/// The candidates of one model, read in place, so that choosing among 100,000 copies none of them.
///
/// # Contract
///
/// While one decision is made, `len` does not change and a position means the same provider; what a candidate says of itself
/// may change under the reader's hands.
pub trait Candidates: fmt::Debug {
    /// How many there are, usable or not.
    fn len(&self) -> usize;

    /// The candidate at `position`, as it is now; `None` from [`len`](Self::len) on.
    fn candidate(&self, position: usize) -> Option<Candidate>;

    /// What the candidate at `position` declares of itself; nothing by default.
    fn offer(&self, position: usize) -> Offer<'_> {
        let _ = position;
        Offer::UNDECLARED
    }

    /// The sums over all candidates, where the shell keeps them; otherwise they are computed, beyond 64 candidates estimated.
    fn load(&self) -> Option<Load> {
        None
    }

    /// A hash ring over the positions, where the shell keeps one; otherwise affinity looks at every candidate.
    fn ring(&self) -> Option<&Ring> {
        None
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

const _: fn(&dyn Candidates) = |_| {};

impl Candidates for &[Candidate] {
    fn len(&self) -> usize {
        <[Candidate]>::len(self)
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.get(position).copied()
    }
}

impl Candidates for Vec<Candidate> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.get(position).copied()
    }
}

impl<const N: usize> Candidates for [Candidate; N] {
    fn len(&self) -> usize {
        N
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.get(position).copied()
    }
}
