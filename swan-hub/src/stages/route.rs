//! Who serves the request. After the hold, so that nobody's capacity is taken by a request that cannot be paid.

use swan_core::routing::{Candidates as _, RouteRequest, route};
use swan_core::{ModelId, ProviderId};

use super::parse::ChatRequest;
use crate::hub::Shared;
use crate::providers::{Nodes, Slot};

/// Why nobody serves the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RouteError {
    #[error("no provider serves {model} at the moment")]
    NoProvider { model: ModelId },
    #[error("every provider of {model} is full or failing at the moment")]
    Saturated { model: ModelId },
    #[error("the provider {provider:?} cannot serve {model} now, and fallbacks are not allowed")]
    NoFallback { provider: String, model: ModelId },
}

/// Why another provider serves than the one that was asked for; the header `X-Swan-Fallback-Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FallbackReason {
    Unavailable,
    Failed,
}

impl FallbackReason {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "requested_provider_unavailable",
            Self::Failed => "requested_provider_failed",
        }
    }
}

/// Chooses who serves one request, and remembers who has tried.
#[derive(Debug)]
pub(crate) struct Router<'a> {
    hub: &'a Shared,
    model: &'a ModelId,
    pin: Option<&'a str>,
    allow_fallbacks: bool,
    tried: Vec<ProviderId>,
    pin_tried: bool,
    pub(crate) fallback: Option<FallbackReason>,
}

impl<'a> Router<'a> {
    pub(crate) fn new(hub: &'a Shared, model: &'a ModelId, request: &'a ChatRequest) -> Self {
        Self {
            hub,
            model,
            pin: request.pin.as_deref(),
            allow_fallbacks: request.allow_fallbacks,
            tried: Vec::new(),
            pin_tried: false,
            fallback: None,
        }
    }

    /// Takes a place at an endpoint of the hub, after as many providers as are worth trying.
    pub(crate) fn last_resort(&self) -> Option<Slot> {
        self.endpoint()
    }

    /// Takes a place at the next provider, or at an endpoint of the hub when no provider is left.
    pub(crate) fn next(&mut self) -> Result<Slot, RouteError> {
        if let Some(pin) = self.pin
            && !self.pin_tried
        {
            self.pin_tried = true;
            if let Some(slot) = self.pinned(pin) {
                self.tried.push(slot.provider());
                return Ok(slot);
            }
            if !self.allow_fallbacks {
                return Err(RouteError::NoFallback {
                    provider: pin.to_owned(),
                    model: self.model.clone(),
                });
            }
            self.fallback = Some(FallbackReason::Unavailable);
        }
        let nodes = self.hub.registry.candidates(self.model);
        let slot = self.choose(&nodes).or_else(|| self.endpoint());
        match slot {
            Some(slot) => {
                self.tried.push(slot.provider());
                Ok(slot)
            }
            None if !nodes.is_empty() || self.any_endpoint() => Err(RouteError::Saturated {
                model: self.model.clone(),
            }),
            None => Err(RouteError::NoProvider {
                model: self.model.clone(),
            }),
        }
    }

    /// Notes that the last slot failed, which names the reason when the pinned provider is left.
    pub(crate) fn failed(&mut self) {
        if self.pin.is_some() && self.fallback.is_none() {
            self.fallback = Some(FallbackReason::Failed);
        }
    }

    fn choose(&mut self, nodes: &Nodes) -> Option<Slot> {
        let mut rng = self.hub.rng();
        let rules = self.hub.policy.routing();
        let tried = self.tried.len();
        let slot = loop {
            let request = RouteRequest {
                tried: &self.tried,
                ..RouteRequest::default()
            };
            let routed = route(&*self.hub.routing, nodes, &request, rules, &mut rng);
            let Some(chosen) = routed
                .ok()
                .and_then(|route| nodes.candidate(route.position))
            else {
                break None;
            };
            let connected = self.hub.registry.connect(chosen.provider, self.model);
            if connected.is_some() {
                break connected;
            }
            // It filled up or went away since it was looked at: passed over now, and not tried.
            self.tried.push(chosen.provider);
        };
        self.tried.truncate(tried);
        slot
    }

    fn pinned(&self, pin: &str) -> Option<Slot> {
        if let Some(provider) = self.hub.registry.find(pin) {
            return self.hub.registry.connect(provider, self.model);
        }
        let endpoint = self
            .hub
            .external
            .iter()
            .find(|endpoint| &**endpoint.name() == pin)?;
        endpoint.connect(self.model)
    }

    /// Whether an endpoint of the hub serves the model, busy or not.
    fn any_endpoint(&self) -> bool {
        let mut endpoints = self.hub.external.iter();
        endpoints.any(|endpoint| endpoint.serves(self.model))
    }

    fn endpoint(&self) -> Option<Slot> {
        self.hub
            .external
            .iter()
            .filter_map(|endpoint| endpoint.connect(self.model))
            .find(|slot| !self.tried.contains(&slot.provider()))
    }
}
