//! Who is here, and which models they serve.
//!
//! Requests read a snapshot without any lock; connections that come, change and go replace it one after the
//! other. What changes with each request (the counts, the breaker, the averages) lives in the links themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use swan_core::health::HealthRules;
use swan_core::protocol::Health;
use swan_core::{Clock, Model, ModelId, Policy, ProviderId};

use super::declared::Declared;
use super::line::{Closing, Command, Line};
use super::link::{Link, Way};
use super::nodes::{Nodes, Served};
use super::outliers::Outliers;
use super::roll::{Arrival, Roll};
use crate::admission::Queue;
use crate::quick_map::QuickMap;

/// One model that a node offers.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The canonical model.
    pub(crate) model: Arc<Model>,
    /// The provider's own name for it.
    pub(crate) upstream: Arc<str>,
    /// Requests at once.
    pub(crate) capacity: u32,
    /// What else the provider says of it.
    pub(crate) declared: Declared,
}

/// A model that somebody serves now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnlineModel {
    /// What it is.
    pub(crate) model: Arc<Model>,
    /// Nodes that serve it.
    pub(crate) providers: usize,
    /// Requests that they take at once, together.
    pub(crate) capacity: u64,
    /// Requests under way.
    pub(crate) in_flight: u64,
    /// The longest window that one of them has declared.
    pub(crate) context_tokens: Option<u64>,
    /// The request parameters that one of them has declared, by name.
    pub(crate) parameters: Vec<&'static str>,
}

/// The presence of providers. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    presence: ArcSwap<Presence>,
    roll: Mutex<Roll>,
    outliers: Outliers,
    clock: Arc<dyn Clock>,
    draining: AtomicBool,
    /// Who waits for places, and hears of new ones.
    queue: Arc<Queue>,
}

/// What is served now.
type Presence = QuickMap<ModelId, Arc<Served>>;

impl Registry {
    /// An empty registry, which judges providers by `rules`.
    pub(crate) fn new(clock: Arc<dyn Clock>, rules: Arc<HealthRules>) -> Self {
        let shared = Shared {
            presence: ArcSwap::default(),
            roll: Mutex::new(Roll::new(Arc::clone(&rules))),
            outliers: Outliers::new(rules),
            clock,
            draining: AtomicBool::new(false),
            queue: Arc::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The requests that wait for a place.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.shared.queue
    }

    /// The models that somebody serves now, by name.
    pub(crate) fn models(&self) -> Vec<OnlineModel> {
        let presence = self.shared.presence.load();
        let mut models: Vec<_> = presence
            .values()
            .map(|served| (&served.model, &served.links))
            .map(|(model, links)| OnlineModel {
                model: Arc::clone(model),
                providers: links.len(),
                capacity: links.iter().map(|link| u64::from(link.capacity())).sum(),
                in_flight: links.iter().map(|link| u64::from(link.in_flight())).sum(),
                context_tokens: links
                    .iter()
                    .filter_map(|link| link.declared.context_tokens)
                    .max(),
                parameters: parameters(links),
            })
            .collect();
        models.sort_unstable_by(|a, b| a.model.id.cmp(&b.model.id));
        models
    }

    /// Every model that somebody serves now, with those who do, in the order of their ids.
    pub(crate) fn offers(&self) -> Vec<(Arc<Model>, Vec<Arc<Link>>)> {
        let presence = self.shared.presence.load();
        let served = presence.values();
        served
            .map(|served| (Arc::clone(&served.model), served.links.to_vec()))
            .collect()
    }

    /// Whether any node of `provider` is connected.
    pub(crate) fn is_online(&self, provider: ProviderId) -> bool {
        self.shared.roll.lock().nodes(provider) > 0
    }

    /// Every node that serves `model`, usable or not, to be read in place.
    pub(crate) fn candidates(&self, model: &ModelId) -> Nodes {
        let presence = self.shared.presence.load();
        Nodes::new(presence.get(model).cloned(), Arc::clone(&self.shared.clock))
    }

    /// What is known of a model that somebody serves: for one outside the catalogue, the price of its class.
    pub(crate) fn model(&self, model: &ModelId) -> Option<Arc<Model>> {
        self.shared
            .presence
            .load()
            .get(model)
            .map(|served| Arc::clone(&served.model))
    }

    /// Nodes that offer `model` and get no requests since they have failed.
    pub(crate) fn held_off(&self, model: &ModelId) -> usize {
        let now = self.shared.clock.now();
        let presence = self.shared.presence.load();
        let links = presence.get(model).map_or(&[][..], |served| &served.links);
        let candidates = links.iter().map(|link| link.candidate(now));
        candidates
            .filter(|one| one.breaker_open || one.ejected)
            .count()
    }

    /// Whether anybody serves `model`, busy or not.
    pub(crate) fn serves(&self, model: &ModelId) -> bool {
        self.shared.presence.load().contains_key(model)
    }

    /// Takes a place at `provider`, at its least busy node; `None` when all are full, gone, or held off by their breakers.
    #[cfg(test)]
    pub(crate) fn connect(&self, provider: ProviderId, model: &ModelId) -> Option<super::Slot> {
        let presence = self.shared.presence.load();
        let links = &presence.get(model)?.links;
        let from = links.partition_point(|link| link.provider < provider);
        let own = links
            .get(from..)?
            .iter()
            .take_while(|link| link.provider == provider);
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|link| link.in_flight());
        own.into_iter()
            .find_map(|link| super::Slot::take(link, &self.shared.clock, Some(&self.shared.queue)))
    }

