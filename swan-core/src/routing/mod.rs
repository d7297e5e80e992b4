//! Which provider gets a request.
//!
//! First **eligibility**, what the request needs and the consumer asks for ([`RouteRequest`], [`RoutePreferences`]); then the
//! **choice** among those that are left, by a [`RoutingStrategy`]. Neither copies the candidates: they are read in place
//! through [`Candidates`], and a [`Pool`] shows a strategy only those that may serve. [`route()`] does both, [`explain`] also
//! says why.
//!
//! Sources: Seed 001, "Health Monitoring" (round-robin, least-connections, health-aware) and "Slashing Conditions"
//! (de-prioritised); public record 3.9 (recent health, load against capacity, latency; a small share of probe traffic for the
//! degraded; admission by estimated prompt tokens).

mod affinity;
mod candidate;
mod cost;
mod decision;
mod eligibility;
mod least_connections;
mod offer;
mod pool;
mod preferences;
mod ranked;
mod reason;
mod round_robin;
mod route;
mod rules;
mod section;
#[cfg(test)]
mod tests;
mod two_choices;

pub use affinity::{AffinityKey, PrefixAffinity, Ring};
pub use candidate::{Candidate, Candidates, Load};
pub use decision::{Decision, explain, explain_stages};
pub use eligibility::RouteRequest;
pub use least_connections::LeastConnections;
pub use offer::{DataPolicy, Offer, Precision};
pub use pool::{Drawn, Pool};
pub use preferences::{MaxPrice, Name, PreferenceError, RoutePreferences, SortBy};
pub use ranked::Ranked;
pub use reason::{NoRoute, Reason};
pub use round_robin::RoundRobin;
pub use route::{Route, Stage, Via, route, route_in_stages};
pub use rules::{RoutingRules, StrategyName};
pub(crate) use section::RoutingSection;
pub use two_choices::TwoChoices;

use std::fmt;

use crate::Rng;

/// The rule that picks a provider. It is asked for every attempt, so it takes no lock and allocates nothing.
///
/// # Contract
///
/// The answer is the position of a candidate that the pool shows ([`Pool::get`]); `None` only when it shows nobody.
/// [`route()`] does not trust this: it puts a drawn candidate in the place of one that may not serve.
///
/// ```
/// use swan_core::routing::{Pool, RoutingStrategy};
/// use swan_core::Rng;
///
/// #[derive(Debug)]
/// struct LargestFirst;
///
/// impl RoutingStrategy for LargestFirst {
///     fn choose(&self, pool: &Pool<'_>, _rng: &mut dyn Rng) -> Option<usize> {
///         pool.usable().max_by_key(|(_, candidate)| candidate.capacity).map(|(position, _)| position)
///     }
/// }
/// ```
pub trait RoutingStrategy: fmt::Debug + Send + Sync {
    /// The position of the chosen candidate.
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize>;

    /// Whether it goes by [`RouteRequest::affinity`], so that a shell may look for one in the conversation itself.
    fn keeps_together(&self) -> bool {
        false
    }

    /// What traces call it.
    fn name(&self) -> &'static str {
        "custom"
    }
}

const _: fn(&dyn RoutingStrategy) = |_| {};
