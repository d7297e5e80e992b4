//! Who serves the request. After the hold, so that nobody's capacity is taken by a request that cannot be paid.

use std::sync::Arc;

use swan_core::routing::{
    Candidates, Decision, NoRoute, Offer, RouteRequest, RoutingStrategy, explain_stages,
    route_in_stages,
};
use swan_core::{Candidate, ModelId, ModelPrice, ProviderId};

use super::line_up::LineUp;
use super::parse::Asked;
use crate::admission::RETRY_MAX_SECS;
use crate::external::Tier;
use crate::hub::Shared;
use crate::providers::{Nodes, Slot};

/// Why nobody serves the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RouteError {
    #[error("no provider serves {model} at the moment")]
    NoProvider { model: ModelId },
    #[error("every provider of {model} is full or failing at the moment")]
    Saturated {
        model: ModelId,
        /// When trying again may help, where all have asked to be left alone for a while.
        retry_after_secs: Option<u64>,
    },
    /// It has waited for a place in vain, or too many wait already.
    #[error("every provider of {model} is full at the moment; try again in {retry_after_secs} s")]
    Full {
        model: ModelId,
        retry_after_secs: u64,
    },
    #[error("the provider {provider:?} cannot serve {model} now, and fallbacks are not allowed")]
    NoFallback { provider: String, model: ModelId },
    #[error("nobody who serves {model} may serve this request: {why}")]
    NoneEligible { model: ModelId, why: NoRoute },
    // OpenAI's words, since programs look for them.
    #[error(
        "This model's maximum context length is {window} tokens. However, you requested about {} tokens ({prompt} in the messages, {answer} in the completion). Please reduce the length of the messages or completion.",
        .prompt.saturating_add(*.answer)
    )]
    ContextLength {
        window: u64,
        prompt: u64,
        answer: u64,
    },
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

/// Candidates that a trace names at most.
const TRACED: usize = 8;

/// Chooses who serves one request, and remembers who has tried.
#[derive(Debug)]
pub(crate) struct Router<'a> {
    hub: &'a Shared,
    model: &'a ModelId,
    pin: Option<&'a str>,
    allow_fallbacks: bool,
    /// What the request needs and asks for; pin, parameters and who has tried are put in at each choice.
    wants: RouteRequest<'a>,
    parameters: Vec<&'a str>,
    strategy: &'a dyn RoutingStrategy,
    /// The hub's own endpoints for the model, in the order in which they are asked.
    tiers: Option<Arc<[Tier]>>,
    tried: Vec<ProviderId>,
    pin_tried: bool,
    /// Whether to say why, and the last decision.
    is_traced: bool,
    trace: Option<Box<Decision>>,
    pub(crate) fallback: Option<FallbackReason>,
}

impl<'a> Router<'a> {
    /// For `request`, each of whose choices may have `per_choice` tokens at most.
    pub(crate) fn new(
        hub: &'a Shared,
        model: &'a ModelId,
        request: &'a Asked,
        per_choice: u64,
    ) -> Self {
        // Without a limit of its own the request takes what room there is.
        let asked = request.head.max_output_tokens();
        let strategy = hub.strategies.of(model, request.head.names_session);
        // What costs a look at the messages is looked for only where it is used.
        let beginning = || match strategy.keeps_together() {
            true => request.head.beginning(&request.body),
            false => None,
        };
        let wants = RouteRequest {
            prompt_tokens: hub.policy.metering().estimate(request.text_bytes_each()),
            answer_tokens: asked.map_or(0, |asked| asked.min(per_choice)),
            preferences: request.preferences.as_deref(),
            affinity: request.head.affinity.or_else(beginning),
            operation: Some(&request.operation),
            ..RouteRequest::default()
        };
        Self {
            hub,
            model,
            pin: request.pin.as_deref(),
            allow_fallbacks: request.allow_fallbacks,
            wants,
            parameters: request.parameters.iter().map(String::as_str).collect(),
            tiers: hub.external.of(model),
            strategy,
            tried: Vec::new(),
            pin_tried: false,
            is_traced: request.trace,
            trace: None,
            fallback: None,
        }
    }

