//! The list of connected nodes, and what is remembered about those that come too often.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use swan_core::health::HealthRules;
use swan_core::{ModelId, ProviderId, Timestamp};

use super::line::Line;
use super::link::Link;
use super::vitals::Vitals;

/// Within this time a node may push its own older connection out [`MAX_REPLACEMENTS`] times.
const FLAP_WINDOW: Duration = Duration::from_secs(60);

/// Beyond it, two machines are taken to share one identity (public-swan.md 1.6, "same node_id twice").
const MAX_REPLACEMENTS: u32 = 3;

/// Nodes that one provider may have connected at once.
pub(crate) const MAX_NODES: usize = 64;

/// Nodes whose arrivals are remembered, before those outside the window are forgotten.
const MAX_REMEMBERED: usize = 4_096;

/// Vitals that are kept, before those of absent providers are forgotten.
const MAX_VITALS: usize = 65_536;

/// What became of a connection that registered.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// It is the first of its node.
    New,
    /// It has the place of this older connection, which must now be closed.
    Replaced(Arc<Line>),
    /// The hub is about to go.
    Draining,
    /// The provider has as many nodes connected as one key may have.
    Crowded,
    /// It must wait: its node changes connections so often that two machines must be fighting over it.
    Held {
        /// The connection that stays.
        incumbent: Arc<Line>,
        /// Until when newcomers are refused.
        retry_after: Duration,
    },
}

/// A key may be used by several nodes; one node has one connection.
type NodeKey = (ProviderId, Arc<str>);

/// Who is connected. Guarded by the registry's lock.
#[derive(Debug)]
pub(crate) struct Roll {
    members: BTreeMap<NodeKey, Member>,
    arrivals: HashMap<NodeKey, Arrivals>,
    vitals: HashMap<(ProviderId, ModelId), Arc<Vitals>>,
    rules: Arc<HealthRules>,
}

#[derive(Debug)]
struct Member {
    line: Arc<Line>,
    links: Vec<Arc<Link>>,
}

#[derive(Debug, Clone, Copy)]
struct Arrivals {
    since: Timestamp,
    replacements: u32,
}

impl Roll {
    /// Nobody is connected; providers are judged by `rules`.
    pub(crate) fn new(rules: Arc<HealthRules>) -> Self {
        Self {
            members: BTreeMap::new(),
            arrivals: HashMap::new(),
            vitals: HashMap::new(),
            rules,
        }
    }

    /// Every connection.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        self.members.values().map(|member| &member.line)
    }

    /// How many nodes of `provider` are connected.
    pub(crate) fn nodes(&self, provider: ProviderId) -> usize {
        let first: NodeKey = (provider, Arc::from(""));
        let from = self.members.range(first..);
        from.take_while(|((owner, _), _)| *owner == provider)
            .count()
    }

    /// Decides whether `line` may take the place of its node.
    pub(crate) fn arrive(&mut self, line: &Arc<Line>, now: Timestamp) -> Arrival {
        let key = key_of(line);
        let Some(incumbent) = self
            .members
            .get(&key)
            .map(|member| Arc::clone(&member.line))
        else {
            let crowded = self.nodes(line.provider) >= MAX_NODES;
            return if crowded {
                Arrival::Crowded
            } else {
                Arrival::New
            };
        };
        if self.arrivals.len() >= MAX_REMEMBERED {
            self.arrivals
                .retain(|_, arrivals| now.since(arrivals.since) < FLAP_WINDOW);
        }
        let fresh = Arrivals {
            since: now,
            replacements: 0,
        };
        let arrivals = self.arrivals.entry(key).or_insert(fresh);
        if now.since(arrivals.since) >= FLAP_WINDOW {
            *arrivals = fresh;
        }
        // A connection that is already known to be dead is no sign of a second machine.
        if incumbent.is_closed() {
            return Arrival::Replaced(incumbent);
        }
        if arrivals.replacements >= MAX_REPLACEMENTS {
            let retry_after = FLAP_WINDOW.saturating_sub(now.since(arrivals.since));
            return Arrival::Held {
                incumbent,
                retry_after,
            };
        }
        arrivals.replacements += 1;
        Arrival::Replaced(incumbent)
    }

    /// How long newcomers of `provider` are held, while that is so for any of its nodes.
    pub(crate) fn held(&self, provider: ProviderId, now: Timestamp) -> Option<Duration> {
        let of_provider = self
            .arrivals
            .iter()
            .filter(|((owner, _), _)| *owner == provider);
        of_provider
            .filter(|(key, arrivals)| {
                arrivals.replacements >= MAX_REPLACEMENTS && self.members.contains_key(*key)
            })
            .map(|(_, arrivals)| FLAP_WINDOW.saturating_sub(now.since(arrivals.since)))
            .find(|wait| !wait.is_zero())
    }

    /// Whether `line` has the place of its node.
    pub(crate) fn is_current(&self, line: &Arc<Line>) -> bool {
        self.members
            .get(&key_of(line))
            .is_some_and(|member| Arc::ptr_eq(&member.line, line))
    }

    /// The links that the node of `line` has in the snapshot now.
    pub(crate) fn links(&self, line: &Arc<Line>) -> &[Arc<Link>] {
        self.members
            .get(&key_of(line))
            .map_or(&[], |member| &member.links)
    }

    /// Gives `line` the place of its node, with these links.
    pub(crate) fn put(&mut self, line: &Arc<Line>, links: Vec<Arc<Link>>) {
        self.members.insert(
            key_of(line),
            Member {
                line: Arc::clone(line),
                links,
            },
        );
    }

    /// Takes `line` off, if it still has the place of its node, and hands its links back.
    pub(crate) fn remove(&mut self, line: &Arc<Line>) -> Option<Vec<Arc<Link>>> {
        if !self.is_current(line) {
            return None;
        }
        self.members
            .remove(&key_of(line))
            .map(|member| member.links)
    }

    /// How `provider` has been doing with `model`, which it now serves at one more node.
    pub(crate) fn vitals(
        &mut self,
        provider: ProviderId,
        model: &ModelId,
        now: Timestamp,
    ) -> Arc<Vitals> {
        if self.vitals.len() >= MAX_VITALS {
            self.vitals
                .retain(|_, vitals| Arc::strong_count(vitals) > 1);
        }
        let rules = &self.rules;
        let vitals = self
            .vitals
            .entry((provider, model.clone()))
            .or_insert_with(|| Arc::new(Vitals::new(Arc::clone(rules))));
        // Nobody but this list knew it: no other node of the provider is here.
        if Arc::strong_count(vitals) == 1 {
            vitals.came_back(now);
        }
        Arc::clone(vitals)
    }
}

fn key_of(line: &Line) -> NodeKey {
    (line.provider, Arc::clone(&line.node))
}