    /// The provider with this id or, when exactly one connected provider has it, this name (`X-Swan-Provider`).
    pub(crate) fn find(&self, id_or_name: &str) -> Option<ProviderId> {
        let roll = self.shared.roll.lock();
        match id_or_name.parse::<ProviderId>() {
            Ok(id) => (roll.nodes(id) > 0).then_some(id),
            Err(_) => {
                let mut ids = roll
                    .lines()
                    .filter(|line| &*line.name == id_or_name)
                    .map(|line| line.provider);
                let first = ids.next()?;
                ids.all(|id| id == first).then_some(first)
            }
        }
    }

    /// Tells every provider that the hub goes, and lets nobody new in. What has been admitted is still served.
    pub(crate) fn drain(&self) {
        self.shared.draining.store(true, Ordering::Release);
        for line in self.lines() {
            // A connection that has just closed needs no word.
            let _ = line.send(Command::Drain);
        }
    }

    /// Whether the hub is about to go.
    pub(crate) fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    /// Ends every connection.
    pub(crate) fn close(&self) {
        for line in self.lines() {
            // One that has just ended needs no word.
            let _ = line.send(Command::Close(Closing::Shutdown));
        }
    }

    /// Lets time take effect on what is known of each provider, and holds off those that fail far more often than the others
    /// of their model. A look at everybody: for a task that runs every few seconds.
    pub(super) fn judge(&self) {
        let presence = self.shared.presence.load_full();
        let models = presence
            .iter()
            .map(|(model, served)| (model, &*served.links));
        self.shared.outliers.sweep(models, self.shared.clock.now());
    }

    /// How long newcomers of `provider` are held because two machines fight over its identity.
    pub(super) fn held(&self, provider: ProviderId) -> Option<Duration> {
        self.shared
            .roll
            .lock()
            .held(provider, self.shared.clock.now())
    }

    /// Every connection that has registered.
    pub(crate) fn lines(&self) -> Vec<Arc<Line>> {
        self.shared.roll.lock().lines().cloned().collect()
    }

    /// Puts a newly registered connection on the roll, in the place of an older one of the same node.
    pub(super) fn join(&self, line: &Arc<Line>, offers: &[Offer]) -> Arrival {
        let now = self.shared.clock.now();
        let mut roll = self.shared.roll.lock();
        // Asked while the roll is held: a drain either sees this connection or is seen by it.
        if self.is_draining() {
            return Arrival::Draining;
        }
        let arrival = roll.arrive(line, now);
        if let Arrival::Held { .. } | Arrival::Crowded = arrival {
            return arrival;
        }
        self.place(&mut roll, line, offers);
        drop(roll);
        self.ring(offers);
        arrival
    }

    /// Replaces what a connection offers; counts of models that it keeps go on.
    pub(super) fn update(&self, line: &Arc<Line>, offers: &[Offer]) {
        let mut roll = self.shared.roll.lock();
        if roll.is_current(line) {
            self.place(&mut roll, line, offers);
            drop(roll);
            self.ring(offers);
        }
    }

    /// Tells those who wait that there are places.
    fn ring(&self, offers: &[Offer]) {
        for offer in offers {
            self.shared.queue.more(&offer.model.id, offer.capacity);
        }
    }

    /// Takes a connection off the roll, unless another has its place already.
    pub(super) fn leave(&self, line: &Arc<Line>) {
        let mut roll = self.shared.roll.lock();
        if let Some(links) = roll.remove(line) {
            self.publish(&links, &[], &[]);
        }
    }

