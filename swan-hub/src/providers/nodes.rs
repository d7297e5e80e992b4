//! The nodes of one model, as routing reads them.

use std::sync::{Arc, OnceLock};

use swan_core::routing::{self, Candidates, Ring, RouteRequest};
use swan_core::{Candidate, Clock, Model, Timestamp};

use super::link::Link;
use super::slot::Slot;
use crate::admission::Queue;

/// One model, and who serves it; part of a snapshot.
#[derive(Debug)]
pub(super) struct Served {
    /// What it is.
    pub(super) model: Arc<Model>,
    /// In the order of their providers.
    pub(super) links: Box<[Arc<Link>]>,
    /// Made when a strategy first asks for it: most never do.
    ring: OnceLock<Ring>,
}

impl Served {
    /// `model`, served by these.
    pub(super) fn new(model: Arc<Model>, links: Box<[Arc<Link>]>) -> Self {
        Self {
            model,
            links,
            ring: OnceLock::new(),
        }
    }

    fn offer(&self, position: usize) -> routing::Offer<'_> {
        let link = self.links.get(position);
        link.map_or(routing::Offer::UNDECLARED, |link| {
            link.offer(Some(self.model.price))
        })
    }
}

/// The nodes that serve one model, as a strategy reads them. Counts are read anew at each look, the time is that of the listing.
#[derive(Debug)]
pub(crate) struct Nodes {
    served: Option<Arc<Served>>,
    clock: Arc<dyn Clock>,
    now: Timestamp,
}

impl Candidates for Nodes {
    fn len(&self) -> usize {
        self.served.as_ref().map_or(0, |served| served.links.len())
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        let link = self.served.as_ref()?.links.get(position)?;
        Some(link.candidate(self.now))
    }

    fn offer(&self, position: usize) -> routing::Offer<'_> {
        match &self.served {
            Some(served) => served.offer(position),
            None => routing::Offer::UNDECLARED,
        }
    }

    fn ring(&self) -> Option<&Ring> {
        let served = self.served.as_ref()?;
        let providers = || served.links.iter().map(|link| link.provider);
        Some(served.ring.get_or_init(|| Ring::new(providers())))
    }
}

impl Nodes {
    pub(super) fn new(served: Option<Arc<Served>>, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self { served, clock, now }
    }

    /// The node at `position`.
    pub(crate) fn link(&self, position: usize) -> Option<&Link> {
        Some(self.served.as_ref()?.links.get(position)?)
    }

    /// Takes a place at the node at `position`, or at another of the same provider that may serve `request`; `None` when all are
    /// full, gone, or held off by their breakers.
    pub(crate) fn take(
        &self,
        position: usize,
        request: &RouteRequest<'_>,
        queue: &Arc<Queue>,
    ) -> Option<Slot> {
        let links = &self.served.as_ref()?.links;
        let chosen = links.get(position)?;
        Slot::take(chosen, &self.clock, Some(queue)).or_else(|| {
            let from = links.partition_point(|link| link.provider < chosen.provider);
            let after = links.iter().zip(0..).skip(from);
            let own = after.take_while(|(link, _)| link.provider == chosen.provider);
            let may = |link: &Link, at| {
                let candidate = link.candidate(self.now);
                request.ineligible(&candidate, &self.offer(at)).is_none()
            };
            own.filter(|(link, at)| may(link, *at))
                .find_map(|(link, _)| Slot::take(link, &self.clock, Some(queue)))
        })
    }
}