    /// What is asked for.
    pub(crate) const fn model(&self) -> &'a ModelId {
        self.model
    }

    /// The last decision, if the consumer wants to know, as JSON of visible ASCII: at most some 2 kB.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        serde_json::to_string(&*self.trace.take()?).ok()
    }

    /// Whether another may be tried after a failure: without fallbacks only those of an order, one after the other.
    pub(crate) fn may_retry(&self) -> bool {
        let ordered = |wants: &RouteRequest<'_>| {
            wants
                .preferences
                .is_some_and(|wishes| !wishes.order().is_empty())
        };
        self.allow_fallbacks || self.pin.is_none() && ordered(&self.wants)
    }

    /// Whether somebody is left who could be asked after the one that was chosen last.
    pub(crate) fn has_others(&self) -> bool {
        self.tiers.is_some() || self.hub.registry.candidates(self.model).len() > self.tried.len()
    }

    /// Takes a place at an endpoint of the hub, after as many providers as are worth trying.
    pub(crate) fn last_resort(&mut self) -> Option<Slot> {
        self.tiers.as_ref()?;
        let slot = self.choose(None, None).ok()?;
        self.tried.push(slot.provider());
        Some(slot)
    }

    /// Takes a place at the next provider, or at an endpoint of the hub where its turn has come.
    pub(crate) fn next(&mut self) -> Result<Slot, RouteError> {
        let nodes = self.hub.registry.candidates(self.model);
        if let Some(pin) = self.pin
            && !self.pin_tried
        {
            if let Some(slot) = self.pinned(pin, &nodes) {
                self.pin_tried = true;
                self.fallback = None;
                self.tried.push(slot.provider());
                return Ok(slot);
            }
            if !self.allow_fallbacks {
                return Err(self.without(pin));
            }
            self.fallback = Some(FallbackReason::Unavailable);
        }
        match self.choose(Some(&nodes), None) {
            Ok(slot) => {
                self.tried.push(slot.provider());
                Ok(slot)
            }
            Err(why) => Err(self.explained(why, &nodes)),
        }
    }

    /// Notes that the last slot failed, which names the reason when the pinned provider is left.
    pub(crate) fn failed(&mut self) {
        if self.pin.is_some() && self.fallback.is_none() {
            self.fallback = Some(FallbackReason::Failed);
        }
    }

    fn request(&self, pin: Option<ProviderId>) -> RouteRequest<'_> {
        RouteRequest {
            pin,
            parameters: &self.parameters,
            tried: &self.tried,
            ..self.wants
        }
    }

    /// Chooses among providers and endpoints, or among endpoints alone.
    fn choose(&mut self, nodes: Option<&Nodes>, pin: Option<ProviderId>) -> Result<Slot, NoRoute> {
        let hub = self.hub;
        let mut rng = hub.rng();
        let rules = hub.policy.routing();
        let tried = self.tried.len();
        let tiers = self.tiers.clone();
        let asked = LineUp::new(hub, tiers.as_deref(), nodes, &self.wants, self.price());
        let stages = asked.stages(self.strategy);
        let slot = loop {
            let request = self.request(pin);
            let (decided, trace) = if self.is_traced {
                let decision = explain_stages(&stages, &request, rules, &mut rng, TRACED);
                let nobody = decision.nobody.unwrap_or(NoRoute::Nobody);
                let decided = decision.position.map(|position| (decision.stage, position));
                (decided.ok_or(nobody), Some(Box::new(decision)))
            } else {
                let route = route_in_stages(&stages, &request, rules, &mut rng);
                (route.map(|route| (route.stage, route.position)), None)
            };
            self.trace = trace.or(self.trace.take());
            let (stage, position) = match decided {
                Ok(decided) => decided,
                Err(why) => break Err(why),
            };
            let chosen = stages.get(stage).map(|stage| stage.candidates);
            let Some(chosen) = chosen.and_then(|candidates| candidates.candidate(position)) else {
                break Err(NoRoute::Nobody);
            };
            if let Some(slot) = asked.take(stage, position, &self.request(pin)) {
                break Ok(slot);
            }
            // It filled up or went away since it was looked at: passed over now, and not tried.
            self.tried.push(chosen.provider);
        };
        self.tried.truncate(tried);
        slot
    }

    /// Whether somebody who may serve the request is only full: his place becomes free, and nobody else is failing.
    pub(crate) fn is_full(&self) -> bool {
        let request = self.request(self.only());
        self.exists(|candidate, offer| {
            let idle = Candidate {
                in_flight: 0,
                ..*candidate
            };
            idle.is_usable() && request.ineligible(candidate, offer).is_none()
        })
    }

    /// Whether anybody has a place, be it for other requests than this one.
    pub(crate) fn has_room(&self) -> bool {
        self.exists(|candidate, _| candidate.is_usable())
    }

    /// Whether there is such a provider or endpoint.
    fn exists(&self, is: impl Fn(&Candidate, &Offer<'_>) -> bool) -> bool {
        let nodes = self.hub.registry.candidates(self.model);
        let tiers = self.tiers.as_deref();
        let asked = LineUp::new(self.hub, tiers, Some(&nodes), &self.wants, self.price());
        asked.stages(self.strategy).iter().any(|stage| {
            let all = stage.candidates;
            (0..all.len()).any(|position| {
                let candidate = all.candidate(position);
                candidate.is_some_and(|candidate| is(&candidate, &all.offer(position)))
            })
        })
    }

    /// In how many seconds somebody takes requests again, where all who could serve this one have asked to be left alone.
    pub(crate) fn rests_secs(&self) -> Option<u64> {
        let nodes = self.hub.registry.candidates(self.model);
        let tiers = self.tiers.as_deref();
        let asked = LineUp::new(self.hub, tiers, Some(&nodes), &self.wants, self.price());
        let others = RouteRequest {
            tried: &[],
            ..self.request(self.only())
        };
        let rest = asked.rests(&others)?;
        let secs = rest.as_millis().div_ceil(1_000);
        Some(
            u64::try_from(secs)
                .unwrap_or(RETRY_MAX_SECS)
                .clamp(1, RETRY_MAX_SECS),
        )
    }

    /// Who alone counts, where fallbacks are not allowed.
    fn only(&self) -> Option<ProviderId> {
        if self.may_retry() {
            return None;
        }
        match self.pin {
            Some(pin) if !self.pin_tried => self.named(pin),
            _ => self.tried.last().copied(),
        }
    }

    fn named(&self, pin: &str) -> Option<ProviderId> {
        let endpoint = || Some(self.hub.external.find(pin)?.provider());
        self.hub.registry.find(pin).or_else(endpoint)
    }

    fn pinned(&mut self, pin: &str, nodes: &Nodes) -> Option<Slot> {
        let provider = self.named(pin)?;
        self.choose(Some(nodes), Some(provider)).ok()
    }

    /// Why the one that is asked for does not serve, and nobody else may: it has no place, rests, or cannot.
    fn without(&self, pin: &str) -> RouteError {
        let model = self.model.clone();
        let retry_after_secs = self.named(pin).and_then(|_| self.rests_secs());
        if retry_after_secs.is_some() || self.named(pin).is_some() && self.is_full() {
            return RouteError::Saturated {
                model,
                retry_after_secs,
            };
        }
        RouteError::NoFallback {
            provider: pin.to_owned(),
            model,
        }
    }

    /// What the model costs at an endpoint that has no price of its own, which only wishes ask for.
    fn price(&self) -> Option<ModelPrice> {
        self.wants.preferences?;
        self.tiers.as_ref()?;
        let listed = self.hub.policy.model(self.model.as_str());
        let price = listed.map(|model| model.price);
        price.or_else(|| Some(self.hub.external.model(self.model)?.price))
    }

    /// Why neither a provider nor an endpoint of the hub serves.
    fn explained(&self, why: NoRoute, nodes: &Nodes) -> RouteError {
        let model = self.model.clone();
        match why {
            NoRoute::Nobody => RouteError::NoProvider { model },
            NoRoute::NoneEligible { .. } => match self.longest_window(nodes) {
                Some(window) => RouteError::ContextLength {
                    window,
                    prompt: self.wants.prompt_tokens,
                    answer: self.wants.answer_tokens,
                },
                None => RouteError::NoneEligible { model, why },
            },
            _ => RouteError::Saturated {
                model,
                retry_after_secs: self.rests_secs(),
            },
        }
    }

    /// The longest window of all, if every node has declared one and none can hold the request.
    fn longest_window(&self, nodes: &Nodes) -> Option<u64> {
        let RouteRequest {
            prompt_tokens,
            answer_tokens,
            ..
        } = self.wants;
        // Endpoints declare none, so one of them may have room.
        if self.tiers.is_some() || nodes.is_empty() {
            return None;
        }
        let needed = prompt_tokens.saturating_add(answer_tokens);
        let mut windows = (0..nodes.len()).map(|position| {
            let window = nodes.offer(position).context_tokens?;
            (window < needed).then_some(window)
        });
        windows.try_fold(0, |longest, window| Some(window?.max(longest)))
    }
}
