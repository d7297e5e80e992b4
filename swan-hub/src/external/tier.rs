//! The endpoints of one model that are asked together, as routing reads them.

use std::sync::Arc;

use swan_core::protocol::Operation;
use swan_core::routing::{Candidates, Offer, Pool, RouteRequest, RoutingStrategy};
use swan_core::{Candidate, Clock, ModelPrice, Rng, Timestamp};

use crate::admission::Queue;
use crate::providers::{Link, Slot, Way};

/// Endpoints of one model and tier.
#[derive(Debug)]
pub(crate) struct Tier {
    /// Whether they come before the providers.
    pub(super) is_first: bool,
    pub(super) links: Box<[Arc<Link>]>,
    /// What a model of this kind is asked for.
    pub(super) operations: &'static [Operation],
    /// Where their weights differ.
    pub(super) by_weight: Option<ByWeight>,
}

impl Tier {
    /// Whether they come before the providers.
    pub(crate) const fn is_first(&self) -> bool {
        self.is_first
    }

    /// Who chooses among them: their weights, or `otherwise` where these are equal.
    pub(crate) fn strategy<'a>(
        &'a self,
        otherwise: &'a dyn RoutingStrategy,
    ) -> &'a dyn RoutingStrategy {
        match &self.by_weight {
            Some(by_weight) => by_weight,
            None => otherwise,
        }
    }

    /// As they are for a request of so many tokens, at `price` unless they have one of their own.
    pub(crate) fn at<'a>(
        &'a self,
        now: Timestamp,
        request: &RouteRequest<'a>,
        price: Option<ModelPrice>,
    ) -> TierNow<'a> {
        TierNow {
            tier: self,
            operation: request.operation,
            now,
            tokens: request.prompt_tokens.saturating_add(request.answer_tokens),
            price,
        }
    }
}

/// A tier at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TierNow<'a> {
    tier: &'a Tier,
    operation: Option<&'a Operation>,
    now: Timestamp,
    tokens: u64,
    price: Option<ModelPrice>,
}

impl TierNow<'_> {
    /// The endpoint at `position`.
    pub(crate) fn link(&self, position: usize) -> Option<&Link> {
        Some(self.tier.links.get(position)?)
    }

    /// Takes a place at the endpoint at `position`, and counts the request against its account's minute.
    pub(crate) fn take(
        &self,
        position: usize,
        clock: &Arc<dyn Clock>,
        queue: Option<&Arc<Queue>>,
    ) -> Option<Slot> {
        let link = self.tier.links.get(position)?;
        let slot = Slot::take(link, clock, queue)?;
        match &link.way {
            Way::Endpoint(upstream) if !upstream.try_count(self.tokens) => {
                slot.return_unused(queue);
                None
            }
            _ => Some(slot),
        }
    }
}

impl Candidates for TierNow<'_> {
    fn len(&self) -> usize {
        self.tier.links.len()
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        let link = self.tier.links.get(position)?;
        let limited = match &link.way {
            Way::Endpoint(upstream) => upstream.is_limited(self.tokens, self.now),
            Way::Line(_) => false,
        };
        let candidate = link.candidate(self.now);
        Some(Candidate {
            limited: limited || candidate.limited,
            // A server that is rented is loaded: it needs neither warming up nor probes.
            cold: false,
            warmth_permille: 1_000,
            ..candidate
        })
    }

    fn offer(&self, position: usize) -> Offer<'_> {
        let Some(link) = self.tier.links.get(position) else {
            return Offer::UNDECLARED;
        };
        let refused = match (&link.way, self.operation) {
            (Way::Endpoint(upstream), Some(operation)) => upstream.refuses(operation, self.now),
            _ => false,
        };
        Offer {
            operations: Some(if refused { &[] } else { self.tier.operations }),
            ..link.offer(self.price)
        }
    }
}

/// Gives each endpoint its share of the requests, by position.
#[derive(Debug)]
pub(super) struct ByWeight(Box<[u32]>);

impl ByWeight {
    /// By these weights; `None` where they are all the same.
    pub(super) fn new(weights: &[u32]) -> Option<Self> {
        let first = weights.first()?;
        let differ = weights.iter().any(|weight| weight != first);
        differ.then(|| Self(weights.into()))
    }
}

impl RoutingStrategy for ByWeight {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        let weight = |position: usize| u64::from(self.0.get(position).copied().unwrap_or(1));
        let mut total = 0;
        let mut chosen = None;
        // A reservoir: each is kept with its weight's share of those seen so far.
        for (position, _) in pool.usable() {
            total += weight(position);
            if rng.below(total) < weight(position) {
                chosen = Some(position);
            }
        }
        chosen
    }

    fn name(&self) -> &'static str {
        "weight"
    }
}