    /// The provider behind `line` wants nothing new.
    pub(super) fn set_draining(&self, line: &Arc<Line>) {
        for link in self.shared.roll.lock().links(line) {
            link.set_draining();
        }
    }

    /// The provider behind `line` says how its models are, by its own names.
    pub(super) fn set_health(&self, line: &Arc<Line>, health: &[(String, Health)]) {
        let roll = self.shared.roll.lock();
        for (name, health) in health {
            for link in roll
                .links(line)
                .iter()
                .filter(|link| *link.upstream == **name)
            {
                link.set_unhealthy(matches!(health, Health::Unhealthy));
                self.shared.queue.more(&link.model, link.capacity());
            }
        }
    }

    /// Describes what is served as `policy` does, of the kind that was declared; a model that it does not allow is served no longer.
    pub(super) fn classify_anew(&self, policy: &Policy) {
        let _roll = self.shared.roll.lock();
        let presence = self.shared.presence.load();
        let known = presence.iter().filter_map(|(id, served)| {
            let model = policy.classify_as(id.as_str(), Some(served.model.modality));
            let served = Served::new(Arc::new(model.ok()?), served.links.clone());
            Some((id.clone(), Arc::new(served)))
        });
        self.shared.presence.store(Arc::new(known.collect()));
    }

    fn place(&self, roll: &mut Roll, line: &Arc<Line>, offers: &[Offer]) {
        let now = self.shared.clock.now();
        let old = roll.links(line).to_vec();
        let mut new: Vec<Arc<Link>> = Vec::with_capacity(offers.len());
        for offer in offers {
            if new.iter().any(|link| link.model == offer.model.id) {
                continue;
            }
            let kept = old.iter().find(|link| {
                link.model == offer.model.id
                    && link.upstream == offer.upstream
                    && link.declared == offer.declared
                    && matches!(&link.way, Way::Line(own) if Arc::ptr_eq(own, line))
            });
            new.push(match kept {
                Some(link) => {
                    link.set_capacity(offer.capacity);
                    Arc::clone(link)
                }
                None => Arc::new(Link::new(
                    (line.provider, Arc::clone(&line.name)),
                    (
                        offer.model.id.clone(),
                        Arc::clone(&offer.upstream),
                        offer.declared.clone(),
                    ),
                    Way::Line(Arc::clone(line)),
                    roll.vitals(line.provider, &offer.model.id, now),
                    offer.capacity,
                )),
            });
        }
        let kept = |(old, new): (&Arc<Link>, &Arc<Link>)| Arc::ptr_eq(old, new);
        // Many registrations only repeat the last one.
        if old.len() != new.len() || !old.iter().zip(&new).all(kept) {
            self.publish(&old, &new, offers);
        }
        roll.put(line, new);
    }

    /// Replaces the links `old` by `new` in the snapshot. The caller holds the roll.
    fn publish(&self, old: &[Arc<Link>], new: &[Arc<Link>], offers: &[Offer]) {
        let mut presence = Presence::clone(&self.shared.presence.load());
        let mut models: Vec<&ModelId> = old.iter().chain(new).map(|link| &link.model).collect();
        models.sort_unstable();
        models.dedup();
        for id in models {
            let gone: Vec<_> = old.iter().filter(|link| link.model == *id).collect();
            let there = presence.get(id).map_or(&[][..], |served| &served.links);
            let mut links: Vec<Arc<Link>> = there
                .iter()
                .filter(|link| !gone.iter().any(|gone| Arc::ptr_eq(gone, link)))
                .cloned()
                .collect();
            links.extend(new.iter().filter(|link| link.model == *id).cloned());
            links.sort_by_key(|link| link.provider);
            let known = presence.get(id).map(|served| &served.model);
            let offered = offers
                .iter()
                .map(|offer| &offer.model)
                .find(|model| model.id == *id);
            match known.or(offered).cloned() {
                Some(model) if !links.is_empty() => {
                    let served = Served::new(model, links.into());
                    presence.insert(id.clone(), Arc::new(served));
                }
                _ => {
                    presence.remove(id);
                }
            }
        }
        self.shared.presence.store(Arc::new(presence));
    }
}

fn parameters(links: &[Arc<Link>]) -> Vec<&'static str> {
    let declared = links
        .iter()
        .filter_map(|link| link.declared.parameters.as_ref());
    let mut names: Vec<_> = declared.flatten().copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}
