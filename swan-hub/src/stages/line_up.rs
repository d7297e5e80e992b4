//! Who can be asked for one request, stage by stage.

use std::time::Duration;

use swan_core::routing::{Candidates, RouteRequest, RoutingStrategy, Stage};
use swan_core::{Candidate, ModelPrice, Timestamp};

use crate::external::{Tier, TierNow};
use crate::hub::Shared;
use crate::providers::{Nodes, Slot};

/// Nobody, in the place of the providers.
const NOBODY: &[Candidate] = &[];

/// Who is asked for one choice, stage by stage: endpoints that come first, providers, the other endpoints.
pub(super) struct LineUp<'a> {
    hub: &'a Shared,
    nodes: Option<&'a Nodes>,
    tiers: &'a [Tier],
    now: Vec<TierNow<'a>>,
    /// How many tiers come before the providers.
    first: usize,
}

impl<'a> LineUp<'a> {
    pub(super) fn new(
        hub: &'a Shared,
        tiers: Option<&'a [Tier]>,
        nodes: Option<&'a Nodes>,
        wants: &RouteRequest<'a>,
        price: Option<ModelPrice>,
    ) -> Self {
        let tiers = tiers.unwrap_or_default();
        // Without endpoints this asks no clock and takes no memory.
        let mut now = Vec::new();
        if !tiers.is_empty() {
            let time = hub.clock.now();
            now.extend(tiers.iter().map(|tier| tier.at(time, wants, price)));
        }
        Self {
            hub,
            nodes,
            tiers,
            now,
            first: tiers.iter().filter(|tier| tier.is_first()).count(),
        }
    }

    pub(super) fn stages<'s>(&'s self, strategy: &'s dyn RoutingStrategy) -> Vec<Stage<'s>> {
        let mut stages: Vec<Stage<'s>> = Vec::with_capacity(self.tiers.len() + 1);
        for (tier, candidates) in self.tiers.iter().zip(&self.now) {
            stages.push(Stage {
                strategy: tier.strategy(strategy),
                candidates,
            });
        }
        let candidates: &dyn Candidates = match self.nodes {
            Some(nodes) => nodes,
            None => &NOBODY,
        };
        stages.insert(
            self.first,
            Stage {
                strategy,
                candidates,
            },
        );
        stages
    }

    /// Takes a place at whoever was chosen.
    pub(super) fn take(
        &self,
        stage: usize,
        position: usize,
        request: &RouteRequest<'_>,
    ) -> Option<Slot> {
        let queue = self.hub.registry.queue();
        if stage == self.first {
            return self.nodes?.take(position, request, queue);
        }
        let tier = stage - usize::from(stage > self.first);
        self.now
            .get(tier)?
            .take(position, &self.hub.clock, Some(queue))
    }

    /// In how long the first of those takes requests again who could serve `request` and have asked to be left alone; `None`
    /// where anybody else could, who is only full or failing.
    pub(super) fn rests(&self, request: &RouteRequest<'_>) -> Option<Duration> {
        let time = self.hub.clock.now();
        let tiers = self.now.iter().map(|tier| tier as &dyn Rested);
        let nodes = self.nodes.map(|nodes| nodes as &dyn Rested);
        let mut shortest = None;
        for candidates in nodes.into_iter().chain(tiers) {
            for position in 0..candidates.len() {
                let Some(candidate) = candidates.candidate(position) else {
                    continue;
                };
                let idle = Candidate {
                    in_flight: 0,
                    limited: false,
                    ..candidate
                };
                let offer = candidates.offer(position);
                if idle.is_usable() && request.ineligible(&candidate, &offer).is_none() {
                    let rest = candidates.rests(position, time)?;
                    shortest = Some(shortest.map_or(rest, |before: Duration| before.min(rest)));
                }
            }
        }
        shortest
    }
}

/// Candidates that may have asked to be left alone for a while.
trait Rested: Candidates {
    /// How long the one at `position` still wants to be.
    fn rests(&self, position: usize, now: Timestamp) -> Option<Duration>;
}

impl Rested for Nodes {
    fn rests(&self, position: usize, now: Timestamp) -> Option<Duration> {
        self.link(position)?.rests(now)
    }
}

impl Rested for TierNow<'_> {
    fn rests(&self, position: usize, now: Timestamp) -> Option<Duration> {
        self.link(position)?.rests(now)
    }
}
