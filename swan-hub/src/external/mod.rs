//! Configured OpenAI-compatible servers, used when no provider can serve.

mod config;
pub(crate) mod connect;
mod endpoint;
mod exchange;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use swan_core::health::HealthRules;
use swan_core::routing::{Reason, RouteRequest};
use swan_core::{Clock, ModelId, ModelPrice};

pub use config::ExternalConfig;
pub(crate) use endpoint::Endpoint;
pub use endpoint::ExternalError;
pub(crate) use exchange::Exchange;

use crate::providers::{AttemptError, Declared, Link, Slot, Vitals, Way};

/// A configured endpoint as the stages see it: slots and replies like those of providers.
#[derive(Debug)]
pub(crate) struct ExternalEndpoint {
    endpoint: Arc<Endpoint>,
    links: ArcSwap<BTreeMap<ModelId, Arc<Link>>>,
    clock: Arc<dyn Clock>,
    rules: Arc<HealthRules>,
    capacity: u32,
    fixed: bool,
}

impl ExternalEndpoint {
    /// The endpoint that `config` describes, judged by `rules`. Nothing is sent before the first request or [`ExternalEndpoint::discover`].
    ///
    /// # Errors
    /// [`ExternalError`] names what is wrong with the configuration.
    pub(crate) fn new(
        config: &ExternalConfig,
        clock: Arc<dyn Clock>,
        rules: Arc<HealthRules>,
    ) -> Result<Self, ExternalError> {
        let external = Self {
            endpoint: Arc::new(Endpoint::new(config)?),
            links: ArcSwap::default(),
            clock,
            rules,
            capacity: config.capacity.max(1),
            fixed: !config.models.is_empty(),
        };
        let mut links = BTreeMap::new();
        for (model, upstream) in &config.models {
            let model: ModelId = model.parse().map_err(|_| ExternalError::Model {
                name: config.name.clone(),
                model: model.clone(),
            })?;
            links.insert(model.clone(), external.link(model, upstream));
        }
        external.links.store(Arc::new(links));
        Ok(external)
    }

    /// The configured name.
    pub(crate) fn name(&self) -> &Arc<str> {
        self.endpoint.name()
    }

    /// The models it serves, by the hub's names.
    pub(crate) fn models(&self) -> Vec<ModelId> {
        self.links.load().keys().cloned().collect()
    }

    /// Whether it serves `model`.
    pub(crate) fn serves(&self, model: &ModelId) -> bool {
        self.links.load().contains_key(model)
    }

    /// Takes a place for one request; `None` when it is full, held off by its breaker, or does not serve the model.
    pub(crate) fn connect(&self, model: &ModelId) -> Option<Slot> {
        let links = self.links.load();
        Slot::take(links.get(model)?, &self.clock)
    }

    /// As [`ExternalEndpoint::connect`], unless it may not serve `request`; `price` is the model's.
    pub(crate) fn connect_for(
        &self,
        model: &ModelId,
        request: &RouteRequest<'_>,
        price: Option<ModelPrice>,
    ) -> Option<Slot> {
        match self.objection(model, request, price) {
            Some(_) => None,
            None => self.connect(model),
        }
    }

    /// Why it may not serve `request`, however idle it is.
    pub(crate) fn objection(
        &self,
        model: &ModelId,
        request: &RouteRequest<'_>,
        price: Option<ModelPrice>,
    ) -> Option<Reason> {
        let links = self.links.load();
        let link = links.get(model)?;
        request.ineligible(&link.candidate(self.clock.now()), &link.offer(price))
    }

    /// Asks the endpoint for its models unless they were configured, and keeps those to which `canonical` gives a name.
    ///
    /// # Errors
    /// When the endpoint does not answer; what was known before stays.
    pub(crate) async fn discover(
        &self,
        canonical: impl Fn(&str) -> Option<ModelId>,
    ) -> Result<(), AttemptError> {
        if self.fixed {
            return Ok(());
        }
        let listed = self.endpoint.discover().await?;
        let known = self.links.load();
        let mut links = BTreeMap::new();
        for upstream in listed {
            let Some(model) = canonical(&upstream) else {
                continue;
            };
            let link = match known.get(&model) {
                Some(link) if *link.upstream == *upstream => Arc::clone(link),
                _ => self.link(model.clone(), &upstream),
            };
            links.entry(model).or_insert(link);
        }
        self.links.store(Arc::new(links));
        Ok(())
    }

    fn link(&self, model: ModelId, upstream: &str) -> Arc<Link> {
        Arc::new(Link::new(
            (self.endpoint.provider(), Arc::clone(self.endpoint.name())),
            (model, upstream.into(), Declared::default()),
            Way::Endpoint(Arc::clone(&self.endpoint)),
            Arc::new(Vitals::new(Arc::clone(&self.rules))),
            self.capacity,
        ))
    }
}
